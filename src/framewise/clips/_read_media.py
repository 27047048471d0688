"""One medium of a record as frames, whatever it is made of."""

from pathlib import Path

from framewise.clips._clip import Decoder, Frames
from framewise.clips._find_source import find_source
from framewise.clips._image import load_image
from framewise.clips._sample_clip import sample_clip
from framewise.records import Media, resolve_media


def read_media(
    root: Path,
    media: Media,
    decoder: Decoder,
    num_frames: int,
    *,
    multiple_of: int = 1,
    good_frames: int | None = None,
    place: float = 0.5,
) -> Frames:
    """An image as one frame, or the frames of a video that ``sample_clip`` chooses in the record's window.

    Args:
        root: The media root.
        media: The medium, its paths relative to the root.
        decoder: Reads video files.
        num_frames: Frames wanted of a video; see ``sample_clip`` for this and the next three.
        multiple_of: The number of frames is rounded down to a multiple of this.
        good_frames: Frames before the damage of a truncated video.
        place: Where in its segment each frame is taken.

    Raises:
        FramewiseError: The medium is missing, leaves the media root or cannot be decoded.
    """
    if media.kind == "image":
        return load_image(resolve_media(root, media.path))
    frames, _ = sample_clip(
        decoder,
        find_source(root, media),
        num_frames,
        multiple_of=multiple_of,
        start_seconds=media.start_seconds,
        end_seconds=media.end_seconds,
        good_frames=good_frames,
        place=place,
    )
    return frames
