"""A few samples: what was asked, what each allocator gave, and the frames that each option picks.

The samples are not picked by hand: of the first allocation that knows probabilities (or of the first with the
most different budgets) the first sample of each budget, in the order of its file.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from framewise._errors import FramewiseError
from framewise._plugins import load_plugin
from framewise.budgets import Budget
from framewise.clips import Decoder, Frames, sample_clip
from framewise.records import Media, Record, default_media_root, read_records, resolve_media
from framewise.report._palette import Look
from framewise.report._thumbnails import picture_uri
from framewise.report.sections._allocation import Allocation

_MOST_CARDS = 4
_OPTIONS = (8, 16, 32, 64)
"""Shown where the allocator has no options of its own: those of the paper."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What one allocation gave this sample."""

    look: Look
    num_frames: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class Strip:
    """The frames that an option picks; options that a short clip makes equal share one."""

    options: tuple[int, ...]
    pictures: tuple[tuple[str, float], ...]
    """Data URI and time in seconds of each frame."""
    chosen: bool
    """Whether it has as many frames as the leading allocation gave."""

    @property
    def clamped(self) -> bool:
        """Whether an option asks for more frames than these."""
        return self.options[-1] > len(self.pictures)


@dataclass(frozen=True, kw_only=True)
class Card:
    """One sample."""

    record_id: str
    media_index: int
    num_frames: int
    """What the leading allocation gave."""
    question: str
    """Empty where the record is gone."""
    path: str
    choices: tuple[Choice, ...]
    probabilities: tuple[tuple[str, float], ...]
    """Option and probability, by the allocation that leads; empty where it knows none."""
    judge: Look
    """Whose probabilities these are."""
    strips: tuple[Strip, ...]
    problem: str
    """Why there are no frames, for people; empty where there are."""


def build_cards(allocations: Sequence[Allocation]) -> list[Card]:
    """Cards of the example samples, in order of their budgets."""
    lead = leading(allocations)
    chosen = _examples(lead)
    try:
        records = _find_records(lead, {budget.record_id for budget in chosen})
    except FramewiseError as error:
        records, fault = {}, f"the records cannot be read any more: {error}"
    else:
        fault = f"the record is not in {lead.records} any more"
    decoder: Decoder = load_plugin("decoders", "pyav")()
    return [
        _card(budget, lead, allocations, records.get(budget.record_id), fault, decoder) for budget in chosen
    ]


def leading(allocations: Sequence[Allocation]) -> Allocation:
    """The allocation that picks the samples: one with probabilities, else one with many different budgets."""
    return max(allocations, key=lambda allocation: (allocation.has_distributions, len(allocation.histogram)))


def _examples(lead: Allocation) -> list[Budget]:
    first: dict[int, Budget] = {}
    for budget in lead.budgets:
        first.setdefault(budget.num_frames, budget)
    # Clamping can make many sizes: the allocator's own options come first, then those with the most samples.
    options = {int(option) for budget in lead.budgets for option in budget.probabilities or ()}
    shown = sorted(first, key=lambda size: (size not in options, -lead.histogram[size]))[:_MOST_CARDS]
    return [first[size] for size in sorted(shown)]


def _find_records(lead: Allocation, ids: set[str]) -> dict[str, Record]:
    found: dict[str, Record] = {}
    for record in read_records(lead.records, media_root=lead.media_root, on_bad=lambda _: None):
        if record.id in ids:
            found[record.id] = record
        if len(found) == len(ids):
            break
    return found


def _card(
    budget: Budget,
    lead: Allocation,
    allocations: Sequence[Allocation],
    record: Record | None,
    fault: str,
    decoder: Decoder,
) -> Card:
    strips: tuple[Strip, ...] = ()
    if record is not None and budget.media_index < len(record.media):
        strips, fault = _try_strips(record.media[budget.media_index], budget, lead, decoder)
    return Card(
        record_id=budget.record_id,
        media_index=budget.media_index,
        num_frames=budget.num_frames,
        question=record.question if record is not None else "",
        path=record.media[budget.media_index].path if strips and record is not None else "",
        choices=tuple(
            Choice(look=a.look, num_frames=given.num_frames, reason=given.reason)
            for a in allocations
            if (given := a.by_key.get(budget.key)) is not None
        ),
        probabilities=tuple(sorted((budget.probabilities or {}).items(), key=lambda pair: int(pair[0]))),
        judge=lead.look,
        strips=strips,
        problem="" if strips else fault,
    )


def _try_strips(
    media: Media, budget: Budget, lead: Allocation, decoder: Decoder
) -> tuple[tuple[Strip, ...], str]:
    root = lead.media_root if lead.media_root is not None else default_media_root(lead.records)
    try:
        path = resolve_media(root, media.path)
        if not path.is_file():
            return (), f"the video {media.path} is not under {root} any more"
        return _strips(path, media, budget, lead.multiple_of, decoder), ""
    except FramewiseError as error:
        return (), f"the video {media.path} cannot be shown: {error}"


def _strips(
    path: Path, media: Media, budget: Budget, multiple_of: int, decoder: Decoder
) -> tuple[Strip, ...]:
    options = {int(option) for option in budget.probabilities or _OPTIONS} | {budget.num_frames}
    window = {"start_seconds": media.start_seconds, "end_seconds": media.end_seconds}
    found: dict[int, tuple[list[int], Frames]] = {}
    for option in sorted(options):
        frames, _ = sample_clip(decoder, path, option, multiple_of=multiple_of, **window)
        found.setdefault(len(frames.pixels), ([], frames))[0].append(option)
    return tuple(
        Strip(
            options=tuple(same),
            pictures=tuple((picture_uri(pixels), float(time)) for pixels, time in _pairs(frames)),
            chosen=size == budget.num_frames,
        )
        for size, (same, frames) in found.items()
    )


def _pairs(frames: Frames) -> Iterator[tuple[NDArray[np.uint8], float]]:
    return zip(frames.pixels, frames.times_seconds, strict=True)
