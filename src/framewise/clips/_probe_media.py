"""What one medium really holds. Runs in a worker, where a hanging or crashing decoder harms nothing else."""

import errno
import stat
from dataclasses import replace
from functools import cache
from pathlib import Path

from framewise._errors import UsageError
from framewise.clips._clip import Clip, Decoder
from framewise.clips._container_end import needed_bytes
from framewise.clips._faults import ClipError
from framewise.clips._find_source import find_source
from framewise.clips._image import probe_image
from framewise.clips._image_sequence import ImageSequence
from framewise.clips._make_decoder import make_decoder
from framewise.records import Media

_MUCH_LONGER = 1.1
"""A header's duration beyond this times the real one is worth a note: rounding and dropped frames explain less."""


def probe_media(root: Path, decoder: str, allow_truncated: bool, media: Media) -> Clip:
    """The clip of a medium; a fault is its status, never an exception.

    Args:
        root: The media root.
        decoder: Name of the decoder for video files.
        allow_truncated: Whether a truncated video is ok with the frames before the damage.
        media: The medium.
    """
    try:
        clip = _probe(root, decoder, media)
    except ClipError as fault:
        return Clip(path=media.path, status=fault.status, reason=fault.reason)
    except UsageError as error:
        return Clip(path=media.path, status="unreadable", reason=str(error))
    clip = replace(clip, path=media.path)
    return _allowed(clip) if allow_truncated and clip.truncated and clip.num_frames else clip


def _probe(root: Path, decoder: str, media: Media) -> Clip:
    source = find_source(root, media)
    if isinstance(source, ImageSequence):
        return source.probe()
    size = _file_size(source)
    if media.kind == "image":
        return probe_image(source)
    return _with_claims(_decoder(decoder).probe(source), needed_bytes(source), size)


@cache
def _decoder(name: str) -> Decoder:
    return make_decoder(name)


def _file_size(path: Path) -> int:
    """Bytes of a file that can be opened: other things in its place may block whoever opens them."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        what = "it is a symbolic link to nothing" if path.is_symlink() else "the file does not exist"
        raise ClipError("missing", what) from error
    except OSError as error:
        circle = "symbolic links lead in a circle" if error.errno == errno.ELOOP else error.strerror
        raise ClipError("unreadable", f"the file does not open: {circle}") from error
    if not stat.S_ISREG(found.st_mode):
        raise ClipError("unreadable", "it is neither a file nor a folder of images")
    if found.st_size == 0:
        raise ClipError("empty", "the file has no bytes")
    return found.st_size


def _with_claims(clip: Clip, needed: int, size: int) -> Clip:
    """The clip next to what the file claims: all its bytes are there, and all frames of its header."""
    if needed > size and clip.status in ("ok", "empty", "no_video_stream", "unreadable"):
        return _cut_short(clip, f"the file has {size:,} of {needed:,} bytes")
    if clip.ok and clip.claimed_seconds > clip.duration_seconds * _MUCH_LONGER + 1.0:
        frames = f"{clip.claimed_frames} frames and " if clip.claimed_frames > clip.num_frames else ""
        found = f"{clip.num_frames} frames and {clip.duration_seconds:g} s"
        return replace(
            clip, reason=f"the header claims {frames}{clip.claimed_seconds:g} s; there are {found}"
        )
    return clip


def _cut_short(clip: Clip, found: str) -> Clip:
    """The clip without its last frame: decoders show the half that they have of it as if it were whole."""
    num_good = max(0, clip.num_frames - 1)
    return replace(
        clip,
        status="truncated",
        reason=f"{found}, {num_good} good frames: fetch it again",
        duration_seconds=round(clip.duration_seconds * num_good / clip.num_frames, 6) if num_good else 0.0,
        num_frames=num_good,
        truncated=True,
    )


def _allowed(clip: Clip) -> Clip:
    reason = f"truncated, used with its {clip.num_frames} good frames: {clip.reason}"
    return replace(clip, status="ok", reason=reason)
