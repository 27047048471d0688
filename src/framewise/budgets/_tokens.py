"""Visual tokens that budgets amount to under one model."""

from dataclasses import dataclass

from framewise._errors import FramewiseError, UsageError
from framewise.clips import Clip


@dataclass(frozen=True, kw_only=True)
class TokenCount:
    """Under which model visual tokens are counted."""

    model: str
    """Folder or hub name; its weights are not read."""
    pixels_per_frame: int | None = None
    """Most pixels of a frame; None is the checkpoint's own."""
    frame_pooling: int | None = None
    """Side of the blocks of a frame's tokens that are averaged; None is the family's own."""


class TokenCounter:
    """Counts the placeholder tokens of videos from their sizes: nothing is decoded.

    Raises:
        UsageError: The model cannot be opened, or it needs another multiple of frames.
    """

    def __init__(self, wanted: TokenCount, multiple_of: int) -> None:
        from framewise.families import FamilySettings, open_family

        settings = FamilySettings(
            pixels_per_frame=wanted.pixels_per_frame, frame_pooling=wanted.frame_pooling
        )
        self._family = open_family(wanted.model, settings, with_model=False)
        needed = self._family.temporal_multiple
        if multiple_of % needed:
            raise UsageError(f"{wanted.model} reads frames {needed} at a time: use --multiple-of {needed}")

        self._counted: dict[tuple[int, int, int], int] = {}

    def tokens(self, num_frames: int, clip: Clip) -> int:
        """Tokens of so many frames of a clip; one whose sides the model cannot read has none."""
        shape = num_frames, clip.height, clip.width
        if shape not in self._counted:
            try:
                self._counted[shape] = self._family.num_visual_tokens("video", *shape)
            except FramewiseError:
                # Training skips it, and says why.
                self._counted[shape] = 0
        return self._counted[shape]
