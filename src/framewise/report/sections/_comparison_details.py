"""The rest of a comparison: benchmarks in their own units, what changes are made of, arms between each other, flips."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from framewise._jsonl import Row
from framewise.report._format import ABSENT, MINUS, NO_BREAK

CAUSES = ("format", "skill", "position")
_SCALE = {"fraction": 100.0, "percent": 1.0, "points": 1.0, "count": 1.0}
_FLIPS_SHOWN = 6
"""Of each arm, benchmark and direction."""
_LONGEST_TEXT = 400


@dataclass(frozen=True, kw_only=True)
class Line:
    """One number of one arm, as text."""

    arm: str
    metric: str
    before: str
    after: str
    delta: str
    verdict: str
    lost: int
    gained: int
    p: str
    no_harm: str
    detectable: str
    n: int
    parts: tuple[str, ...]


def benchmark_lines(comparison: dict[str, Any], *, slices: bool) -> list[Line]:
    """Every benchmark's main number (or all its slices) of every arm; none in older comparisons."""
    return [
        _line(arm["name"], f"{benchmark} {name}", row)
        for arm in comparison["arms"][1:]
        for benchmark, part in arm.get("benchmarks", {}).items()
        for name, row in part["metrics"].items()
        if ("/" in name if slices else name == part["primary"])
    ]


def between_lines(comparison: dict[str, Any]) -> list[Line]:
    """Image, video and main numbers of the arms against each other; ``arm`` names both."""
    found = []
    for entry in comparison.get("between", []):
        name = f"{entry['after']} against {entry['before']}"
        found += [
            _line(name, skill, entry[skill]) for skill in ("image", "video") if entry[skill] is not None
        ]
        for benchmark, part in entry["benchmarks"].items():
            found.append(_line(name, f"{benchmark} {part['primary']}", part["metrics"][part["primary"]]))
    return found


def flips_shown(rows: Sequence[Row]) -> list[Row]:
    """The first flipped items of each arm, benchmark and direction, with texts of a bounded length."""
    seen: dict[tuple[str, str, str], int] = {}
    return list(_first(rows, seen))


def _first(rows: Sequence[Row], seen: dict[tuple[str, str, str], int]) -> Iterator[Row]:
    for row in rows:
        key = (row["arm"], row["benchmark"], row["turned"])
        seen[key] = seen.get(key, 0) + 1
        if seen[key] <= _FLIPS_SHOWN:
            yield {name: _cut(value) for name, value in row.items()}


def _cut(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return f"{value[:_LONGEST_TEXT]} ..."
    return value


def _line(arm: str, metric: str, row: dict[str, Any]) -> Line:
    parts = row["parts"] or {}
    p = row["p_holm"] if row["p_holm"] is not None else row["p_bh"]
    low, high = row["ci95"] or (0.0, 0.0)
    return Line(
        arm=arm,
        metric=metric,
        before=_number(row, row["before"]),
        after=_number(row, row["after"]),
        delta=_with_interval(row, row["delta"], row["ci95"]),
        verdict="gained" if low > 0 else "lost" if high < 0 else "unclear",
        lost=row["num_lost"],
        gained=row["num_gained"],
        p=ABSENT if p is None else f"{p:.4f}",
        no_harm={None: ABSENT, True: "yes", False: "not shown"}[row["no_harm"]],
        detectable=_number(row, row["smallest_detectable"]),
        n=row["n"],
        parts=tuple(
            _with_interval(row, parts[cause]["delta"], parts[cause]["ci95"]) if cause in parts else ABSENT
            for cause in CAUSES
        ),
    )


def _number(row: dict[str, Any], value: float | None, sign: str = "") -> str:
    if value is None:
        return ABSENT
    return f"{_SCALE[row['unit']] * value:{sign},.1f}".replace("-", MINUS)


def _with_interval(row: dict[str, Any], value: float | None, ci: Sequence[float] | None) -> str:
    text = _number(row, value, "+")
    if ci is None or value is None:
        return text
    return f"{text} ({_number(row, ci[0], '+')}{NO_BREAK}to{NO_BREAK}{_number(row, ci[1], '+')})"
