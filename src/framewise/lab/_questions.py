"""Questions about clips: the temporal one that the clip was made for, and distractors that one frame answers."""

from dataclasses import dataclass

import numpy as np

from framewise.lab._motion import World
from framewise.lab._scenes import Question, Scene, ask
from framewise.lab._wording import VIDEO, pace_word, phrase

# What stays true in every frame of a clip, so that any frame answers it.
_STILL_SKILLS = {
    "direction": ("attribute", "existence", "count"),
    "speed": ("attribute", "existence", "count"),
    "order": ("existence", "count"),
    "events": ("existence", "count"),
    "final": (),
}


@dataclass(frozen=True)
class ClipQuestion:
    """A question about a clip with the smallest budget that answers it."""

    question: Question
    min_frames: int
    """1 for a distractor."""


def temporal_question(world: World, rng: np.random.Generator) -> ClipQuestion:
    """The question that the world was made for; its wording may name the pace."""
    text = phrase(VIDEO[world.skill], rng, pace=pace_word(world.min_frames, rng), **world.names)
    question = Question(world.skill, text, world.answer, world.choices, world.skill, world.names)
    return ClipQuestion(question, world.min_frames)


def distractors(world: World, rng: np.random.Generator) -> list[ClipQuestion]:
    """At most one question about the clip that any single frame answers."""
    skills = _STILL_SKILLS[world.skill]
    if not skills:
        return []
    question = ask(str(rng.choice(skills)), Scene(world.sprites(0)), rng)
    return [ClipQuestion(question, 1)] if question is not None else []
