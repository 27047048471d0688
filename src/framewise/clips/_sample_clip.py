"""The only place that joins choosing frames and decoding them."""

from pathlib import Path

from framewise.clips._clip import Decoder, Frames
from framewise.clips.sampling import Sample, sample


def sample_clip(
    decoder: Decoder,
    path: Path,
    num_frames: int,
    multiple_of: int = 1,
    start_seconds: float | None = None,
    end_seconds: float | None = None,
) -> tuple[Frames, Sample]:
    """Decode the frames of a video that ``sampling.sample`` chooses.

    Args:
        decoder: Reads the file.
        path: The video.
        num_frames: Frames wanted, clamped to what the clip has.
        multiple_of: The number of frames is rounded down to a multiple of this.
        start_seconds: Start of the window; None: the clip's start.
        end_seconds: End (exclusive) of the window; None: the clip's end.

    Returns:
        The frames, and which they are and why.

    Raises:
        FramewiseError: The file cannot be decoded, or the window holds nothing of the clip.
    """
    chosen = sample(
        decoder.frame_times(path),
        num_frames,
        multiple_of=multiple_of,
        start_seconds=start_seconds,
        end_seconds=end_seconds,
    )
    return decoder.decode(path, chosen.indices.tolist()), chosen
