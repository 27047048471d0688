"""Examples come out of their block of memory as they went in."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framewise.planning._example import Example, Examples
from framewise.records import Media, Record, Turn

TEXTS = st.text(st.characters(codec=None), min_size=1).filter(
    lambda text: "<" not in text
)  # Lone surrogates too.
SECONDS = st.floats(0, 1e6, allow_nan=False)


@st.composite
def examples(draw: st.DrawFn) -> Example:
    media = []
    for _ in range(draw(st.integers(0, 3))):
        start = draw(SECONDS)
        window = draw(st.sampled_from([{}, {"start_seconds": start, "end_seconds": start + 1}]))
        media.append(Media(kind="video", path=f"{len(media)}.mp4", **window))
    question = Turn(role="user", text="<video>" * len(media) + draw(TEXTS))
    record = Record(
        id=draw(TEXTS), source="s", task="open_ended", media=tuple(media),
        turns=(question, Turn(role="assistant", text=draw(TEXTS))),
    )  # fmt: skip
    counts = tuple(draw(st.integers(1, 64)) for _ in media)
    return Example(record, counts, {i: n for i, n in enumerate(counts) if n % 2})


@given(st.lists(examples(), max_size=4))
def test_each_comes_back_as_it_was(given):
    kept = Examples()
    for example in given:
        kept.append(example)
    assert list(kept) == given
    assert kept[:] == given
    assert kept[::-2] == given[::-2]
    assert [kept[-1 - i] for i in range(len(given))] == given[::-1]
    for beyond in (len(given), -len(given) - 1):
        with pytest.raises(IndexError):
            kept[beyond]


def test_they_take_less_than_objects():
    def example(number: int) -> Example:
        turns = (
            Turn(role="user", text=f"<video>{number}"),
            Turn(role="assistant", text=f"answer {number}"),
        )
        media = (Media(kind="video", path=f"videos/{number}.mp4"),)
        return Example(Record(id=str(number), source="s", task="caption", media=media, turns=turns), (8,))

    sizes = []
    for kept in (Examples(), []):
        tracemalloc.start()
        for number in range(2000):
            kept.append(example(number))
        sizes.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
    assert 2 * sizes[0] < sizes[1]
