"""What a table of budgets amounts to, next to fixed budgets and to the paper's table."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framewise._artifacts import require_finished
from framewise._errors import UsageError
from framewise._jsonl import read_json
from framewise.budgets._budget import Budget, Request
from framewise.budgets._clamp import clamp
from framewise.budgets._requests import stream_requests
from framewise.budgets._rounding import PAPER_OPTIONS
from framewise.budgets._summary import SUMMARY
from framewise.budgets._table import STAGE, iterate_budgets
from framewise.budgets._tokens import TokenCount, TokenCounter
from framewise.clips import open_clips

_OWN = 0
"""Stands for the allocation among the fixed arms."""


@dataclass(frozen=True, kw_only=True)
class FixedArm:
    """What one number for all videos would take, clamped as the budgets are."""

    num_frames: int
    mean_frames: float
    visual_tokens: int | None
    """Of all videos together, where a model is known."""


@dataclass(frozen=True, kw_only=True)
class Description:
    """A finished allocation in numbers."""

    summary: Mapping[str, Any]
    """Its ``summary.json``."""
    visual_tokens: int | None
    """Of all budgets together, where a model is known."""
    fixed: tuple[FixedArm, ...]
    """The paper's fixed arms over the same videos."""


def describe_budgets(directory: Path, *, tokens: TokenCount | None = None) -> Description:
    """Describe a finished allocation: a stream over its rows, whatever their number.

    Args:
        directory: Run directory of ``framewise allocate``.
        tokens: Count visual tokens under this model; None: under the one that the run was counted with, if any.

    Raises:
        UsageError: There is no such run, or its records or clips are gone.
    """
    manifest = require_finished(directory, STAGE)
    config = manifest["config"]
    if tokens is None and config["tokens"]:
        tokens = TokenCount(**config["tokens"])
    counter = TokenCounter(tokens, config["multiple_of"]) if tokens else None
    frames, visual_tokens = Counter[int](), Counter[int]()
    for request, budget in _paired(directory, manifest):
        arms = {arm: _fixed(request, arm, config["multiple_of"]) for arm in PAPER_OPTIONS}
        for arm, number in {_OWN: budget.num_frames, **arms}.items():
            frames[arm] += number
            visual_tokens[arm] += counter.tokens(number, request.clip) if counter else 0
    summary = read_json(directory / SUMMARY)
    return Description(
        summary=summary,
        visual_tokens=visual_tokens[_OWN] if counter else None,
        fixed=tuple(
            FixedArm(
                num_frames=arm,
                mean_frames=frames[arm] / summary["n"],
                visual_tokens=visual_tokens[arm] if counter else None,
            )
            for arm in PAPER_OPTIONS
        ),
    )


def _paired(directory: Path, manifest: Mapping[str, Any]) -> Iterator[tuple[Request, Budget]]:
    """Requests with their budgets: both stand in the order of the records.

    Raises:
        UsageError: The records say another thing than when the budgets were made.
    """
    places = manifest["places"]
    records, clips = Path(places["records"]), Path(manifest["inputs"]["clips"]["path"])
    root = Path(places["media_root"]) if places["media_root"] else None
    requests = stream_requests(records, root, open_clips(clips), lambda _: None)
    for budget in iterate_budgets(directory):
        request = next((request for request in requests if request.key == budget.key), None)
        if request is None:
            raise UsageError(
                f"{records} has no video {budget.media_index} of record {budget.record_id!r} any more, which "
                f"{directory} has a budget for: allocate again"
            )
        yield request, budget


def _fixed(request: Request, num_frames: int, multiple_of: int) -> int:
    wish = Budget(record_id="", media_index=0, num_frames=num_frames, allocator="fixed")
    return clamp(wish, request, multiple_of).num_frames
