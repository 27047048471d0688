"""The loss of one training run, apart for each budget."""

from collections.abc import Sequence

import plotly.graph_objects as go

from framewise._jsonl import Row
from framewise.report._figure import Figure, Mark, draw, plain
from framewise.report._palette import Look

_STROKES = (("solid", ""), ("dash", "6 3"), ("dashdot", "6 3 2 3"), ("dot", "2 2"))
"""Names of plotly, and the same for the legend."""
_TONES = 4


def draw_losses(log: Sequence[Row], look: Look, *, anchor: str, top: float) -> Figure | None:
    """One line a budget, as logged; None where nothing was logged.

    Args:
        log: Rows of ``log.jsonl``.
        look: The run's.
        anchor: Unique on the page.
        top: Upper end of the axis, the same for runs that are shown together.
    """
    lines = _lines(log)
    if not lines:
        return None
    figure = go.Figure()
    marks = []
    for number, (name, points) in enumerate(lines.items()):
        tone = f"tone-{1 + number % _TONES}"
        dash, dashes = _STROKES[number % len(_STROKES)]
        figure.add_trace(
            go.Scatter(
                x=[step for step, _ in points],
                y=[loss for _, loss in points],
                mode="lines" if len(points) > 1 else "markers",
                line={"color": f"var(--{tone})", "width": 1.8, "dash": dash},
                name=plain(name),
                hovertemplate=f"{plain(name)}<br>step %{{x}}: %{{y:.3f}}<extra></extra>",
            )
        )
        marks.append(Mark(name, "line", tone, dashes))
    figure.update_xaxes(title_text="Optimizer step", showgrid=False, showline=True, nticks=6)
    figure.update_yaxes(title_text="Loss of an answer token", range=[0, top], nticks=6)
    ends = "; ".join(
        f"{name} from {points[0][1]:.2f} to {points[-1][1]:.2f}" for name, points in lines.items()
    )
    return draw(
        figure,
        anchor=anchor,
        height=280,
        legend=marks,
        alt=f"Loss of {look.name}: {ends}.",
        caption="Mean loss of an answer token since the row before, in nats, by the budget of the samples.",
    )


def largest_loss(log: Sequence[Row]) -> float:
    """The largest loss of a budget in a log; 0 where there is none."""
    return max((loss for points in _lines(log).values() for _, loss in points), default=0.0)


def group_name(group: str) -> str:
    """What the samples of a group of ``loss_by_budget`` have in common, for people."""
    return f"{group} frames" if group.isdigit() else group


def _lines(log: Sequence[Row]) -> dict[str, list[tuple[int, float]]]:
    found: dict[str, list[tuple[int, float]]] = {}
    for row in log:
        for group, loss in row["loss_by_budget"].items():
            found.setdefault(group, []).append((row["step"], loss))
    ordered = sorted(
        found, key=lambda group: (not group.isdigit(), int(group) if group.isdigit() else 0, group)
    )
    return {group_name(group): found[group] for group in ordered}
