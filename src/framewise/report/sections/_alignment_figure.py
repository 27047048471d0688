"""The alignment of video and image gradients by number of frames."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from framewise.report._figure import Figure, Mark, draw


def draw_alignment(result: dict[str, Any], *, anchor: str, name: str) -> Figure:
    """A(m) with its intervals and the fit that never rises.

    Args:
        result: Contents of ``alignment.json``.
        anchor: Unique on the page.
        name: The run's.
    """
    rows = result["per_frames"]
    labels = [str(row["m"]) for row in rows]
    values = [row["alignment"]["value"] for row in rows]
    ends = [row["alignment"]["ci95"] or [value, value] for row, value in zip(rows, values, strict=True)]
    figure = go.Figure(_points(labels, values, ends))
    figure.add_trace(
        go.Scatter(
            x=labels,
            y=result["threshold"]["fit"],
            mode="lines",
            line={"color": "var(--muted)", "width": 1.5, "dash": "dot"},
            hoverinfo="skip",
        )
    )
    figure.add_hline(y=0, line={"color": "var(--ink)", "width": 1})
    figure.update_xaxes(title_text="Frames m", type="category", showgrid=False, showline=True)
    figure.update_yaxes(title_text="Alignment A(m)", nticks=6)
    said = "; ".join(f"{value:.3g} at m = {label}" for label, value in zip(labels, values, strict=True))
    return draw(
        figure,
        anchor=anchor,
        height=340,
        legend=[
            Mark("A(m)", "circle", "tone-2"),
            Mark("closest fit that never rises", "line", "muted", "2 2"),
        ],
        alt=f"Alignment of {name}: {said}.",
        caption=_caption(result),
    )


def _caption(result: dict[str, Any]) -> str:
    return (
        "Inner product of the mean video gradient with the image gradient, in squared nats by squared parameter; "
        "bars: 95 % intervals over videos, with the doubt between two halves of the images. Above zero a video "
        f"step lowers the image loss too. n = {result['n']} samples of {result['num_clusters']} videos, "
        f"{result['num_images']} images."
    )


def _points(labels: Sequence[str], values: Sequence[float], ends: Sequence[Sequence[float]]) -> go.Scatter:
    """A mark with its interval at each number of frames."""
    return go.Scatter(
        x=labels,
        y=values,
        mode="markers",
        marker={"color": "var(--tone-2)", "size": 10},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [end[1] - value for end, value in zip(ends, values, strict=True)],
            "arrayminus": [value - end[0] for end, value in zip(ends, values, strict=True)],
            "thickness": 1.5,
            "width": 4,
            "color": "var(--tone-2)",
        },
        hovertemplate="m = %{x}: %{y:.3g}<extra></extra>",
    )
