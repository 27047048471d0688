"""Image score against video score: where each arm ended, and from where."""

from collections.abc import Sequence

import plotly.graph_objects as go

from framewise.report._figure import Figure, Mark, draw, plain
from framewise.report._format import interval, percent, points
from framewise.report._palette import Palette
from framewise.report.sections._comparison import MODALITIES, Arm, Change
from framewise.report.sections._headline import headline

_CORNERS = (
    (0.0, 1.0, "left", "top", "video up, image down"),
    (1.0, 1.0, "right", "top", "both up"),
    (0.0, 0.0, "left", "bottom", "both down"),
    (1.0, 0.0, "right", "bottom", "image up, video down"),
)


def draw_trade_off(arms: Sequence[Arm], palette: Palette, *, anchor: str) -> Figure | None:
    """Scatter of all arms that have both scores, or None where no arm but the base has."""
    shown = [(arm, arm.image, arm.video) for arm in arms if arm.image is not None and arm.video is not None]
    if len(shown) < 2:
        return None
    figure = go.Figure()
    for arm, image, video in shown:
        figure.add_trace(_point(arm, image, video, palette))
    _mark_base(figure, shown[0][1], shown[0][2])
    figure.update_xaxes(
        title_text="Image score (%)", showgrid=False, showline=True, ticks="outside", nticks=7
    )
    figure.update_yaxes(
        title_text="Video score (%)", showgrid=False, showline=True, ticks="outside", nticks=7
    )
    base = arms[0].name
    return draw(
        figure,
        anchor=anchor,
        height=440,
        legend=[Mark.of(palette[arm.name]) for arm, _, _ in shown],
        alt=" ".join(found.text for skill in MODALITIES if (found := headline(arms, skill))),
        caption=(
            "Image score against video score. Bars: the 95 % interval of the paired difference to "
            f"{base}, drawn around the arm's score; dotted lines: {base}. "
            f"Items answered: n = {shown[0][1].n} image, n = {shown[0][2].n} video."
        ),
    )


def _point(arm: Arm, image: Change, video: Change, palette: Palette) -> go.Scatter:
    look = palette[arm.name]
    hover = [plain(arm.name), _hover("image", image), _hover("video", video)]
    return go.Scatter(
        x=[image.score * 100],
        y=[video.score * 100],
        error_x=_bars(image, look.color),
        error_y=_bars(video, look.color),
        mode="markers",
        marker={
            "symbol": look.symbol,
            "size": 13,
            "color": look.color,
            "line": {"width": 2, "color": look.color},
        },
        hovertext="<br>".join(hover),
        hoverinfo="text",
    )


def _bars(change: Change, color: str) -> dict[str, object]:
    low, high = change.bounds
    return {
        "type": "data",
        "symmetric": False,
        "array": [high * 100],
        "arrayminus": [low * 100],
        "thickness": 1.5,
        "width": 4,
        "color": color,
    }


def _hover(name: str, change: Change) -> str:
    text = f"{name} {percent(change.score)}, n {change.n}"
    return text if change.delta is None else f"{text}<br>  {points(change.delta)} ({interval(change.ci95)})"


def _mark_base(figure: go.Figure, image: Change, video: Change) -> None:
    line = {"color": "var(--muted)", "width": 1, "dash": "dot"}
    figure.add_vline(x=image.score * 100, line=line, layer="below")
    figure.add_hline(y=video.score * 100, line=line, layer="below")
    for x, y, xanchor, yanchor, text in _CORNERS:
        figure.add_annotation(
            xref="paper",
            yref="paper",
            x=x,
            y=y,
            xanchor=xanchor,
            yanchor=yanchor,
            text=text,
            showarrow=False,
            bgcolor="var(--paper)",
            font={"size": 11, "color": "var(--muted)"},
        )
