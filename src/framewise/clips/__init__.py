"""What a video file holds, and frames out of it."""

from framewise.clips._clip import Clip, Decoder, Frames

__all__ = ["Clip", "Decoder", "Frames"]
