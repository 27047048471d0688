"""Histogram of budgets: all allocations side by side, the paper's shares as lines."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import plotly.graph_objects as go

from framewise.report._figure import Figure, Mark, draw, plain
from framewise.report._format import count, percent
from framewise.report.sections._allocation import Allocation

_MOST_SIZES = 8
_MARK_LIFT = 3.0
"""Percent that a mark stands above its bar."""
_GROUP = 0.82
"""Part of a group's place that its bars take."""


def draw_budgets(allocations: Sequence[Allocation], paper: Mapping[str, Any]) -> Figure:
    """Shares of samples by number of frames.

    Args:
        allocations: All that are shown together.
        paper: The paper's histogram, shares and mean, out of a ``summary.json``.
    """
    bins = _bins(
        {size for a in allocations for size in a.histogram} | {int(size) for size in paper["histogram"]}
    )
    figure = go.Figure()
    width = _GROUP / len(allocations)
    for number, allocation in enumerate(allocations):
        shift = (number - (len(allocations) - 1) / 2) * width
        figure.add_traces([_bars(allocation, bins, shift, width * 0.9), _tops(allocation, bins, shift)])
    paper_counts = {int(size): n for size, n in paper["histogram"].items()}
    figure.add_trace(_paper_lines(paper_counts, bins))
    figure.update_xaxes(
        title_text="Frames",
        tickvals=list(range(len(bins))),
        ticktext=[_label(b) for b in bins],
        showgrid=False,
    )
    figure.update_yaxes(title_text="Share of videos (%)", rangemode="tozero")
    legend = [Mark.of(a.look) for a in allocations]
    return draw(
        figure,
        anchor="budgets-histogram",
        height=360,
        legend=[*legend, Mark("the paper", "line", "ink")],
        alt=" ".join(_sentence(a) for a in allocations),
        caption=(
            f"Share of videos by budget; the paper's hybrid data (n = {count(paper['n'])}, "
            f"mean {paper['mean_frames']:.2f} frames) as lines."
        ),
    )


def _bins(sizes: set[int]) -> list[range]:
    """One bin a size, or, of many sizes, bins that end at the paper's options."""
    if len(sizes) <= _MOST_SIZES:
        return [range(size, size + 1) for size in sorted(sizes)]
    edges = [1, 9, 17, 33, 65, max(65, *sizes) + 1]
    return [range(low, high) for low, high in pairwise(edges) if low < high]


def _label(bin_: range) -> str:
    return str(bin_.start) if len(bin_) == 1 else f"{bin_.start}–{bin_.stop - 1}"


def _bars(allocation: Allocation, bins: Sequence[range], shift: float, width: float) -> go.Bar:
    look, total = allocation.look, len(allocation.budgets)
    counts = [_within(allocation.histogram, bin_) for bin_ in bins]
    return go.Bar(
        x=[number + shift for number in range(len(bins))],
        y=[n / total * 100 for n in counts],
        width=width,
        marker={"color": look.color},
        hovertext=[
            f"{plain(look.name)}<br>{_label(b)} frames: {percent(n / total)}, {count(n)} of {count(total)}"
            for b, n in zip(bins, counts, strict=True)
        ],
        hoverinfo="text",
    )


def _tops(allocation: Allocation, bins: Sequence[range], shift: float) -> go.Scatter:
    """The allocation's mark on each of its bars: colour alone would not do."""
    look, total = allocation.look, len(allocation.budgets)
    shares = [_within(allocation.histogram, bin_) / total for bin_ in bins]
    return go.Scatter(
        x=[number + shift for number, share in enumerate(shares) if share],
        y=[share * 100 + _MARK_LIFT for share in shares if share],
        mode="markers",
        marker={"symbol": look.symbol, "size": 9, "color": look.color},
        cliponaxis=False,
        hoverinfo="skip",
    )


def _paper_lines(histogram: Mapping[int, int], bins: Sequence[range]) -> go.Scatter:
    total = sum(histogram.values())
    shares = [_within(histogram, bin_) / total for bin_ in bins]
    places = [(number, share) for number, share in enumerate(shares) if share > 0]
    return go.Scatter(
        x=[x for number, _ in places for x in (number - 0.47, number + 0.47, None)],
        y=[y for _, share in places for y in (share * 100, share * 100, None)],
        hovertext=[text for _, share in places for text in (f"the paper: {percent(share, 2)}",) * 3],
        hoverinfo="text",
        mode="lines",
        line={"color": "var(--ink)", "width": 2},
    )


def _within(histogram: Mapping[int, int], bin_: range) -> int:
    return sum(n for size, n in histogram.items() if size in bin_)


def _sentence(allocation: Allocation) -> str:
    total = len(allocation.budgets)
    parts = [
        f"{percent(n / total)} at {size}" for size, n in list(allocation.histogram.items())[:_MOST_SIZES]
    ]
    return f"{allocation.look.name}: {', '.join(parts)} frames."
