"""The order of asking: the same whatever is kept or done, and nothing twice."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from framewise._chat_client import NoReplyError
from framewise.budgets._answer import Answer, Backend
from framewise.budgets._cache import AnswerCache
from framewise.budgets._interview import Interview

OPTIONS = (8, 16)


class Counting(Backend):
    """Answers with what was asked together, as a model does whose numbers depend on its batch."""

    def __init__(self, size: int = 2, concurrency: int = 1, bad: Sequence[str] = ()) -> None:
        self.size, self.concurrency, self.bad = size, concurrency, bad
        self.asked: list[str] = []
        self.opened = 0

    def identity(self) -> dict[str, Any]:
        return {"model": "counting"}

    def batches(self, prompts: Sequence[str]) -> list[tuple[int, ...]]:
        order = sorted(range(len(prompts)), key=prompts.__getitem__)
        return [tuple(order[i : i + self.size]) for i in range(0, len(order), self.size)]

    def open(self, prompts: Mapping[str, Sequence[str]]) -> None:
        self.opened += 1

    def ask(self, wording: str, prompts: Sequence[str]) -> list[Answer | NoReplyError]:
        self.asked += prompts
        together = float(len("".join(prompts)))
        return [NoReplyError(p) if p in self.bad else Answer(8, (together, 0.0)) for p in prompts]


def everything(_: int) -> bool:
    return True


def ask(
    backend: Backend, prompts: Any, cache: AnswerCache | None = None, wanted: Any = everything
) -> list[Any]:
    return list(Interview(backend, OPTIONS, cache).ask(prompts, wanted))


@pytest.fixture
def cache(tmp_path: Path):
    found = AnswerCache(tmp_path)
    yield found
    found.close()


PROMPTS = {"a": ["dddd", "b", "ccc", "a", "eeeee"]}
ORDER = [3, 1, 2, 0, 4]


def test_all_are_asked_once_in_the_back_ends_order(cache):
    backend = Counting()
    found = ask(backend, PROMPTS, cache)
    assert [i for i, _ in found] == ORDER
    assert sorted(backend.asked) == sorted(PROMPTS["a"])
    again = Counting()
    assert ask(again, PROMPTS, cache) == found
    assert (again.asked, again.opened) == ([], 0), "nothing is opened where all is known"


@pytest.mark.parametrize("wordings", [1, 2])
@pytest.mark.parametrize("stop", range(6))
@pytest.mark.parametrize("first", [[], ["ccc"], ["a", "eeeee"]])
def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been(tmp_path, stop, first, wordings):
    """Also where answers were kept before it began, and where it asks in more wordings than those were asked in."""
    prompts = {name: [name + p for p in PROMPTS["a"]] for name in "xy"[:wordings]}
    caches = [AnswerCache(tmp_path / name) for name in ("whole", "stopped")]
    for cache in caches:
        ask(Counting(), {"x": [f"x{p}" for p in first]}, cache)
    whole = ask(Counting(), prompts, caches[0])
    backends = [Counting(), Counting()]
    running = Interview(backends[0], OPTIONS, caches[1]).ask(prompts, everything)
    early = [next(running) for _ in range(min(stop, len(ORDER)))]
    running.close()
    # The last of them was not written down any more.
    done = {i for i, _ in early[:-1]}
    late = ask(backends[1], prompts, caches[1], lambda i: i not in done)
    assert early[:-1] + late == whole
    asked = backends[0].asked + backends[1].asked
    assert len(asked) == len(set(asked)) == wordings * len(ORDER) - len(first)
    assert set(backends[0].asked).isdisjoint(backends[1].asked)
    for cache in caches:
        cache.close()


def test_workers_that_share_the_questions_and_the_cache_compute_what_one_does(cache):
    whole = ask(Counting(), PROMPTS)
    shared = [
        found
        for own in ((0, 4), (3, 1), (2,))
        for found in ask(Counting(), PROMPTS, cache, lambda i, own=own: i in own)
    ]
    assert sorted(shared) == sorted(whole)


def test_what_is_done_is_not_asked_and_batches_stay_what_they_were():
    whole = ask(Counting(), PROMPTS)
    backend = Counting()
    rest = ask(backend, PROMPTS, wanted=lambda i: i in (0, 4))
    assert rest == whole[3:]
    assert backend.asked == ["ccc", "dddd", "eeeee"]


def test_faults_are_not_kept(cache):
    found = dict(ask(Counting(bad=["b"]), PROMPTS, cache))
    assert isinstance(found[1], NoReplyError)
    assert all(isinstance(found[i], dict) for i in (0, 2, 3, 4))
    backend = Counting()
    assert isinstance(dict(ask(backend, PROMPTS, cache))[1], dict)
    assert backend.asked == ["b"]


def test_a_fault_in_one_wording_is_one_of_the_question(cache):
    prompts = {"a": ["a1", "a2"], "b": ["b1", "b2"]}
    found = dict(ask(Counting(bad=["b2"]), prompts, cache))
    assert set(found[0]) == {"a", "b"}
    assert str(found[1]) == "b2"
    backend = Counting()
    ask(backend, prompts, cache)
    assert backend.asked == ["b2"]


def test_models_do_not_share_answers(cache):
    ask(Counting(), PROMPTS, cache)
    other = Counting()
    other.identity = lambda: {"model": "another"}  # type: ignore[method-assign]
    ask(other, PROMPTS, cache)
    assert sorted(other.asked) == sorted(PROMPTS["a"])
