"""One look per arm, the same in every figure and table of a page.

Colours are CSS variables, so that a page has one set for light and one for dark; both sets keep apart
under the common kinds of colour blindness, and a shape says the same once more without colour.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SHAPES = {
    "ring": "M6 1.75a4.25 4.25 0 1 0 0 8.5 4.25 4.25 0 0 0 0-8.5z",
    "circle": "M6 1.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9z",
    "square": "M2 2h8v8h-8z",
    "diamond": "M6 .5l5 5.5-5 5.5-5-5.5z",
    "triangle-up": "M6 1.5l5 9h-10z",
    "triangle-down": "M6 10.5l5-9h-10z",
    "star": "M6 .5l1.7 3.5 3.8.5-2.8 2.7.7 3.8L6 9.2l-3.4 1.8.7-3.8L.5 4.5l3.8-.5z",
    "hexagon": "M6 .75l4.6 2.6v5.3L6 11.25 1.4 8.65v-5.3z",
    "line": "M-6 6h24",
    "tick": "M6 0v12",
}
"""Shapes of legends as SVG paths in a box of 12 by 12; but for ring and strokes, names are plotly's."""

_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "triangle-down", "star", "hexagon")
_COLORS = 7


@dataclass(frozen=True)
class Look:
    """How an arm is drawn."""

    name: str
    slot: int
    """Number of its colour: 0 is the base, 1 to 7 the others."""
    shape: str
    """One of ``SHAPES``."""

    @property
    def color(self) -> str:
        """Its colour, for figures."""
        return f"var(--arm-{self.slot})"

    @property
    def symbol(self) -> str:
        """Its marker in plotly."""
        return "circle-open" if self.shape == "ring" else self.shape


class Palette:
    """Looks by name, dealt in order of first mention.

    Args:
        bases: Names of what others are compared with; they are grey rings.
        names: All other names. Beyond seven, colours come again with another shape.
    """

    def __init__(self, bases: Iterable[str], names: Sequence[str]) -> None:
        self._looks = {name: Look(name, 0, "ring") for name in bases}
        others = [name for name in dict.fromkeys(names) if name not in self._looks]
        for number, name in enumerate(others):
            shape = _SYMBOLS[(number + number // _COLORS) % len(_SYMBOLS)]
            self._looks[name] = Look(name, 1 + number % _COLORS, shape)

    def __getitem__(self, name: str) -> Look:
        """The look of ``name``."""
        return self._looks[name]
