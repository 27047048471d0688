"""Video skills about changes: what changed first, how often, and where something ended."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from framewise.lab._canvas import Sprite
from framewise.lab._motion import GRID, NUM_FRAMES, World, _pick, sampled
from framewise.lab._sprites import COLORS, SHAPES

_LEFT, _RIGHT = (8, 25), (42, 25)


@dataclass(frozen=True)
class Order(World):
    """Two shapes change colour once each; a frame between the changes and one outside tell which was first."""

    first: tuple[str, str, str]
    """Name, colour before, colour after."""
    second: tuple[str, str, str]
    at: tuple[int, int]
    """Frames at which the first and the second show their new colour."""
    first_on_left: bool

    skill: ClassVar[str] = "order"

    @classmethod
    def random(cls, rng: np.random.Generator, min_frames: int) -> "Order":
        names, colors = _pick(rng, SHAPES, 2), _pick(rng, tuple(COLORS), 4)
        first, second = (names[0], colors[0], colors[1]), (names[1], colors[2], colors[3])
        while True:
            a, b = sorted(int(v) for v in rng.choice(np.arange(1, NUM_FRAMES), size=2, replace=False))
            world = cls(min_frames, first, second, (a, b), bool(rng.integers(2)))
            if smallest_sufficient(world) == min_frames:
                return world

    def sprites(self, t: int) -> tuple[Sprite, ...]:
        places = (_LEFT, _RIGHT) if self.first_on_left else (_RIGHT, _LEFT)
        seen = [
            Sprite("shape", name, after if t >= at else before, *place)
            for (name, before, after), at, place in zip(
                (self.first, self.second), self.at, places, strict=True
            )
        ]
        return tuple(sorted(seen, key=lambda s: s.x))

    @property
    def answer(self) -> str:
        return self.first[0]

    @property
    def choices(self) -> tuple[str, ...]:
        return tuple(sorted((self.first[0], self.second[0])))

    @property
    def names(self) -> dict[str, str]:
        a, b = self.choices
        return {"a": a, "b": b}

    def sufficient(self, m: int) -> bool:
        between = sum(self.at[0] <= t < self.at[1] for t in sampled(m))
        return 0 < between < m

    def twin(self, t: int, answer: str) -> "Order":
        if answer == self.answer:
            return self
        first, second = self.second, self.first
        if self.at[0] <= t < self.at[1]:
            first, second = (first[0], first[2], first[1]), (second[0], second[2], second[1])
        return replace(self, first=first, second=second, first_on_left=not self.first_on_left)


@dataclass(frozen=True)
class Events(World):
    """A shape changes colour one to four times; every colour must be seen to count them."""

    name: str
    colors: tuple[str, ...]
    """Colour of each stretch, neighbours different."""
    at: tuple[int, ...]
    """Frames at which a new stretch begins."""

    skill: ClassVar[str] = "events"
    grid: ClassVar[tuple[int, ...]] = GRID[2:]
    choices: ClassVar[tuple[str, ...]] = ("1", "2", "3", "4")

    @classmethod
    def random(cls, rng: np.random.Generator, min_frames: int) -> "Events":
        return cls._draw(rng, min_frames, _pick(rng, SHAPES, 1)[0], int(rng.integers(1, 5)))

    @classmethod
    def _draw(cls, rng: np.random.Generator, min_frames: int, name: str, count: int) -> "Events":
        colors = [_pick(rng, tuple(COLORS), 1)[0]]
        for _ in range(count):
            colors.append(_pick(rng, tuple(c for c in COLORS if c != colors[-1]), 1)[0])
        while True:
            at = sorted(int(v) for v in rng.choice(np.arange(1, NUM_FRAMES), size=count, replace=False))
            world = cls(min_frames, name, tuple(colors), tuple(at))
            if smallest_sufficient(world) == min_frames:
                return world

    def sprites(self, t: int) -> tuple[Sprite, ...]:
        return (Sprite("shape", self.name, self.colors[self._stretch(t)], 25, 25),)

    @property
    def answer(self) -> str:
        return str(len(self.at))

    @property
    def names(self) -> dict[str, str]:
        return {"a": self.name}

    def sufficient(self, m: int) -> bool:
        return {self._stretch(t) for t in sampled(m)} == set(range(len(self.colors)))

    def twin(self, t: int, answer: str) -> "Events":
        """Draw the twin's times afresh; renaming two colours everywhere makes its frame ``t`` equal."""
        if answer == self.answer:
            return self
        other = self._draw(np.random.default_rng([t, *self.at]), self.min_frames, self.name, int(answer))
        wanted, found = self.colors[self._stretch(t)], other.colors[other._stretch(t)]
        rename = {wanted: found, found: wanted}
        return replace(other, colors=tuple(rename.get(c, c) for c in other.colors))

    def _stretch(self, t: int) -> int:
        return sum(t >= at for at in self.at)


@dataclass(frozen=True)
class Final(World):
    """A ball is shown above one of two boxes, then hidden; the boxes may change places. Where does it end?"""

    boxes: tuple[str, str]
    """Colours of the boxes, left then right, at the start."""
    ball_left: bool
    shown: int
    """Frames for which the ball is shown."""
    swapped: bool
    at: int
    """Frame at which the boxes change places, if they do."""

    skill: ClassVar[str] = "final"
    choices: ClassVar[tuple[str, ...]] = ("left", "right")

    @classmethod
    def random(cls, rng: np.random.Generator, min_frames: int) -> "Final":
        left, right = _pick(rng, tuple(c for c in COLORS if c != "white"), 2)
        enough, short = NUM_FRAMES // 2 // min_frames, NUM_FRAMES // min_frames
        shown = int(rng.integers(enough + 1, short + 1)) if min_frames < NUM_FRAMES else 1
        at = int(rng.integers(shown, 41))
        return cls(min_frames, (left, right), bool(rng.integers(2)), shown, bool(rng.integers(2)), at)

    def sprites(self, t: int) -> tuple[Sprite, ...]:
        left, right = self.boxes[::-1] if self.swapped and t >= self.at else self.boxes
        seen = [Sprite("shape", "square", left, 8, 40), Sprite("shape", "square", right, 42, 40)]
        if t < self.shown:
            seen.append(Sprite("shape", "circle", "white", 8 if self.ball_left else 42, 12))
        return tuple(seen)

    @property
    def answer(self) -> str:
        return "left" if self.ball_left != self.swapped else "right"

    @property
    def names(self) -> dict[str, str]:
        return {}

    def sufficient(self, m: int) -> bool:
        frames = sampled(m)
        return frames[0] < self.shown and frames[-1] >= self.at and m > 1

    def twin(self, t: int, answer: str) -> "Final":
        if answer == self.answer:
            return self
        if t >= self.shown:
            return replace(self, ball_left=not self.ball_left)
        return replace(self, swapped=not self.swapped)


def smallest_sufficient(world: World) -> int | None:
    """The smallest count of the grid from which on all counts of the grid suffice, by trying them all."""
    enough = None
    for m in reversed(GRID):
        if not world.sufficient(m):
            break
        enough = m
    return enough
