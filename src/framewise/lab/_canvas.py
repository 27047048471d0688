"""Drawing: sprites on a background whose shade tells where one is, on a torus."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from framewise.lab._sprites import COLORS, SIZE, Mask, badge_mask, letter_mask, shape_mask

SIDE = 64
"""Width and height of every lab picture in pixels."""

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Sprite:
    """One thing at one place."""

    kind: str
    """``shape``, ``letter`` or ``badge``."""
    name: str
    color: str
    x: int
    """Left edge in pixels; the world wraps around at SIDE."""
    y: int
    """Top edge in pixels."""


def draw(sprites: Iterable[Sprite]) -> Pixels:
    """Render sprites in order, later ones on top: RGB [SIDE, SIDE, 3]."""
    canvas = _background().copy()
    for sprite in sprites:
        rows, columns = _pixels(sprite.kind, sprite.name)
        canvas[(rows + sprite.y) % SIDE, (columns + sprite.x) % SIDE] = COLORS[sprite.color]
    return canvas


def overlaps(a: Sprite, b: Sprite, margin: int = 2) -> bool:
    """Whether two sprites come closer than ``margin`` pixels."""
    return abs(a.x - b.x) < SIZE + margin and abs(a.y - b.y) < SIZE + margin


@cache
def _background() -> Pixels:
    ramp = np.linspace(0, 112, SIDE)
    red = np.broadcast_to(ramp, (SIDE, SIDE))
    return np.stack([red, np.full((SIDE, SIDE), 32.0), red.T], axis=-1).round().astype(np.uint8)


@cache
def _pixels(kind: str, name: str) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    masks = {"shape": shape_mask, "letter": letter_mask, "badge": badge_mask}
    mask: Mask = masks[kind](name)
    rows, columns = np.nonzero(mask)
    return rows, columns
