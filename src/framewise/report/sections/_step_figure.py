"""Losses along an update, measured and predicted."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from framewise.report._figure import Figure, Mark, draw

_LOSSES = (("image", "tone-2", "circle"), ("video", "tone-4", "diamond"))


def draw_step(step: dict[str, Any], *, anchor: str, name: str) -> Figure:
    """Changes of both losses at nine step sizes, over the parabolas that two derivatives predict.

    Args:
        step: An entry of ``step.json``.
        anchor: Unique on the page.
        name: What was measured.
    """
    figure = go.Figure()
    rate = step["image"]["learning_rate"]
    said = []
    for kind, tone, symbol in _LOSSES:
        line = step[kind]
        here = line["losses"][line["steps"].index(0.0)]
        multiples = [size / rate for size in line["steps"]]
        changes = [loss - here for loss in line["losses"]]
        fine = np.linspace(multiples[0], multiples[-1], 61)
        sizes = fine * rate
        parabola = line["predicted_slope"] * sizes + line["predicted_curvature"] / 2 * sizes**2
        color = f"var(--{tone})"
        figure.add_trace(
            go.Scatter(
                x=multiples,
                y=changes,
                mode="markers",
                marker={"color": color, "size": 9, "symbol": symbol},
                hovertemplate=f"{kind}, %{{x}} steps: %{{y:.3g}}<extra></extra>",
            )
        )
        figure.add_trace(
            go.Scatter(
                x=fine.tolist(),
                y=parabola.tolist(),
                mode="lines",
                line={"color": color, "width": 1.5, "dash": "dot"},
                hoverinfo="skip",
            )
        )
        said.append(f"{kind} loss {changes[6]:+.3g} after one step")
    figure.add_hline(y=0, line={"color": "var(--ink)", "width": 1})
    figure.update_xaxes(title_text="Step size, in learning rates", showgrid=False, showline=True)
    figure.update_yaxes(title_text="Change of the loss", nticks=6)
    return draw(
        figure,
        anchor=anchor,
        height=320,
        legend=[
            *(Mark(f"{kind} loss", symbol, tone) for kind, tone, symbol in _LOSSES),
            Mark("predicted by slope and curvature", "line", "muted", "2 2"),
        ],
        alt=f"{name}: {'; '.join(said)}.",
        caption=(
            f"Change of the losses of fixed samples along the update, in nats an answer token; one step is a learning "
            f"rate of {rate:g}. n = {step['num_images']} image and {step['num_videos']} video samples."
        ),
    )
