"""How questions are worded, and what the wording gives away about the frames that they need.

Three disjoint sets of templates: ``IMAGE`` for pictures, ``VIDEO`` for clips (training and evaluation), and
``ALLOCATOR`` on which the checkpoint learns to judge frame budgets and which is never used anywhere else. Real
instructions carry hints of pace ("the quick pass"); here a pace word is said with probability PACE_SAID, so that
the wording tells part of the truth and not all of it.
"""

from collections.abc import Mapping, Sequence

import numpy as np

OPTIONS = (8, 16, 32, 64)
"""The paper's frame budgets."""

PACE_SAID = 0.75
"""Probability that a temporal question names its pace."""

PACES: Mapping[int, tuple[str, ...]] = {
    8: ("slow", "calm"),
    16: ("quick", "brisk"),
    32: ("rapid", "swift"),
    64: ("instant", "sudden"),
}

IMAGE: Mapping[str, tuple[str, ...]] = {
    "attribute": ("What color is the {a}?", "Which color does the {a} have?", "Name the color of the {a}."),
    "position": ("Where is the {a}?", "In which corner is the {a}?", "Name the corner of the {a}."),
    "horizontal": (
        "Is the {a} left or right of the {b}?",
        "On which side of the {b} is the {a}, left or right?",
    ),
    "vertical": ("Is the {a} above or below the {b}?", "Does the {a} lie above or below the {b}?"),
    "count": ("How many things are there?", "Count the things.", "What number of things is shown?"),
    "existence": ("Is there a {a}?", "Does the picture show a {a}?", "Can you see a {a}?"),
    "reading": ("What letter is written?", "Read the letter.", "Which letter is shown?"),
    "identity": ("Who is this?", "Name the badge.", "Whose badge is shown?"),
}

VIDEO: Mapping[str, tuple[str, ...]] = {
    "direction": ("In this {pace} clip, which way does the {a} move?", "Which way does the {pace} {a} move?"),
    "order": (
        "In this {pace} clip, which changes color first, the {a} or the {b}?",
        "Does the {a} or the {b} make the first {pace} change?",
    ),
    "events": (
        "In this {pace} clip, how many times does the {a} change color?",
        "How many {pace} changes does the {a} make?",
    ),
    "speed": (
        "In this {pace} clip, which moves faster, the {a} or the {b}?",
        "Does the {a} or the {b} win the {pace} race?",
    ),
    "final": (
        "In this {pace} clip, on which side is the ball at the end?",
        "After the {pace} show, is the ball left or right?",
    ),
}

ALLOCATOR: Mapping[str, tuple[str, ...]] = {
    "attribute": (
        "Of what color is the {a}?",
        "The {a} has which color?",
        "Say the color of the {a} in this clip.",
    ),
    "position": (
        "The {a} is in which corner?",
        "Find the corner with the {a}.",
        "Say where in the clip the {a} is.",
    ),
    "horizontal": (
        "Left or right of the {b}: where is the {a}?",
        "The {a} lies on what side of the {b}, left or right?",
    ),
    "vertical": ("Above or below the {b}: where is the {a}?", "The {a} is what of the {b}, above or below?"),
    "count": (
        "The number of things is what?",
        "Say how many things you see.",
        "In this clip there are how many things?",
    ),
    "existence": ("Is a {a} there?", "Is a {a} shown?", "Say if you see a {a} in this clip."),
    "reading": (
        "The letter is which?",
        "Say what letter you see.",
        "What is the written letter in this clip?",
    ),
    "identity": ("This is whose badge?", "Say who is shown.", "In this clip, the badge shown is of who?"),
    "direction": (
        "The {a} moves which way in the {pace} scene?",
        "Say where the {pace} {a} goes.",
        "What way is the move of the {a} in this {pace} clip?",
    ),
    "order": (
        "First to change in the {pace} scene: the {a} or the {b}?",
        "Say if the {a} or the {b} has the {pace} change first.",
        "The first {pace} change is of which, the {a} or the {b}?",
    ),
    "events": (
        "Count the {pace} changes of the {a}.",
        "The {a} changes color how many times in the {pace} scene?",
        "Say how many times there is a {pace} change of the {a}.",
    ),
    "speed": (
        "Faster in the {pace} scene: the {a} or the {b}?",
        "Say who wins the {pace} race, the {a} or the {b}.",
        "In the {pace} clip the {a} or the {b} moves faster?",
    ),
    "final": (
        "The {pace} scene ends: on which side is the ball?",
        "Say where the ball is after the {pace} scene.",
        "At the end of the {pace} clip, the ball is on what side?",
    ),
}


def pace_word(min_frames: int, rng: np.random.Generator) -> str:
    """A word for the pace of an event that needs ``min_frames``, or nothing."""
    if rng.random() >= PACE_SAID:
        return ""
    return str(rng.choice(PACES[option_for(min_frames)]))


def option_for(min_frames: int) -> int:
    """The smallest of the paper's budgets that is enough."""
    return next(option for option in OPTIONS if option >= min_frames)


def phrase(templates: Sequence[str], rng: np.random.Generator, *, pace: str = "", **names: str) -> str:
    """Fill one template; an empty pace leaves no double blank."""
    return " ".join(str(rng.choice(list(templates))).format(pace=pace, **names).split())


def shuffle_words(text: str, rng: np.random.Generator) -> str:
    """The words of ``text`` in random order: what they say without how they are put."""
    return " ".join(str(word) for word in rng.permutation(text.split()))
