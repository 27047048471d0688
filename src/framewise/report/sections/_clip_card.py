"""A few samples: what was asked, what each allocator gave, and the frames that each option picks.

The samples are not picked by hand: of the first allocation that knows probabilities (or of the first with the
most different budgets) the first sample of each budget, in the order of its file.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from framewise._errors import FramewiseError
from framewise._plugins import load_plugin
from framewise.budgets import Budget
from framewise.clips import Decoder, Frames, Source, find_source, sample_clip
from framewise.records import Media, Record, default_media_root, read_records
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


def build_cards(
    allocations: Sequence[Allocation], most: int = _MOST_CARDS, *, one_a_size: bool = True
) -> list[Card]:
    """Cards of the example samples, in order of their budgets.

    Args:
        allocations: What gave the budgets.
        most: Most cards.
        one_a_size: Whether each number of frames has one card; else further ones in turn.
    """
    lead = leading(allocations)
    chosen = _examples(lead, most, one_a_size)
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


def _examples(lead: Allocation, most: int, one_a_size: bool) -> list[Budget]:
    same: dict[int, list[Budget]] = {}
    for budget in lead.budgets:
        same.setdefault(budget.num_frames, []).append(budget)
    # Clamping can make many sizes: the allocator's own options come first, then those with the most samples.
    options = {int(option) for budget in lead.budgets for option in budget.probabilities or ()}
    sizes = sorted(same, key=lambda size: (size not in options, -lead.histogram[size]))
    rounds = zip_longest(*(same[size][: 1 if one_a_size else most] for size in sizes))
    shown = [budget for budgets in rounds for budget in budgets if budget is not None][:most]
    return sorted(shown, key=lambda budget: budget.num_frames)


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
        source = find_source(root, media)
        if isinstance(source, Path) and not source.is_file():
            return (), f"the video {media.path} is not under {root} any more"
        return _strips(source, media, budget, lead, decoder), ""
    except FramewiseError as error:
        return (), f"the video {media.path} cannot be shown: {error}"


def _strips(
    source: Source, media: Media, budget: Budget, lead: Allocation, decoder: Decoder
) -> tuple[Strip, ...]:
    options = {int(option) for option in budget.probabilities or _OPTIONS} | {budget.num_frames}
    found: dict[int, tuple[list[int], Frames]] = {}
    for option in sorted(options):
        frames, _ = sample_clip(
            decoder,
            source,
            option,
            multiple_of=lead.multiple_of,
            good_frames=lead.good_frames.get(media.path),
            start_seconds=media.start_seconds,
            end_seconds=media.end_seconds,
        )
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
