"""The media of an item, read as frames."""

from pathlib import Path

from framewise.clips import Decoder, Frames, load_image, sample_clip
from framewise.evaluation._benchmark import Item
from framewise.records import Media, resolve_media


def read_media(
    item: Item, data_root: Path, *, decoder: Decoder, num_frames: int, multiple_of: int
) -> tuple[Frames, ...]:
    """Frames of every medium of ``item``, in order.

    Args:
        item: The question.
        data_root: Folder that the media paths are relative to.
        decoder: Reads the videos.
        num_frames: Frames wanted of each video; a clip that has fewer gives what it has.
        multiple_of: Number that the frames of a video are a multiple of.

    Raises:
        FramewiseError: A medium is missing, leaves the data root or cannot be decoded.
    """
    return tuple(_read(medium, data_root, decoder, num_frames, multiple_of) for medium in item.media)


def _read(medium: Media, data_root: Path, decoder: Decoder, num_frames: int, multiple_of: int) -> Frames:
    path = resolve_media(data_root, medium.path)
    if medium.kind == "image":
        return load_image(path)
    frames, _ = sample_clip(
        decoder,
        path,
        num_frames,
        multiple_of=multiple_of,
        start_seconds=medium.start_seconds,
        end_seconds=medium.end_seconds,
    )
    return frames
