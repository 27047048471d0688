"""The things that a lab picture is made of: colours, shapes, letters and badges, as small pixel masks."""

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

SIZE = 14
"""Side of a sprite in pixels."""

COLORS = {
    "red": (224, 32, 32),
    "green": (32, 176, 48),
    "blue": (48, 80, 240),
    "yellow": (240, 224, 40),
    "purple": (160, 40, 200),
    "orange": (248, 136, 24),
    "white": (250, 250, 250),
    "cyan": (40, 216, 232),
}
SHAPES = ("circle", "square", "triangle", "cross", "ring", "diamond")

# Rows of 5 pixels, most significant bit on the left.
_LETTERS = {
    "A": (14, 17, 17, 31, 17, 17, 17),
    "C": (14, 17, 16, 16, 16, 17, 14),
    "E": (31, 16, 16, 30, 16, 16, 31),
    "F": (31, 16, 16, 30, 16, 16, 16),
    "H": (17, 17, 17, 31, 17, 17, 17),
    "J": (7, 2, 2, 2, 2, 18, 12),
    "K": (17, 18, 20, 24, 20, 18, 17),
    "L": (16, 16, 16, 16, 16, 16, 31),
    "N": (17, 25, 21, 21, 19, 17, 17),
    "P": (30, 17, 17, 30, 16, 16, 16),
    "T": (31, 4, 4, 4, 4, 4, 4),
    "U": (17, 17, 17, 17, 17, 17, 14),
    "V": (17, 17, 17, 17, 10, 10, 4),
    "X": (17, 10, 10, 4, 10, 10, 17),
    "Y": (17, 17, 10, 4, 4, 4, 4),
    "Z": (31, 1, 2, 4, 8, 16, 31),
}
LETTERS = tuple(_LETTERS)

_SYLLABLES = ("ba", "do", "ki", "lu", "fa", "no", "ra", "ti")
BADGES = tuple(a + _SYLLABLES[i - k] for i, a in enumerate(_SYLLABLES) for k in range(4))
"""Names of the 32 badges: the lab's stand-in for recognising one of many known faces."""


def shape_mask(name: str) -> Mask:
    """Pixels of a shape, [SIZE, SIZE]."""
    y, x = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2
    radius = np.hypot(x, y)
    masks: dict[str, Mask] = {
        "circle": radius <= 6.6,
        "square": np.maximum(abs(x), abs(y)) <= 5.6,
        "triangle": (y >= -6) & (y <= 6) & (abs(x) <= (y + 7) / 2),
        "cross": np.minimum(abs(x), abs(y)) <= 2,
        "ring": (radius <= 6.8) & (radius >= 3.8),
        "diamond": abs(x) + abs(y) <= 7,
    }
    return masks[name]


def letter_mask(name: str) -> Mask:
    """Pixels of a letter at two pixels a dot, [SIZE, SIZE]."""
    dots = np.array([[row >> (4 - column) & 1 for column in range(5)] for row in _LETTERS[name]], dtype=bool)
    return np.pad(dots.repeat(2, axis=0).repeat(2, axis=1), ((0, 0), (2, 2)))


def badge_mask(name: str) -> Mask:
    """Pixels of a badge: a mirror-symmetric pattern of 7 x 7 dots, the same for a name in every world."""
    rng = np.random.default_rng([7, BADGES.index(name)])
    half = np.zeros(28, dtype=bool)
    half[rng.permutation(28)[:15]] = True
    left = half.reshape(7, 4)
    dots = np.concatenate([left, left[:, 2::-1]], axis=1)
    return dots.repeat(2, axis=0).repeat(2, axis=1)
