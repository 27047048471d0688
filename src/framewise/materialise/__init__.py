"""Small clips that hold exactly the budgeted frames, for trainers that cannot be told which frames to take.

run = materialise(records, budgets=folder, output=clips_folder, size=FrameSize(pixels_per_frame=50176))
"""

from framewise.clips import Workers
from framewise.materialise._frame_size import FrameSize
from framewise.materialise._materialise import materialise

__all__ = ["FrameSize", "Workers", "materialise"]
