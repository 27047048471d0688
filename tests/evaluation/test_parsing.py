import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framewise.evaluation import find_choice, words

COLOURS = ["red", "green", "blue", "dark blue"]


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("red", "red"),
        ("  RED.\n", "red"),
        ("**Red**", "red"),
        ("It's red, I think: red!", "red"),
        ("ｒｅｄ", "red"),  # full-width letters
        ("dark blue", "dark blue"),
        ("Dark-Blue", "dark blue"),
        ("the dark blue one", "dark blue"),
        ("(blue)", "blue"),
        ("", None),
        ("   ", None),
        ("...", None),
        ("yellow", None),
        ("red or green", None),
        ("dark blue or blue", None),
        ("redder", None),
        ("infrared", None),
        ("dark, blue", "dark blue"),
    ],
)
def test_colours(text, choice):
    assert find_choice(text, COLOURS) == choice


@pytest.mark.parametrize(
    ("text", "choices", "choice"),
    [
        ("There are 3.", ["2", "3", "13"], "3"),
        ("13", ["2", "3", "13"], "13"),
        ("1.5", ["5", "1"], None),
        ("1.5 m", ["1.5", "5"], "1.5"),
        ("2,3", ["2", "3"], None),
        ("Yes, there is.", ["yes", "no"], "yes"),
        ("No. Not one.", ["yes", "no"], "no"),
        ("yes/no", ["yes", "no"], None),
        ("it's T", ["T", "S"], "T"),
        ("a b c", ["a b", "b c"], None),  # two places overlap, neither holds the other
        ("anything", [], None),
        ("Straße", ["STRASSE", "weg"], "STRASSE"),
        ("\u0000\ud7ff red", ["red", "blue"], "red"),
    ],
)
def test_other_choices(text, choices, choice):
    assert find_choice(text, choices) == choice


def reference(text: str, choices: list[str]) -> str | None:
    """The rule, spelled out on padded strings: delete what stands inside a longer choice, then count."""

    def pad(value: str) -> str:
        return " " + " ".join(words(value)) + " "

    said = pad(text)
    for choice in choices:
        if pad(choice) == said:
            return choice
    marks = {
        c: {(m.start(), m.start() + len(pad(c))) for m in re.finditer(f"(?={re.escape(pad(c))})", said)}
        for c in choices
    }
    every = [span for spans in marks.values() for span in spans]
    outer = [
        c
        for c, spans in marks.items()
        for s in spans
        if not any(o != s and o[0] <= s[0] and s[1] <= o[1] for o in every)
    ]
    return outer[0] if len(set(outer)) == 1 else None


VOCABULARY = ["red", "dark", "blue", "dark blue", "very dark blue", "blue red"]


@given(st.lists(st.sampled_from(["red", "dark", "blue", "very", "x", ",", "."]), max_size=7).map(" ".join))
def test_agrees_with_the_reference(text):
    assert find_choice(text, VOCABULARY) == reference(text, VOCABULARY)


@given(st.text())
def test_any_text_gives_a_choice_or_none(text):
    assert find_choice(text, COLOURS) in {*COLOURS, None}
    assert words(" ".join(words(text))) == words(text)


@given(st.sampled_from(COLOURS), st.sampled_from(["{}", "The answer is {}.", "<{}>", "I would say\n{}!"]))
def test_a_choice_in_a_sentence_is_found(choice, sentence):
    assert find_choice(sentence.format(choice.upper()), COLOURS) == choice
