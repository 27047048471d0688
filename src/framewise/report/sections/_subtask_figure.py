"""Subtasks before and after: one band a subtask, one line an arm."""

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from framewise.report._figure import Figure, Mark, draw, plain
from framewise.report._format import interval, percent, points
from framewise.report._palette import Look, Palette
from framewise.report.sections._comparison import Arm, Change

_LINE_PIXELS = 15
_FRAME_PIXELS = 60


@dataclass(frozen=True)
class _Place:
    """A line of the figure."""

    y: float
    subtask: str
    change: Change


def draw_subtasks(
    arms: Sequence[Arm],
    names: Sequence[str],
    chance: dict[str, float],
    palette: Palette,
    *,
    anchor: str,
    benchmark: str,
) -> Figure:
    """Dumbbells of one benchmark.

    Args:
        arms: The base first.
        names: Subtasks of the benchmark, as ``benchmark/subtask``.
        chance: Expected score of guessing by subtask, where known.
        palette: Looks of the arms.
        anchor: Unique on the page.
        benchmark: Its name.
    """
    others = arms[1:]
    band = len(others) + 1
    figure = go.Figure()
    known = [(number, chance[name]) for number, name in enumerate(names) if name in chance]
    figure.add_trace(_chance_trace(known, band))
    for line, arm in enumerate(others):
        look = palette[arm.name]
        places = [
            _Place(number * band + line, name, arm.subtasks[name])
            for number, name in enumerate(names)
            if name in arm.subtasks
        ]
        figure.add_traces([_path(places, look), _befores(places), _afters(places, look)])
    for number in range(1, len(names)):
        figure.add_hline(y=number * band - 1, line={"color": "var(--rule)", "width": 1}, layer="below")
    _set_axes(figure, arms, names, band)
    marks = [
        Mark(f"{arms[0].name} (before)", "ring", "muted"),
        *(Mark.of(palette[arm.name]) for arm in others),
    ]
    return draw(
        figure,
        anchor=anchor,
        height=len(names) * band * _LINE_PIXELS + _FRAME_PIXELS,
        legend=[*marks, Mark("chance", "tick", "muted", "2 2")] if known else marks,
        alt=_alt(others, names, benchmark, arms[0].name),
        caption=f"Scores on the subtasks of {benchmark}, with the number of items under each name.",
    )


def _path(places: Sequence[_Place], look: Look) -> go.Scatter:
    xs = [x for p in places for x in (p.change.before * 100, p.change.score * 100, None)]
    ys = [y for p in places for y in (p.y, p.y, None)]
    return go.Scatter(
        x=xs, y=ys, mode="lines", line={"color": look.color, "width": 4}, opacity=0.45, hoverinfo="skip"
    )


def _befores(places: Sequence[_Place]) -> go.Scatter:
    return go.Scatter(
        x=[p.change.before * 100 for p in places],
        y=[p.y for p in places],
        mode="markers",
        marker={
            "symbol": "circle",
            "size": 8,
            "color": "var(--paper)",
            "line": {"width": 1.5, "color": "var(--muted)"},
        },
        hoverinfo="skip",
    )


def _afters(places: Sequence[_Place], look: Look) -> go.Scatter:
    return go.Scatter(
        x=[p.change.score * 100 for p in places],
        y=[p.y for p in places],
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [p.change.bounds[1] * 100 for p in places],
            "arrayminus": [p.change.bounds[0] * 100 for p in places],
            "thickness": 1.2,
            "width": 0,
            "color": look.color,
        },
        mode="markers",
        marker={"symbol": look.symbol, "size": 9, "color": look.color},
        hovertext=[_hover(p, look) for p in places],
        hoverinfo="text",
    )


def _hover(place: _Place, look: Look) -> str:
    change = place.change
    return (
        f"{plain(look.name)}, {plain(_short(place.subtask))}<br>"
        f"{percent(change.before)} → {percent(change.score)}, n {change.n}<br>"
        f"{points(change.delta)} ({interval(change.ci95)})"
    )


def _chance_trace(known: Sequence[tuple[int, float]], band: int) -> go.Scatter:
    return go.Scatter(
        x=[x for _, value in known for x in (value * 100, value * 100, None)],
        y=[y for number, _ in known for y in (number * band - 0.8, (number + 1) * band - 1.2, None)],
        mode="lines",
        line={"color": "var(--muted)", "width": 1.5, "dash": "dot"},
        hoverinfo="skip",
    )


def _set_axes(figure: go.Figure, arms: Sequence[Arm], names: Sequence[str], band: int) -> None:
    figure.update_xaxes(
        range=[-2, 102], tickvals=[0, 25, 50, 75, 100], ticktext=["0 %", "25", "50", "75", "100 %"]
    )
    figure.update_yaxes(
        range=[len(names) * band - 0.6, -1.4],
        tickvals=[number * band + (band - 2) / 2 for number in range(len(names))],
        ticktext=[f"{plain(_short(name))}<br>n {_sizes(arms, name)}" for name in names],
        showgrid=False,
    )


def _sizes(arms: Sequence[Arm], name: str) -> str:
    sizes = [arm.subtasks[name].n for arm in arms if name in arm.subtasks]
    return str(sizes[0]) if min(sizes) == max(sizes) else f"{min(sizes)} to {max(sizes)}"


def _alt(arms: Sequence[Arm], names: Sequence[str], benchmark: str, base: str) -> str:
    parts = []
    for arm in arms:
        verdicts = [arm.subtasks[name].verdict for name in names if name in arm.subtasks]
        parts.append(f"{arm.name} gained in {verdicts.count('gained')} and lost in {verdicts.count('lost')}")
    return f"{benchmark}, {len(names)} subtasks, beyond noise against {base}: {'; '.join(parts)}."


def _short(name: str) -> str:
    return name.partition("/")[2]
