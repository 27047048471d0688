"""Decoder ``torchcodec``: the frames that ``pyav`` gives, decoded by torchcodec on the CPU or a GPU's NVDEC.

Which frames there are, when they are shown and what is wrong with a file is found as ``pyav`` finds it, and
torchcodec is given that list of frames in place of its own. Each frame's time is compared with the list as it comes.

It refuses what it would get wrong, by name, and never hands over to another decoder:
- files whose packets do not tell their frames (interlaced H.264, some avi files), and mirrored pictures;
- MPEG transport and program streams: FFmpeg knows them by what is in their middle, and torchcodec cannot keep
  it from taking the same bytes for a playlist of other files;
- the last frames of some H.264 files with open groups of pictures, past which torchcodec 0.13 seeks.

Damage over which FFmpeg paints is seen by ``probe`` alone; torchcodec does not say which frames have it.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from framewise._errors import UsageError
from framewise._plugins import suggest
from framewise.clips._clip import Clip, Decoder, Frames, check_indices
from framewise.clips._faults import ClipError
from framewise.clips.decoders._container import Video, opened
from framewise.clips.decoders._pixels import displayed_size, is_mirrored
from framewise.clips.decoders._sequential import read_frames
from framewise.clips.decoders._timeline import Timeline
from framewise.clips.decoders.pyav import PyAV, PyAVClip, outside

_DEVICES = ["cpu", "cuda"]
_ANYWHERE = ("mpegts", "mpeg")
_AT_ONCE = 8
"""Frames that are held at their full size."""


class TorchCodec(Decoder):
    """Frames by torchcodec. Scaling is torch's bicubic filter, which differs from FFmpeg's by a few levels.

    Args:
        device: ``cpu``, on one thread, or ``cuda``: decoding and scaling on the current GPU.

    Raises:
        UsageError: torchcodec or FFmpeg's libraries are not installed, or there is no such device.
    """

    def __init__(self, device: str = "cpu") -> None:
        if device not in _DEVICES:
            raise UsageError(f"torchcodec knows no device {device!r}: {suggest(device, _DEVICES)}")
        _check_loads()
        _check_device(device)
        self._device = device

    def probe(self, path: Path) -> Clip:
        """Decode the whole file as ``pyav`` does, for its faults; then the first and last frame by torchcodec."""
        found = PyAV().probe(path)
        if not found.ok:
            return found
        try:
            self.decode(path, sorted({0, found.num_frames - 1}))
        except ClipError as fault:
            return Clip(path=path.as_posix(), status=fault.status, reason=fault.reason)
        return found

    @contextmanager
    def open(self, path: Path) -> Iterator["TorchCodecClip"]:
        """Open a file; see ``Decoder.open``."""
        with opened(path) as video:
            yield TorchCodecClip(video, self._device)


class TorchCodecClip(PyAVClip):
    """An open file, whose times are those of ``pyav``; see ``OpenClip``."""

    def __init__(self, video: Video, device: str) -> None:
        super().__init__(video)
        self._device = device

    def decode(self, indices: Sequence[int], *, size: tuple[int, int] | None = None) -> Frames:
        """Frames by index; see ``OpenClip.decode``.

        Raises:
            ValueError: The indices are not strictly increasing, or there are none.
            IndexError: An index lies outside the clip.
            ClipError: A frame cannot be decoded, or torchcodec would give another.
        """
        wanted, timeline = check_indices(indices), self._checked_timeline
        if wanted[-1] >= len(timeline.shown):
            raise outside(wanted[-1], len(timeline.shown))
        # The first frame tells how all are turned; its faults are those of ``pyav``.
        with opened(self.video.path) as video:
            first = next(iter(read_frames(video))).frame
            height, width = displayed_size(first)
            if is_mirrored(first):
                raise ClipError(
                    "unreadable", "the picture is mirrored, which torchcodec cannot show: use pyav"
                )
        pixels = np.empty((len(wanted), *(size or (height, width)), 3), np.uint8)
        try:
            for row in range(0, len(wanted), _AT_ONCE):
                rows = slice(row, row + _AT_ONCE)
                pixels[rows] = self._batch(timeline, wanted[rows], size)
        except RuntimeError as error:
            raise ClipError("unreadable", f"torchcodec does not decode it: {_first_line(error)}") from error
        return Frames(pixels=pixels, times_seconds=timeline.seconds[wanted])

    @cached_property
    def _checked_timeline(self) -> Timeline:
        if self.video.container.format.name in _ANYWHERE:
            raise ClipError("unreadable", "torchcodec is not given MPEG streams: use pyav, or an mp4 file")
        if self.timeline is None:
            raise ClipError("unreadable", "its packets do not tell its frames, as torchcodec needs: use pyav")
        return self.timeline

    @cached_property
    def _decoder(self) -> Any:
        from torchcodec.decoders import VideoDecoder

        return VideoDecoder(
            self.video.path,
            stream_index=self.video.stream.index,
            dimension_order="NHWC",
            num_ffmpeg_threads=1,
            device=self._device,
            custom_frame_mappings=_mapping(self._checked_timeline),
        )

    def _batch(
        self, timeline: Timeline, indices: list[int], size: tuple[int, int] | None
    ) -> NDArray[np.uint8]:
        batch = self._decoder.get_frames_at(indices)
        unit = self.video.time_base
        found = np.rint(batch.pts_seconds.numpy() / float(unit)).astype(np.int64)
        if not np.array_equal(found, timeline.shown[indices]):
            raise ClipError("unreadable", "torchcodec gives other frames than asked for: use pyav")
        return _scaled(batch.data, size)


def _mapping(timeline: Timeline) -> str:
    """The frames that are shown, in the form that torchcodec takes."""
    keys = set(timeline.times[timeline.is_key].tolist())
    times = timeline.shown.tolist()
    lasts = np.diff(timeline.shown, append=timeline.shown[-1] + 1).tolist()
    frames = [
        {"pts": time, "duration": last, "key_frame": int(time in keys)}
        for time, last in zip(times, lasts, strict=True)
    ]
    return json.dumps({"frames": frames})


def _scaled(pixels: Any, size: tuple[int, int] | None) -> NDArray[np.uint8]:
    """Pixels [frames, height, width, 3] at the wanted size, as an array."""
    from torch.nn.functional import interpolate

    if size is not None and tuple(pixels.shape[1:3]) != size:
        planes = pixels.permute(0, 3, 1, 2)
        planes = planes.float() if planes.is_cuda else planes  # Only the CPU scales whole numbers.
        planes = interpolate(planes, size, mode="bicubic", antialias=True, align_corners=False)
        planes = planes.round().clamp(0, 255).byte() if planes.is_cuda else planes
        pixels = planes.permute(0, 2, 3, 1)
    array: NDArray[np.uint8] = pixels.cpu().numpy()
    return array


def _check_loads() -> None:
    from framewise.compat import prepare_torchvision

    prepare_torchvision()  # torchcodec imports torchvision where that is installed.
    try:
        import torchcodec  # noqa: F401
    except ModuleNotFoundError as error:
        if error.name != "torchcodec":
            raise
        raise UsageError(
            "the decoder torchcodec is not installed: pip install 'framewise[torchcodec]', "
            "and FFmpeg's libraries: apt-get install ffmpeg"
        ) from error
    except (ImportError, OSError, RuntimeError) as error:
        raise UsageError(
            f"torchcodec does not load ({_first_line(error)}): it needs FFmpeg's shared libraries, versions 4 to 8 "
            "(apt-get install ffmpeg), and the release made for this torch (pip install 'framewise[torchcodec]')"
        ) from error


def _check_device(device: str) -> None:
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        raise UsageError("torch finds no CUDA device here: use the decoder torchcodec, which is on the CPU")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
