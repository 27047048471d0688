"""What the lab's checkpoint is pre-trained on: pictures described and asked about, and frame budgets judged."""

from dataclasses import dataclass

import numpy as np

from framewise.budgets import question_prompt
from framewise.families import Visual
from framewise.lab._canvas import draw
from framewise.lab._descriptions import describe
from framewise.lab._motion import GRID
from framewise.lab._scenes import IMAGE_SKILLS, Scene, ask, random_scene
from framewise.lab._wording import ALLOCATOR, OPTIONS, option_for, pace_word, phrase, shuffle_words
from framewise.lab._worlds import WORLDS
from framewise.records import Turn

FREE_SHARE = 0.2
"""Share of pictures whose things stand anywhere, as they do in clips."""


@dataclass(frozen=True)
class Lesson:
    """One pre-training conversation."""

    turns: tuple[Turn, ...]
    visuals: tuple[Visual, ...]


def lesson(
    rng: np.random.Generator, *, progress: float, allocator_share: float, num_relations: int = 1
) -> Lesson:
    """Draw a lesson.

    Dense descriptions give way to questions as ``progress`` goes from 0 to 1. Scenes are full from the start: a
    checkpoint that begins with single things learns to answer without reading which thing is asked about. Relations,
    the hardest skill, are asked ``num_relations`` times a scene.
    """
    if rng.random() < allocator_share:
        return _allocator_lesson(rng)
    kinds = [str(kind) for kind in rng.permutation(["letter", "badge"]) if rng.random() < 0.5]
    count = int(rng.integers(max(1, len(kinds)), 6))
    scene = random_scene(rng, count=count, need=kinds, free=rng.random() < FREE_SHARE)
    description = describe(scene, rng)
    if rng.random() < max(0.15, 0.6 - progress):
        return _picture_lesson(scene, [description])
    skills = [*IMAGE_SKILLS, *["relation"] * (num_relations - 1)]
    asked = [question for question in (ask(skill, scene, rng) for skill in skills) if question]
    dialogue = [(asked[i].text, asked[i].answer) for i in rng.permutation(len(asked))]
    if rng.random() < 0.5:
        # Last, or the questions after it would be answered from its text and not from the picture.
        dialogue.append(description)
    return _picture_lesson(scene, dialogue)


def _picture_lesson(scene: Scene, dialogue: list[tuple[str, str]]) -> Lesson:
    pixels = draw(scene.sprites)[None]
    turns = _turns(dialogue)
    first = Turn(role="user", text=f"<image>{turns[0].text}")
    return Lesson((first, *turns[1:]), (Visual(kind="image", pixels=pixels, times_seconds=np.zeros(1)),))


def _allocator_lesson(rng: np.random.Generator) -> Lesson:
    """The allocator's own prompt around a question in the wordings that are used nowhere else.

    Half of the questions have their words shuffled, so that the words are learned and not the sentences.
    """
    skill = str(rng.choice([*WORLDS, *["still"] * 4]))
    if skill == "still":
        question = None
        while question is None:
            question = ask(str(rng.choice(IMAGE_SKILLS)), random_scene(rng), rng)
        text, option = phrase(ALLOCATOR[question.wording], rng, **question.names), OPTIONS[0]
    else:
        option = option_for(int(rng.choice([m for m in GRID if m >= 4])))
        names = WORLDS[skill].random(rng, 8).names
        text = phrase(ALLOCATOR[skill], rng, pace=pace_word(option, rng), **names)
    if rng.random() < 0.5:
        text = shuffle_words(text, rng)
    return Lesson(_turns([(question_prompt(text, OPTIONS), str(option))]), ())


def _turns(dialogue: list[tuple[str, str]]) -> tuple[Turn, ...]:
    return tuple(
        turn for q, a in dialogue for turn in (Turn(role="user", text=q), Turn(role="assistant", text=a))
    )
