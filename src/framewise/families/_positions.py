"""Positions of text and media in a sequence: three coordinates a token (time, height, width).

Text moves all three coordinates together. A medium is a grid: its tokens differ in time by real seconds and
in height and width by merged patches (M-RoPE, Qwen2-VL and Qwen2.5-VL technical reports).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from framewise._errors import FramewiseError
from framewise.families._family import TextPosition

# A product such as 0.29 * 100 = 28.999999999999996 counts as the whole number that it stands for.
_ROUNDING = 1e-6


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A medium in a sequence."""

    times: NDArray[np.float64]
    """Time coordinate of each temporal group, from 0 for the first, shape [groups]."""
    height: int
    """Tokens down a frame."""
    width: int
    """Tokens across a frame."""

    @property
    def num_tokens(self) -> int:
        """Tokens that the medium takes."""
        return len(self.times) * self.height * self.width


def time_coordinates(
    times_seconds: NDArray[np.float64], *, frames_per_group: int, tokens_per_second: float
) -> NDArray[np.float64]:
    """Time coordinate of each group of ``frames_per_group`` frames, shape [ceil(frames / frames_per_group)].

    A group stands at the time of its first frame, counted from the first group. The weights were trained on
    whole numbers, floor(tokens_per_second * seconds), and get them wherever they tell all groups apart.
    Frames that are closer than that would share a number and lose their order, so the clip keeps the real
    values instead: rotary positions are continuous, and the distances stay true.

    >>> time_coordinates(np.array([0.0, 0.5, 1.0, 1.5]), frames_per_group=2, tokens_per_second=2).tolist()
    [0.0, 2.0]
    >>> time_coordinates(np.array([0.0, 0.1, 0.2, 0.3]), frames_per_group=2, tokens_per_second=2).tolist()
    [0.0, 0.4]
    """
    groups = times_seconds[::frames_per_group]
    exact: NDArray[np.float64] = (groups - groups[0]) * tokens_per_second
    whole: NDArray[np.float64] = np.floor(exact + _ROUNDING)
    return whole if len(np.unique(whole)) == len(whole) else exact


def sequence_positions(spans: Sequence[int | Grid], text_position: TextPosition) -> torch.Tensor:
    """Positions of a sequence, float32 [3, L].

    Args:
        spans: What stands in the sequence, in order: a number of text tokens, or a medium.
        text_position: Where text goes on after a medium (see ``FamilySettings``).
    """
    start, parts = 0, []
    for span in spans:
        if isinstance(span, Grid):
            parts.append(_grid_positions(span) + start)
            start += _extent(span, text_position)
        else:
            parts.append(np.broadcast_to(np.arange(start, start + span, dtype=np.float64), (3, span)))
            start += span
    return torch.from_numpy(np.concatenate(parts, axis=1).astype(np.float32))


def _grid_positions(grid: Grid) -> NDArray[np.float64]:
    rows, columns = np.arange(grid.height, dtype=np.float64), np.arange(grid.width, dtype=np.float64)
    axes = np.meshgrid(grid.times, rows, columns, indexing="ij")
    return np.stack(axes).reshape(3, -1)


def _extent(grid: Grid, text_position: TextPosition) -> int:
    side = max(grid.height, grid.width)
    if text_position == "after_extent":
        return side
    return max(int(np.floor(grid.times[-1] + _ROUNDING)) + 1, side)


def forbid_half_precision(rotary: torch.nn.Module) -> None:
    """Make a rotary embedding refuse positions in half precision.

    bfloat16 has 8 significant bits: above 256 it merges neighbouring positions. Some launchers (DeepSpeed,
    FSDP mixed precision) cast every floating-point input of a model, positions included, without a word.
    """
    rotary.register_forward_pre_hook(_check_precision, with_kwargs=True)


def _check_precision(_: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    positions = kwargs["position_ids"] if "position_ids" in kwargs else args[1]
    if positions.dtype in (torch.bfloat16, torch.float16):
        raise FramewiseError(
            f"positions arrived as {positions.dtype}, which merges positions above 256: something casts the "
            "model's inputs; switch that off (FSDP: cast_forward_inputs=False; DeepSpeed: no input casting)"
        )
