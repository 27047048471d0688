"""A comparison's benchmarks, causes and pairs of arms as tables for the terminal."""

from collections.abc import Iterator
from typing import Any

from rich import box
from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

_ABSENT = "–"
_SCALE = {"fraction": 100.0, "percent": 1.0, "points": 1.0, "count": 1.0}
_CAUSES = ("format", "skill", "position")
Entry = dict[str, Any]


def comparison_details(comparison: Entry) -> Group:
    """What changed in each benchmark and why, the arms against each other, and what differs between the runs.

    Args:
        comparison: What ``comparison.json`` holds.
    """
    parts: list[Any] = [_changes_table(comparison)]
    if any(row["parts"] for _, _, row in _headlines(comparison)):
        parts.append(_causes_table(comparison))
    if comparison["between"]:
        parts.append(_between_table(comparison))
    parts += [Text(f"Note: {mark}.") for mark in comparison["marks"]]
    return Group(*parts)


def _headlines(comparison: Entry) -> Iterator[tuple[str, str, Entry]]:
    """Arm, name and entry of image, video and every benchmark's main number."""
    for arm in comparison["arms"][1:]:
        for modality in ("image", "video"):
            if arm[modality] is not None:
                yield arm["name"], modality, arm[modality]
        for benchmark, part in arm["benchmarks"].items():
            yield arm["name"], f"{benchmark} {part['primary']}", part["metrics"][part["primary"]]


def _table(title: str, caption: str, left: tuple[str, ...], right: tuple[str, ...]) -> Table:
    table = Table(title=title, caption=caption, box=box.SIMPLE_HEAD)
    for header in left:
        table.add_column(header, overflow="fold")
    for header in right:
        table.add_column(header, justify="right")
    return table


def _changes_table(comparison: Entry) -> Table:
    margin = f"{100 * comparison['margin']:g}"
    caption = (
        f"p: swaps of whole clusters, by Holm over the rows; no harm: a loss of {margin} % of the scale is ruled out; "
        "detectable: smallest difference found in 4 of 5 repetitions"
    )
    title = f"Differences to {escape(comparison['before'])}"
    headers = ("before", "after", "difference", "right→wrong", "wrong→right", "p", "no harm", "detectable")
    table = _table(title, caption, ("arm", "metric"), headers)
    for arm, name, row in _headlines(comparison):
        table.add_row(
            Text(arm),
            Text(name),
            _value(row, "before"),
            _value(row, "after"),
            _delta(row),
            str(row["num_lost"]),
            str(row["num_gained"]),
            _ABSENT if row["p_holm"] is None else f"{row['p_holm']:.4f}",
            {None: _ABSENT, True: "yes", False: "not shown"}[row["no_harm"]],
            _value(row, "smallest_detectable"),
        )
    return table


def _causes_table(comparison: Entry) -> Table:
    title = "What the differences are made of"
    caption = "format: read differently or not at all; skill: the answer itself; position: rotations, or the yes-ratio"
    table = _table(title, caption, ("arm", "metric"), ("difference", *_CAUSES))
    for arm, name, row in _headlines(comparison):
        parts = row["parts"] or {}
        cells = [_delta({**row, **parts[cause]}) if cause in parts else Text(_ABSENT) for cause in _CAUSES]
        table.add_row(Text(arm), Text(name), _delta(row), *cells)
    return table


def _between_table(comparison: Entry) -> Table:
    table = _table("Between arms", "second arm less the first", ("first", "second"), ("Δ image", "Δ video"))
    for entry in comparison["between"]:
        cells = [Text(_ABSENT) if entry[m] is None else _delta(entry[m]) for m in ("image", "video")]
        table.add_row(Text(entry["before"]), Text(entry["after"]), *cells)
    return table


def _value(row: Entry, key: str) -> str:
    value = row[key]
    return _ABSENT if value is None else f"{_SCALE[row['unit']] * value:.1f}"


def _delta(row: Entry) -> Text:
    if row["delta"] is None:
        return Text(_ABSENT)
    scale = _SCALE[row["unit"]]
    text = f"{scale * row['delta']:+.1f}"
    if row["ci95"] is None:
        return Text(text)
    low, high = (scale * end for end in row["ci95"])
    style = "green" if low > 0 else "red" if high < 0 else ""
    return Text(f"{text} [{low:+.1f}, {high:+.1f}]", style=style)
