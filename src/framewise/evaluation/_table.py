"""A comparison as a table for the terminal."""

from typing import Any

from rich import box
from rich.markup import escape
from rich.table import Table
from rich.text import Text

_ABSENT = "–"


def comparison_table(comparison: dict[str, Any]) -> Table:
    """Arms by row: scores in percent, differences to the first arm in points with their 95 % intervals.

    A difference is green or red where its interval leaves out zero, and plain where it does not.

    Args:
        comparison: What ``comparison.json`` holds.
    """
    title = f"Compared with {escape(comparison['before'])}"
    table = Table(title=title, caption=_caption(comparison), box=box.SIMPLE_HEAD)
    table.add_column("arm", overflow="fold", min_width=8)
    for header in ("image %", "Δ image", "video %", "Δ video", "mean frames", "visual tokens", "train s"):
        table.add_column(header, justify="right")
    for arm in comparison["arms"]:
        table.add_row(
            Text(arm["name"]),
            _score(arm["image"]),
            _delta(arm["image"]),
            _score(arm["video"]),
            _delta(arm["video"]),
            _number(arm["mean_frames"], ".1f"),
            _number(arm["visual_tokens"], ",d"),
            _number(arm["train_seconds"], ",.0f"),
        )
    return table


def scores_table(results: dict[str, Any]) -> Table:
    """The headline metrics of one scored file, in the units of its scorer.

    Args:
        results: What the ``results.json`` of a scored file holds.
    """
    left_out = f", {results['num_left_out']} left out by the rule" if results["num_left_out"] else ""
    caption = f"{results['n']} items, {results['num_unparsed']} unparsed{left_out}"
    title = f"{results['benchmark']} by {results['scorer']}"
    table = Table(title=title, caption=caption, box=box.SIMPLE_HEAD)
    table.add_column("metric")
    table.add_column("value", justify="right")
    for name, value in results["metrics"].items():
        if "/" not in name:
            table.add_row(Text(name), _number(value, ".4f"))
    return table


def _score(part: dict[str, Any] | None) -> str:
    return _ABSENT if part is None else f"{100 * part['score']:.1f}"


def _delta(part: dict[str, Any] | None) -> Text:
    if part is None or part["delta"] is None:
        return Text(_ABSENT)
    text = f"{100 * part['delta']:+.1f}"
    if part["ci95"] is None:
        return Text(text)
    low, high = (100 * end for end in part["ci95"])
    style = "green" if low > 0 else "red" if high < 0 else ""
    return Text(f"{text} [{low:+.1f}, {high:+.1f}]", style=style)


def _number(value: float | None, form: str) -> str:
    return _ABSENT if value is None else format(value, form)


def _caption(comparison: dict[str, Any]) -> str:
    parts = []
    for modality in ("image", "video"):
        found = [arm[modality] for arm in comparison["arms"] if arm[modality] is not None]
        if found:
            counts = sorted({part["n"] for part in found})
            clusters = sorted({part["num_clusters"] for part in found})
            parts.append(f"{modality}: {_span(counts)} items in {_span(clusters)} clusters")
    left_out = max(
        sum(arm[m]["num_left_out"] for m in ("image", "video") if arm[m]) for arm in comparison["arms"]
    )
    if left_out:
        parts.append(f"up to {left_out} items left out: their media could not be read")
    return "; ".join(parts)


def _span(values: list[int]) -> str:
    return str(values[0]) if values[0] == values[-1] else f"{values[0]}–{values[-1]}"


def results_table(results: dict[str, Any]) -> Table:
    """Benchmarks by row: score with its standard error, chance, and how many items failed or were not parsed.

    Args:
        results: What ``results.json`` holds.
    """
    state = "" if results["complete"] else " (incomplete: see failures.jsonl)"
    table = Table(
        title=f"{escape(results['model'])}{state}",
        caption=_explained(results),
        box=box.SIMPLE_HEAD,
    )
    table.add_column("benchmark")
    for header in ("score", "chance", "items", "failed", "unparsed", "frames", "pixels"):
        table.add_column(header, justify="right")
    for name, part in results["benchmarks"].items():
        error = part["standard_error"]
        table.add_row(
            Text(name),
            f"{100 * part['score']:.1f}" + ("" if error is None else f" ± {100 * error:.1f}"),
            f"{100 * part['chance']:.1f}",
            str(part["n"]),
            str(part["num_failed"]),
            str(part["num_unparsed"]),
            _shown(part["frames"]),
            _shown(part["pixels"]),
        )
    return table


def _explained(results: dict[str, Any]) -> Text:
    """What the columns are, each scorer's headline metrics in its own units, and what is wrong with the data."""
    lines = ["score and chance in percent, ± one standard error" + _pooling(results.get("reading", {}))]
    for name, part in results["benchmarks"].items():
        for scorer, said in part.get("scorers", {}).items():
            numbers = [f"{key} {_number(v, '.4g')}" for key, v in said["metrics"].items() if "/" not in key]
            lines.append(f"{name} by {scorer}: {', '.join(numbers)}")
    for name, data in results.get("data", {}).items():
        lines += data.get("differences", [])
        if data["num_missing_media"]:
            lines.append(f"{name}: {data['num_missing_media']} items have no media")
    return Text("\n".join(lines))


def _pooling(reading: dict[str, Any]) -> str:
    side = reading.get("frame_pooling")
    return f"; {side}x{side} tokens of a frame averaged to one" if side else ""


def _shown(histogram: dict[str, int]) -> str:
    """The values of a histogram; ends only, where there are many."""
    values = list(histogram)
    return ", ".join(values) if len(values) <= 3 else f"{values[0]} … {values[-1]}"
