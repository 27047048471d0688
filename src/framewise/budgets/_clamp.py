"""What a clip can give of what an allocator wishes."""

from dataclasses import replace

import numpy as np

from framewise._errors import FramewiseError
from framewise.budgets._budget import Budget, Request
from framewise.clips import Clip, sample
from framewise.records import Media


def frames_in_window(clip: Clip, media: Media) -> int:
    """Frames of the clip that sampling can choose from in the window of ``media``, at the clip's mean rate.

    Where the rate varies, sampling may find a few less and then takes those that there are.
    """
    if media.start_seconds is None and media.end_seconds is None:
        return clip.num_frames
    times = np.arange(clip.num_frames) / clip.fps
    try:
        chosen = sample(
            times, clip.num_frames, start_seconds=media.start_seconds, end_seconds=media.end_seconds
        )
    except FramewiseError:
        return 0
    return len(chosen)


def clamp(wish: Budget, request: Request, multiple_of: int) -> Budget:
    """The wish within the frames that the clip has, rounded down to a multiple; a change says so.

    As in sampling, a number below ``multiple_of`` stays what it is: the family fills such a patch itself.
    """
    available = frames_in_window(request.clip, request.media)
    num_frames = min(wish.num_frames, available)
    if num_frames >= multiple_of:
        num_frames -= num_frames % multiple_of
    if num_frames == wish.num_frames:
        return wish
    limits = [f"the clip has {available}"] if wish.num_frames > available else []
    limits += [f"a multiple of {multiple_of}"] if num_frames < min(wish.num_frames, available) else []
    note = f"wished {wish.num_frames}, clamped to {num_frames} ({', '.join(limits)})"
    return replace(wish, num_frames=num_frames, reason="; ".join(filter(None, [wish.reason, note])))
