"""Visual tokens that budgets amount to under one model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from framewise._errors import UsageError
from framewise.budgets._budget import Budget, Key, Request


@dataclass(frozen=True, kw_only=True)
class TokenCount:
    """Under which model visual tokens are counted."""

    model: str
    """Folder or hub name; its weights are not read."""
    pixels_per_frame: int | None = None
    """Most pixels of a frame; None is the checkpoint's own."""


class TokenCounter:
    """Counts the placeholder tokens of videos from their sizes: nothing is decoded.

    Raises:
        UsageError: The model cannot be opened, or it needs another multiple of frames.
    """

    def __init__(self, wanted: TokenCount, multiple_of: int) -> None:
        from framewise.families import FamilySettings, open_family

        settings = FamilySettings(pixels_per_frame=wanted.pixels_per_frame)
        self._family = open_family(wanted.model, settings, with_model=False)
        needed = self._family.temporal_multiple
        if multiple_of % needed:
            raise UsageError(f"{wanted.model} reads frames {needed} at a time: use --multiple-of {needed}")

    def count(self, requests: Mapping[Key, Request], budgets: Sequence[Budget]) -> int:
        """Tokens of all budgeted videos together."""
        family = self._family

        @cache
        def tokens(num_frames: int, height: int, width: int) -> int:
            return family.num_visual_tokens("video", num_frames, height, width)

        clips = ((budget.num_frames, requests[budget.key].clip) for budget in budgets)
        return sum(tokens(num_frames, clip.height, clip.width) for num_frames, clip in clips)
