"""The only place that joins choosing frames and decoding them."""

from framewise.clips._clip import Decoder, Frames
from framewise.clips._find_source import Source
from framewise.clips._image_sequence import ImageSequence
from framewise.clips._whole import check_whole
from framewise.clips.sampling import Sample, sample


def sample_clip(
    decoder: Decoder,
    source: Source,
    num_frames: int,
    multiple_of: int = 1,
    start_seconds: float | None = None,
    end_seconds: float | None = None,
    good_frames: int | None = None,
    size: tuple[int, int] | None = None,
    place: float = 0.5,
) -> tuple[Frames, Sample]:
    """Decode the frames of a video that ``sampling.sample`` chooses.

    Args:
        decoder: Reads the file.
        source: The video: a file, or images with times, for which no decoder is needed.
        num_frames: Frames wanted, clamped to what the clip has.
        multiple_of: The number of frames is rounded down to a multiple of this.
        start_seconds: Start of the window; None: the clip's start.
        end_seconds: End (exclusive) of the window; None: the clip's end.
        good_frames: Frames before the damage of a truncated video: the clip is these; None: it must be whole.
        size: Height and width in pixels, as displayed, to scale all frames to; None: as stored.
        place: Where in its segment each frame is taken; see ``sampling.sample``.

    Returns:
        The frames, and which they are and why.

    Raises:
        FramewiseError: The file is truncated and ``good_frames`` are not named, it cannot be decoded, or the
            window holds nothing of the clip.
    """
    if good_frames is None and not isinstance(source, ImageSequence):
        check_whole(source)
    times = (
        source.frame_times(good_frames)
        if isinstance(source, ImageSequence)
        else decoder.frame_times(source, good_frames)
    )
    chosen = sample(
        times,
        num_frames,
        multiple_of=multiple_of,
        start_seconds=start_seconds,
        end_seconds=end_seconds,
        place=place,
    )
    indices = chosen.indices.tolist()
    if isinstance(source, ImageSequence):
        return source.decode(indices, size=size), chosen
    return decoder.decode(source, indices, size=size), chosen
