"""What the pixels of a medium are read from."""

from pathlib import Path

from framewise.clips._faults import ClipError
from framewise.clips._image_sequence import ImageSequence
from framewise.clips._image_times import image_names, image_times
from framewise.records import Media, resolve_media

Source = Path | ImageSequence
"""A file, or images with times."""


def find_source(root: Path, media: Media) -> Source:
    """The file of a medium, which need not exist, or the images of a video that is made of them.

    Args:
        root: The media root.
        media: The medium, its paths relative to the root.

    Raises:
        UsageError: A path leaves the media root.
        ClipError: The images, or their times, cannot be those of a video.
    """
    if media.frames:
        return _sequence(media, [resolve_media(root, path) for path in media.frames])
    path = resolve_media(root, media.path)
    if media.kind == "video" and path.is_dir():
        names = image_names(path)
        if not names:
            raise ClipError("empty", "it is a folder without images that can be read")
        return _sequence(media, [resolve_media(root, f"{media.path}/{name}") for name in names])
    if media.has_times and path.exists():
        raise ClipError(
            "bad_times", "a video file has times of its own: 'fps' and 'times_seconds' are for images"
        )
    return path


def _sequence(media: Media, files: list[Path]) -> ImageSequence:
    times, last = image_times(media, files)
    return ImageSequence(files=tuple(files), times_seconds=tuple(times), last_seconds=last)
