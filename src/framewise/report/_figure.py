"""A figure: what plotly draws, what it says in words, and what its marks mean."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from framewise.report._palette import Look

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
_LONGEST_LABEL = 28


@dataclass(frozen=True)
class Mark:
    """A line of a legend."""

    label: str
    shape: str
    """One of ``SHAPES``."""
    color: str
    """Class of the style sheet: ``slot-0`` to ``slot-7``, ``tone-1`` to ``tone-4``, ``ink`` or ``muted``."""
    dashes: str = ""
    """Lengths of dashes and gaps of a stroke, as in SVG."""

    @classmethod
    def of(cls, look: Look) -> "Mark":
        """The mark of an arm."""
        return cls(look.name, look.shape, f"slot-{look.slot}")


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One drawing of a page."""

    anchor: str
    """Unique on the page."""
    caption: str
    """What is drawn, what the bars and marks mean, with numbers of samples."""
    alt: str
    """The message of the figure for those who do not see it."""
    spec: dict[str, Any]
    """``data`` and ``layout`` for plotly. Colours may be ``var(--name)``: the page puts its own in."""
    height: int
    """Pixels."""
    legend: tuple[Mark, ...] = ()


def draw(
    figure: go.Figure,
    *,
    anchor: str,
    caption: str,
    alt: str,
    height: int,
    legend: Sequence[Mark] = (),
) -> Figure:
    """Give ``figure`` the page's manners: its colours, no legend of its own, no zoom under a finger."""
    figure.update_layout(
        template="none",
        height=height,
        margin={"l": 8, "r": 26, "t": 12, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": FONT, "size": 13, "color": "var(--ink)"},
        hoverlabel={
            "bgcolor": "var(--raised)",
            "bordercolor": "var(--rule)",
            "align": "left",
            "font": {"family": FONT, "size": 13, "color": "var(--ink)"},
        },
        hovermode="closest",
        dragmode=False,
        showlegend=False,
    )
    for axes in (figure.update_xaxes, figure.update_yaxes):
        axes(
            automargin=True,
            fixedrange=True,
            zeroline=False,
            gridcolor="var(--rule)",
            linecolor="var(--rule)",
            tickcolor="var(--rule)",
            title_font={"size": 13, "color": "var(--muted)"},
            tickfont={"size": 12, "color": "var(--muted)"},
        )
    spec = json.loads(figure.to_json())
    return Figure(anchor=anchor, caption=caption, alt=alt, spec=spec, height=height, legend=tuple(legend))


def plain(text: str) -> str:
    """``text`` for a label of plotly, which reads its own kind of HTML: escaped, on one line, not too long.

    >>> plain("<b>x</b>")
    '&lt;b&gt;x&lt;/b&gt;'
    """
    line = " ".join(text.split())
    short = line if len(line) <= _LONGEST_LABEL else line[: _LONGEST_LABEL - 1] + "…"
    return short.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
