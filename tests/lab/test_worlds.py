"""Every world knows its answer and its minimal budget, and no single frame of it tells the answer."""

import numpy as np
import pytest

from framewise.lab._canvas import draw
from framewise.lab._events import smallest_sufficient
from framewise.lab._motion import GRID, NUM_FRAMES, sampled
from framewise.lab._worlds import WORLDS

CASES = [(skill, m) for skill, world in WORLDS.items() for m in world.grid]


@pytest.mark.parametrize(("skill", "min_frames"), CASES)
def test_min_frames_is_the_smallest_count_that_suffices(skill, min_frames):
    rng = np.random.default_rng(min_frames)
    for _ in range(20):
        world = WORLDS[skill].random(rng, min_frames)
        assert smallest_sufficient(world) == min_frames
        assert world.answer in world.choices


@pytest.mark.parametrize(("skill", "min_frames"), CASES)
def test_every_frame_has_a_twin_for_every_answer(skill, min_frames):
    """The proof of chance: the same picture occurs, equally likely, with each answer."""
    rng = np.random.default_rng([3, min_frames])
    for _ in range(3):
        world = WORLDS[skill].random(rng, min_frames)
        for t in range(NUM_FRAMES):
            for answer in world.choices:
                twin = world.twin(t, answer)
                assert twin.answer == answer
                assert smallest_sufficient(twin) == min_frames
                assert sorted(twin.choices) == sorted(world.choices)
                assert (draw(twin.sprites(t)) == draw(world.sprites(t))).all()


@pytest.mark.parametrize(("skill", "min_frames"), CASES)
def test_twins_come_back(skill, min_frames):
    """Twins map the worlds of one answer one to one onto those of another, so equal pictures are equally likely."""
    if skill == "events":
        pytest.skip("its twin draws new times; see test_no_classifier_beats_chance_on_one_frame")
    rng = np.random.default_rng([4, min_frames])
    world = WORLDS[skill].random(rng, min_frames)
    for t in range(NUM_FRAMES):
        for answer in world.choices:
            assert world.twin(t, answer).twin(t, world.answer) == world


@pytest.mark.parametrize("skill", WORLDS)
@pytest.mark.parametrize("t", [0, 1, 20, 31, 32, 47, 62, 63])
def test_no_classifier_beats_chance_on_one_frame(skill, t):
    """The best guess from what one known frame shows, learned on half of many worlds, is at chance on the other."""
    rng = np.random.default_rng([5, t])
    worlds = [WORLDS[skill].random(rng, int(rng.choice([8, 16, 32]))) for _ in range(1500)]
    votes: dict[object, list[int]] = {}
    for world in worlds[:750]:
        counts = votes.setdefault(_picture(world, t), [0] * len(world.choices))
        counts[world.choices.index(world.answer)] += 1
    right = [
        w.choices.index(w.answer) == int(np.argmax(votes[_picture(w, t)]))
        for w in worlds[750:]
        if _picture(w, t) in votes
    ]
    chance = 1 / len(worlds[0].choices)
    assert len(right) > 200
    assert abs(np.mean(right) - chance) < 4 * np.sqrt(chance * (1 - chance) / len(right))


@pytest.mark.parametrize("skill", ["direction", "speed"])
def test_half_the_budget_is_exactly_ambiguous(skill):
    """At half of min_frames the sampled pictures also occur with another answer, in the same order."""
    rng = np.random.default_rng(6)
    for min_frames in GRID[1:]:
        world = WORLDS[skill].random(rng, min_frames)
        frames = sampled(min_frames // 2)
        seen = [draw(world.sprites(t)) for t in frames]
        others = [world.twin(frames[0], answer) for answer in world.choices if answer != world.answer]
        if skill == "speed":
            flip = [(s1, s2) for s1 in (-1, 1) for s2 in (-1, 1)]
            others = [_with_headings(other, *signs, frames[0]) for other in others for signs in flip]
        assert any(
            all((draw(o.sprites(t)) == p).all() for t, p in zip(frames, seen, strict=True)) for o in others
        )


def _with_headings(world, fast, slow, t):
    from dataclasses import replace

    from framewise.lab._canvas import SIDE

    def turned(thing, heading, distance):
        name, color, x, old = thing
        far = distance * world.min_frames * t // NUM_FRAMES
        return (name, color, (x + old * far - heading * far) % SIDE, heading)

    return replace(world, fast=turned(world.fast, fast, 24), slow=turned(world.slow, slow, 8))


def _picture(world, t):
    """What frame t shows, coarse enough to repeat: names in choice order, colours, and quarters of the picture."""
    order = {name: i for i, name in enumerate(world.choices)}
    return tuple(
        (
            order.get(s.name, s.name if s.kind != "shape" else "shape"),
            s.color in ("red", "white", "blue"),
            s.x // 32,
            s.y // 32,
        )
        for s in world.sprites(t)
    )
