"""Attention maps of the same questions in several models, side by side."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from framewise.report._figure import Figure, draw, plain

_CELL = 170


def draw_maps(maps: Sequence[dict[str, Any]], names: Sequence[str], *, anchor: str) -> Figure | None:
    """One row a question, one column a model; boxes are outlined. None where no maps were kept.

    Args:
        maps: What ``attention.json`` has of them.
        names: The models.
        anchor: Unique on the page.
    """
    if not maps:
        return None
    figure = make_subplots(
        rows=len(maps),
        cols=len(names),
        column_titles=[plain(name) for name in names],
        row_titles=[plain(entry["record_id"]) for entry in maps],
        vertical_spacing=0.02,
        horizontal_spacing=0.04,
    )
    for row, entry in enumerate(maps, start=1):
        height, width = entry["grid"]
        top = max(max(values) for values in entry["maps"])
        for column, values in enumerate(entry["maps"], start=1):
            cells = [values[y * width : (y + 1) * width] for y in range(height)]
            figure.add_trace(
                go.Heatmap(
                    z=cells,
                    x=[(x + 0.5) / width for x in range(width)],
                    y=[(y + 0.5) / height for y in range(height)],
                    zmin=0,
                    zmax=top,
                    colorscale=[[0, "rgba(42,111,168,0)"], [1, "rgba(42,111,168,1)"]],
                    showscale=False,
                    hovertemplate="%{z:.3f}<extra></extra>",
                ),
                row=row,
                col=column,
            )
            for left, upper, right, lower in entry["boxes"]:
                line = {"color": "var(--ink)", "width": 2}
                figure.add_shape(
                    type="rect", x0=left, y0=upper, x1=right, y1=lower, line=line, row=row, col=column
                )
    figure.update_xaxes(range=[0, 1], showticklabels=False, showgrid=False, constrain="domain")
    figure.update_yaxes(range=[1, 0], showticklabels=False, showgrid=False)
    return draw(
        figure,
        anchor=anchor,
        height=60 + _CELL * len(maps),
        alt=f"Attention maps of {len(maps)} questions in {len(names)} models.",
        caption=(
            "Attention of the last token before the answer over the picture's tokens, relative to a neutral prompt, "
            "mean of all layers; one scale a row. Outlined: the thing that the question names. As in Figure 3 of the "
            "paper, these are examples and no evidence; the numbers below are."
        ),
    )
