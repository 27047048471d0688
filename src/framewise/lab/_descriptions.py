"""Dense descriptions of a picture: many answers for one look, each right after the word that asks for it.

A question about a thing needs two steps of attention: from its name to the picture, and from the answer's place
to the name. Descriptions that put the answer next to the name teach the first step alone; without them the lab's
checkpoint never takes the second (docs/log.md).
"""

from collections.abc import Callable, Mapping

import numpy as np

from framewise.lab._scenes import Scene, corner, noun, relation
from framewise.lab._sprites import SHAPES


def describe(scene: Scene, rng: np.random.Generator) -> tuple[str, str]:
    """Draw one of the requests of ``DESCRIPTIONS`` and fulfil it: (request, description)."""
    possible = [request for request, make in DESCRIPTIONS.items() if make(scene, rng)]
    request = str(rng.choice(possible))
    return request, DESCRIPTIONS[request](scene, rng)


def _caption(scene: Scene, _: np.random.Generator) -> str:
    """Everything in reading order: colour, name, corner."""
    order = sorted(scene.sprites, key=lambda s: (s.y, s.x))
    return ", ".join(f"{s.color} {noun(s)} {corner(s)}" for s in order)


def _facts(scene: Scene, rng: np.random.Generator) -> str:
    """Everything in random order: name, colour, corner."""
    order = [scene.sprites[i] for i in rng.permutation(len(scene.sprites))]
    return ", ".join(f"{noun(s)} {s.color} {corner(s)}" for s in order)


def _places(scene: Scene, rng: np.random.Generator) -> str:
    """Everything in random order: name, corner."""
    order = [scene.sprites[i] for i in rng.permutation(len(scene.sprites))]
    return ", ".join(f"{noun(s)} {corner(s)}" for s in order)


def _check(scene: Scene, rng: np.random.Generator) -> str:
    """Every shape there could be, in random order: name, yes or no."""
    there = {s.name for s in scene.sprites}
    return ", ".join(f"{shape} {'yes' if shape in there else 'no'}" for shape in rng.permutation(SHAPES))


def _compare(scene: Scene, rng: np.random.Generator) -> str:
    """Up to four pairs of shapes: names, then how the first lies to the second."""
    shapes = scene.of_kind("shape")
    pairs = [(a, b) for a in shapes for b in shapes if a is not b]
    chosen = [pairs[i] for i in rng.permutation(len(pairs))[:4]]
    return ", ".join(f"{a.name} {b.name} {relation(a, b)}" for a, b in chosen)


DESCRIPTIONS: Mapping[str, Callable[[Scene, np.random.Generator], str]] = {
    "Describe the picture.": _caption,
    "List the facts.": _facts,
    "List the places.": _places,
    "Check the shapes.": _check,
    "Compare the shapes.": _compare,
}
"""Requests and what fulfils them; an empty description means that the scene has nothing to describe so."""
