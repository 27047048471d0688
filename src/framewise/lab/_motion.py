"""The lab's video skills: worlds of 64 frames in which no single frame tells the answer.

Each skill is one frozen class. ``min_frames`` is the smallest count of the doubling grid 2, 4, ..., 64 that suffices
under uniform sampling, as do all larger ones of the grid. ``twin(t, answer)`` is the proof that frame ``t`` alone is
worthless: an equally likely world with another answer and the very same frame ``t``.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from framewise.lab._canvas import SIDE, Sprite
from framewise.lab._sprites import COLORS, SHAPES

NUM_FRAMES = 64
GRID = (2, 4, 8, 16, 32, 64)


def sampled(m: int) -> list[int]:
    """Frames that uniform sampling picks: the middle of each of ``m`` equal segments."""
    return [(2 * i + 1) * NUM_FRAMES // (2 * m) for i in range(m)]


@dataclass(frozen=True)
class World(ABC):
    """One clip of one skill."""

    min_frames: int

    skill: ClassVar[str]
    grid: ClassVar[tuple[int, ...]] = GRID
    """Minimal budgets that this skill can have with every answer."""

    @classmethod
    @abstractmethod
    def random(cls, rng: np.random.Generator, min_frames: int) -> "World":
        """Draw a world; the answer is uniform whatever ``min_frames`` is."""

    @abstractmethod
    def sprites(self, t: int) -> tuple[Sprite, ...]:
        """What is seen in frame ``t``."""

    @property
    @abstractmethod
    def answer(self) -> str:
        """The truth."""

    @property
    @abstractmethod
    def choices(self) -> tuple[str, ...]:
        """All answers that are possible, the true one included."""

    @property
    @abstractmethod
    def names(self) -> dict[str, str]:
        """What question templates are filled with."""

    @abstractmethod
    def sufficient(self, m: int) -> bool:
        """Whether ``m`` uniform frames determine the answer."""

    @abstractmethod
    def twin(self, t: int, answer: str) -> "World":
        """An equally likely world with the same frame ``t`` and the given answer."""


_STEPS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}


def _travelled(distance: int, t: int) -> int:
    """Pixels moved by frame ``t`` by a thing that moves ``distance`` in the whole clip."""
    return distance * t // NUM_FRAMES


@dataclass(frozen=True)
class Direction(World):
    """A shape moves around the torus: at ``min_frames`` it steps a quarter of the world, at half of them one half.

    A step of exactly half the world looks the same in both directions.
    """

    name: str
    color: str
    x: int
    y: int
    heading: str

    skill: ClassVar[str] = "direction"
    choices: ClassVar[tuple[str, ...]] = tuple(_STEPS)

    @classmethod
    def random(cls, rng: np.random.Generator, min_frames: int) -> "Direction":
        name, color = _pick(rng, SHAPES, 1)[0], _pick(rng, tuple(COLORS), 1)[0]
        x, y = (int(v) for v in rng.integers(SIDE, size=2))
        return cls(min_frames, name, color, x, y, str(rng.choice(cls.choices)))

    def sprites(self, t: int) -> tuple[Sprite, ...]:
        (dx, dy), far = _STEPS[self.heading], _travelled(16 * self.min_frames, t)
        return (
            Sprite("shape", self.name, self.color, (self.x + dx * far) % SIDE, (self.y + dy * far) % SIDE),
        )

    @property
    def answer(self) -> str:
        return self.heading

    @property
    def names(self) -> dict[str, str]:
        return {"a": self.name}

    def sufficient(self, m: int) -> bool:
        return m > 1 and 16 * self.min_frames / m < SIDE / 2

    def twin(self, t: int, answer: str) -> "Direction":
        here = self.sprites(t)[0]
        (dx, dy), far = _STEPS[answer], _travelled(16 * self.min_frames, t)
        return replace(self, heading=answer, x=(here.x - dx * far) % SIDE, y=(here.y - dy * far) % SIDE)


@dataclass(frozen=True)
class Speed(World):
    """Two shapes move on two lanes, one three times as fast: at half of ``min_frames`` their steps look equal."""

    fast: tuple[str, str, int, int]
    """Name, color, x at frame 0, heading -1 or 1."""
    slow: tuple[str, str, int, int]
    fast_on_top: bool

    skill: ClassVar[str] = "speed"

    @classmethod
    def random(cls, rng: np.random.Generator, min_frames: int) -> "Speed":
        names, colors = _pick(rng, SHAPES, 2), _pick(rng, tuple(COLORS), 2)
        things = [
            (name, color, int(rng.integers(SIDE)), int(rng.choice((-1, 1))))
            for name, color in zip(names, colors, strict=True)
        ]
        return cls(min_frames, things[0], things[1], bool(rng.integers(2)))

    def sprites(self, t: int) -> tuple[Sprite, ...]:
        top, bottom = 9, 41
        lanes = (top, bottom) if self.fast_on_top else (bottom, top)
        seen = []
        for (name, color, x, heading), distance, y in zip(
            (self.fast, self.slow), (24, 8), lanes, strict=True
        ):
            x = (x + heading * _travelled(distance * self.min_frames, t)) % SIDE
            seen.append(Sprite("shape", name, color, x, y))
        return tuple(sorted(seen, key=lambda s: s.y))

    @property
    def answer(self) -> str:
        return self.fast[0]

    @property
    def choices(self) -> tuple[str, ...]:
        return tuple(sorted((self.fast[0], self.slow[0])))

    @property
    def names(self) -> dict[str, str]:
        a, b = self.choices
        return {"a": a, "b": b}

    def sufficient(self, m: int) -> bool:
        return m > 1 and 24 * self.min_frames / m < SIDE / 2

    def twin(self, t: int, answer: str) -> "Speed":
        if answer == self.answer:
            return self
        shift = _travelled(24 * self.min_frames, t) - _travelled(8 * self.min_frames, t)
        (n1, c1, x1, h1), (n2, c2, x2, h2) = self.fast, self.slow
        fast, slow = (n2, c2, (x2 - h2 * shift) % SIDE, h2), (n1, c1, (x1 + h1 * shift) % SIDE, h1)
        return replace(self, fast=fast, slow=slow, fast_on_top=not self.fast_on_top)


def _pick(rng: np.random.Generator, values: tuple[str, ...], count: int) -> list[str]:
    return [str(v) for v in rng.permutation(values)[:count]]
