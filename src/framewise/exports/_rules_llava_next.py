"""LLaVA-NeXT's rule for the frames of a video.

Source: LLaVA-VL/LLaVA-NeXT @ df17966, llava/utils.py:25-45 (``process_video_with_decord``) and
llava/train/train.py:1160-1210.
"""

import numpy as np

from framewise._errors import FramewiseError
from framewise.exports._exporter import Seen
from framewise.exports._header import Header

FOLDER_OF_FRAMES = "shareVideoGPTV"
"""A path with this in it is read as a folder of frames (train.py:1165)."""


def serve_video(
    header: Header, *, video_fps: int, frames_upbound: int, force_sample: bool, add_time_instruction: bool
) -> Seen:
    """Every frame at a stride of the file's rate over ``video_fps``; linear down to ``frames_upbound``.

    The model has no clock. With ``add_time_instruction`` the prompt says times, of which the ones at a stride
    are divided by the stride and not by the rate (utils.py:31).

    Raises:
        FramewiseError: The stride is 0: the file is taken as unreadable and the next sample instead of it.
    """
    stride = round(header.fps / video_fps)
    if stride == 0:
        raise FramewiseError(
            f"{header.fps:g} frames a second are a stride of 0, and the next sample is trained"
        )
    indices = list(range(0, header.num_frames, stride))
    said = [index / stride for index in indices]
    if frames_upbound > 0 and (len(indices) > frames_upbound or force_sample):
        indices = np.linspace(0, header.num_frames - 1, frames_upbound, dtype=int).tolist()
        said = [index / header.fps for index in indices]
    return Seen(
        num_frames=len(indices),
        indices=tuple(indices),
        seconds=tuple(said) if add_time_instruction else None,
    )
