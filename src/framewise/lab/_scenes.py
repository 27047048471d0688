"""Still scenes and the questions that one picture answers: the lab's image skills."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from framewise.lab._canvas import SIDE, Sprite, overlaps
from framewise.lab._sprites import BADGES, COLORS, LETTERS, SHAPES, SIZE
from framewise.lab._wording import IMAGE, phrase

IMAGE_SKILLS = ("attribute", "position", "relation", "count", "existence", "reading", "identity")
"""The subtasks of the image benchmark."""

_CELL = 16
_CORNERS = ("top left", "top right", "bottom left", "bottom right")


@dataclass(frozen=True)
class Question:
    """A question, its answer and the answers that a blind guesser would choose from."""

    skill: str
    text: str
    answer: str
    choices: tuple[str, ...]
    wording: str
    """Key of the templates that the text was made from."""
    names: Mapping[str, str]
    """What the templates were filled with."""


@dataclass(frozen=True)
class Scene:
    """One still picture: up to five things without overlap, shapes all different."""

    sprites: tuple[Sprite, ...]

    def of_kind(self, kind: str) -> list[Sprite]:
        """The sprites of one kind, in drawing order."""
        return [s for s in self.sprites if s.kind == kind]


def random_scene(
    rng: np.random.Generator, *, count: int | None = None, need: Sequence[str] = (), free: bool = False
) -> Scene:
    """Draw a scene with ``count`` things (1 to 5, uniform by default), among them one of each kind in ``need``.

    Things stand in the cells of a 4 x 4 grid; with ``free`` they stand anywhere.
    """
    count = int(rng.integers(1, 6)) if count is None else count
    kinds = list(need)
    while len(kinds) < count:
        kind = str(rng.choice(["shape", "shape", "shape", "letter", "badge"]))
        if kind == "shape" or kind not in kinds:
            kinds.append(kind)
    names = {
        "shape": list(rng.permutation(SHAPES)),
        "letter": [rng.choice(LETTERS)],
        "badge": [rng.choice(BADGES)],
    }
    things = [(kind, str(names[kind][kinds[:i].count(kind)])) for i, kind in enumerate(kinds)]
    while True:
        sprites = _place(rng, things, free=free)
        if sprites is not None:
            return Scene(tuple(sprites[i] for i in rng.permutation(len(sprites))))


def corner(sprite: Sprite) -> str:
    """The quarter of the picture that holds the sprite's centre; scenes keep clear of the middle lines."""
    half = (SIDE - SIZE) / 2
    return _CORNERS[2 * (sprite.y > half) + (sprite.x > half)]


def noun(sprite: Sprite) -> str:
    """What a description calls the sprite."""
    return sprite.name if sprite.kind == "shape" else f"{sprite.kind} {sprite.name}"


def relation(a: Sprite, b: Sprite) -> str:
    """How ``a`` lies to ``b`` along the axis on which they are farther apart."""
    if abs(a.x - b.x) > abs(a.y - b.y):
        return "left" if a.x < b.x else "right"
    return "above" if a.y < b.y else "below"


def ask(skill: str, scene: Scene, rng: np.random.Generator) -> Question | None:
    """A question of the skill about the scene, or None where the scene has nothing to ask about."""
    shapes = [scene.of_kind("shape")[i] for i in rng.permutation(len(scene.of_kind("shape")))]
    if skill == "count":
        return _question(skill, skill, str(len(scene.sprites)), ("1", "2", "3", "4", "5"), rng)
    if skill in ("reading", "identity"):
        found = scene.of_kind("letter" if skill == "reading" else "badge")
        return (
            _question(skill, skill, found[0].name, LETTERS if skill == "reading" else BADGES, rng)
            if found
            else None
        )
    if not shapes:
        return None
    a = shapes[0]
    if skill == "attribute":
        return _question(skill, skill, a.color, tuple(COLORS), rng, a=a.name)
    if skill == "position":
        return _question(skill, skill, corner(a), _CORNERS, rng, a=a.name)
    if skill == "existence":
        return _existence(scene, a, rng)
    return _relation(shapes, rng)


def _existence(scene: Scene, a: Sprite, rng: np.random.Generator) -> Question:
    there = bool(rng.integers(2))
    absent = [s for s in SHAPES if s not in {t.name for t in scene.of_kind("shape")}]
    there = there or not absent
    name = a.name if there else str(rng.choice(absent))
    return _question("existence", "existence", "yes" if there else "no", ("yes", "no"), rng, a=name)


def _relation(shapes: list[Sprite], rng: np.random.Generator) -> Question | None:
    if len(shapes) < 2:
        return None
    a, b = shapes[:2]
    answer = relation(a, b)
    horizontal = answer in ("left", "right")
    choices = ("left", "right") if horizontal else ("above", "below")
    return _question(
        "relation", "horizontal" if horizontal else "vertical", answer, choices, rng, a=a.name, b=b.name
    )


def _question(
    skill: str, wording: str, answer: str, choices: Sequence[str], rng: np.random.Generator, **names: str
) -> Question:
    return Question(skill, phrase(IMAGE[wording], rng, **names), answer, tuple(choices), wording, names)


def _place(rng: np.random.Generator, things: list[tuple[str, str]], *, free: bool) -> list[Sprite] | None:
    """Put things into cells of a 4 x 4 grid, a little off centre, or anywhere clear of each other."""
    placed: list[Sprite] = []
    half = (SIDE - SIZE) // 2
    cells = [(int(i) // 4 * _CELL, int(i) % 4 * _CELL) for i in rng.permutation(16)]
    for kind, name in things:
        for _ in range(40):
            x, y = (int(v) for v in rng.integers(0, SIDE - SIZE + 1, size=2))
            if not free:
                x, y = (cells[len(placed)][axis] + int(rng.integers(_CELL - SIZE + 1)) for axis in (0, 1))
            sprite = Sprite(kind, name, str(rng.choice(list(COLORS))), x, y)
            clear = not free or not any(overlaps(sprite, other) for other in placed)
            if min(abs(x - half), abs(y - half)) > 3 and clear:
                placed.append(sprite)
                break
        else:
            return None
    return placed
