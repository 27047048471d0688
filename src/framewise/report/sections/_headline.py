"""What a comparison says, in words computed from its intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

from framewise.report._format import NO_BREAK, count, interval, listing, points, size_of
from framewise.report.sections._comparison import Arm, Change, Modality, Verdict


@dataclass(frozen=True, kw_only=True)
class Headline:
    """What happened to one skill, in words."""

    summary: str
    """How many arms gained and lost."""
    details: tuple[tuple[str, str], ...]
    """Name of the arm, and the rest of a sentence about it; the largest change first."""
    items: str
    """How many items stand behind it."""

    @property
    def text(self) -> str:
        """All of it in one line."""
        return " ".join([self.summary, *(f"{name} {rest}." for name, rest in self.details)])


def headline(arms: Sequence[Arm], modality: Modality) -> Headline | None:
    """What the intervals say about one skill; None where it was not measured.

    Args:
        arms: The base first.
        modality: Which skill.
    """
    found = [(arm.name, change) for arm in arms[1:] if (change := arm.change(modality)) is not None]
    if not found:
        return None
    found.sort(key=lambda pair: -abs(pair[1].delta or 0.0))
    return Headline(
        summary=_summary([change.verdict for _, change in found], modality, arms[0].name),
        details=tuple((name, _detail(change)) for name, change in found),
        items=_items([change for _, change in found], modality),
    )


def _summary(verdicts: Sequence[Verdict], modality: Modality, base: str) -> str:
    total = len(verdicts)
    moved = [
        f"{_share(verdicts.count(verdict), total)} {verdict} {modality} skill"
        for verdict in ("lost", "gained")
        if verdict in verdicts
    ]
    if moved:
        return f"{listing(moved)}."
    if "unclear" in verdicts:
        return f"No difference in {modality} skill to {base} can be told apart from noise."
    return f"There are too few independent items to judge {modality} skill."


def _share(part: int, total: int) -> str:
    if total == 1:
        return "The arm"
    if part == total:
        return "Both arms" if total == 2 else f"All {total} arms"
    return f"{part} of {total} arms"


def _detail(change: Change) -> str:
    size = size_of(change.delta or 0.0)
    if change.verdict in ("gained", "lost"):
        ends = f"{NO_BREAK}to{NO_BREAK}".join(size_of(end) for end in sorted(map(abs, change.ci95 or ())))
        return f"{change.verdict} {size} points (95{NO_BREAK}% interval {ends})"
    if change.verdict == "unclear":
        return (
            f"differs by {points(change.delta)} points (95{NO_BREAK}% interval {interval(change.ci95)}): "
            "no difference can be told apart from noise"
        )
    return f"differs by {points(change.delta)} points, with too few independent items for an interval"


def _items(changes: Sequence[Change], modality: Modality) -> str:
    sizes = sorted({change.n for change in changes})
    clusters = sorted({change.num_clusters for change in changes if change.num_clusters is not None})
    text = f"n{NO_BREAK}={NO_BREAK}{_span(sizes)} items"
    return f"{text} about {_span(clusters)} {modality}s" if clusters else text


def _span(values: Sequence[int]) -> str:
    return count(values[0]) if values[0] == values[-1] else f"{count(values[0])} to {count(values[-1])}"
