"""Pictures have the answers that their questions claim."""

from collections import Counter

import numpy as np
import pytest

from framewise.lab._canvas import SIDE, draw, overlaps
from framewise.lab._descriptions import DESCRIPTIONS
from framewise.lab._scenes import IMAGE_SKILLS, ask, corner, random_scene
from framewise.lab._sprites import BADGES, COLORS, LETTERS, SHAPES, SIZE, badge_mask, letter_mask, shape_mask


@pytest.mark.parametrize("free", [False, True])
def test_things_stand_clear_of_each_other_and_of_the_middle_lines(free):
    rng = np.random.default_rng(0)
    for _ in range(300):
        scene = random_scene(rng, free=free)
        for i, a in enumerate(scene.sprites):
            assert 0 <= a.x <= SIDE - SIZE
            assert 0 <= a.y <= SIDE - SIZE
            assert abs(a.x + SIZE / 2 - SIDE / 2) > 3
            assert not any(overlaps(a, b, margin=0) for b in scene.sprites[:i])


def test_names_of_shapes_are_unique_in_a_scene():
    rng = np.random.default_rng(1)
    for _ in range(300):
        names = [s.name for s in random_scene(rng).of_kind("shape")]
        assert len(set(names)) == len(names)


@pytest.mark.parametrize("skill", IMAGE_SKILLS)
def test_answers_are_true_and_among_the_choices(skill):
    rng = np.random.default_rng(2)
    answers = Counter()
    for _ in range(400):
        scene = random_scene(rng)
        question = ask(skill, scene, rng)
        if question is None:
            continue
        answers[question.answer] += 1
        assert question.answer in question.choices
        assert question.answer == _truth(question, scene)
    assert len(answers) >= 2
    if skill == "existence":
        assert 0.4 < answers["yes"] / answers.total() < 0.6


def _truth(question, scene):
    """The answer read off the drawn pixels or the sprites by other means than the question's own."""
    sprites = {s.name: s for s in scene.sprites}
    a, b = (sprites.get(question.names.get(key, "")) for key in "ab")
    if question.skill == "attribute":
        rows, columns = np.nonzero(shape_mask(a.name))
        pixels = draw(scene.sprites)[rows + a.y, columns + a.x]
        return next(name for name, rgb in COLORS.items() if (pixels == rgb).all())
    if question.skill == "position":
        vertical = "top" if a.y + SIZE / 2 < SIDE / 2 else "bottom"
        return f"{vertical} {'left' if a.x + SIZE / 2 < SIDE / 2 else 'right'}"
    if question.skill == "relation":
        across = "left" in question.choices
        lower = a.x < b.x if across else a.y < b.y
        return question.choices[0 if lower else 1]
    if question.skill == "existence":
        return "yes" if a else "no"
    if question.skill == "count":
        return str(len(scene.sprites))
    return next(
        s.name for s in scene.sprites if s.kind == ("letter" if question.skill == "reading" else "badge")
    )


def test_masks_are_all_different():
    masks = [
        m(n)
        for m, names in ((shape_mask, SHAPES), (letter_mask, LETTERS), (badge_mask, BADGES))
        for n in names
    ]
    assert all(mask.shape == (SIZE, SIZE) for mask in masks)
    assert len({mask.tobytes() for mask in masks}) == len(masks) == len(SHAPES) + 16 + 32


def test_descriptions_name_everything_they_should():
    rng = np.random.default_rng(3)
    scene = random_scene(rng, count=4)
    for request in ("Describe the picture.", "List the facts."):
        text = DESCRIPTIONS[request](scene, rng)
        assert all(f"{s.name}" in text and s.color in text and corner(s) in text for s in scene.sprites)
    check = DESCRIPTIONS["Check the shapes."](scene, rng).split(", ")
    there = {s.name for s in scene.sprites}
    assert sorted(check) == sorted(f"{shape} {'yes' if shape in there else 'no'}" for shape in SHAPES)
