"""Asking a model many questions in an order that does not change, each only once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from framewise._chat_client import NoReplyError
from framewise._in_order import in_order
from framewise.budgets._answer import Answer, Backend
from framewise.budgets._cache import AnswerCache, answer_key

_AHEAD = 4
"""Batches in flight or waiting for an earlier one, for each that may be asked at once."""

Answers = dict[str, Answer]
"""By wording."""


@dataclass(frozen=True)
class Interview:
    """One model and where its answers are kept.

    Args:
        backend: The model.
        options: Numbers of frames to choose from.
        cache: Where answers are kept; None: nowhere.
    """

    backend: Backend
    options: Sequence[int]
    cache: AnswerCache | None = None

    def ask(
        self, prompts: Mapping[str, Sequence[str]], wanted: Callable[[int], bool]
    ) -> Iterator[tuple[int, Answers | NoReplyError]]:
        """Yield the answers to the wanted questions, or why there are none.

        The order and the batches are the back end's for all questions, whatever is wanted or kept; of a batch all that
        is not kept is asked together, and then kept as a whole. So a run that goes on, or that several workers share,
        asks in the batches in which it would have asked, and what it computes is the same bit for bit.

        Args:
            prompts: All prompts by wording, as many of each; the first wording gives the order.
            wanted: Whether a question, by its index, is to be answered.
        """
        keys = self._keys(prompts)
        kept = self.cache.get([key for own in keys for key in own.values()]) if self.cache else {}
        known = [{name: kept[key] for name, key in own.items() if key in kept} for own in keys]
        batches = self.backend.batches(next(iter(prompts.values())))

        def is_open(i: int) -> bool:
            return len(known[i]) < len(prompts)

        def has_to_be_asked(batch: Sequence[int]) -> bool:
            return any(wanted(i) and is_open(i) for i in batch)

        def answer(batch: Sequence[int]) -> dict[int, Answers | NoReplyError]:
            left = [i for i in batch if is_open(i)]
            return self._ask(left, prompts, [known[i] for i in left], [keys[i] for i in left])

        asked = {batch: None for batch in batches if has_to_be_asked(batch)}
        if asked:
            self.backend.open(prompts)
        # A model in this process is asked in this thread: nothing is gained by asking ahead.
        threads = self.backend.concurrency
        replies = (
            map(answer, asked)
            if threads == 1
            else in_order(answer, asked, num_threads=threads, ahead=_AHEAD * threads - 1)
        )
        for batch in batches:
            fresh = next(replies) if batch in asked else {}
            yield from ((i, fresh[i] if is_open(i) else known[i]) for i in batch if wanted(i))

    def _keys(self, prompts: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
        """Keys of each question by wording."""
        identity = self.backend.identity() if self.cache else {}
        rows = zip(*prompts.values(), strict=True)
        return [
            {name: answer_key(identity, text, self.options) for name, text in zip(prompts, row, strict=True)}
            for row in rows
        ]

    def _ask(
        self,
        batch: Sequence[int],
        prompts: Mapping[str, Sequence[str]],
        known: Sequence[Answers],
        keys: Sequence[Mapping[str, str]],
    ) -> dict[int, Answers | NoReplyError]:
        found: list[dict[str, Answer | NoReplyError]] = [dict(answers) for answers in known]
        for name, texts in prompts.items():
            places = [place for place in range(len(batch)) if name not in known[place]]
            said = self.backend.ask(name, [texts[batch[place]] for place in places]) if places else []
            for place, answer in zip(places, said, strict=True):
                found[place][name] = answer
        if self.cache:
            self._keep(self.cache, found, known, keys)
        return {i: _together(answers) for i, answers in zip(batch, found, strict=True)}

    def _keep(
        self,
        cache: AnswerCache,
        found: Sequence[dict[str, Answer | NoReplyError]],
        known: Sequence[Answers],
        keys: Sequence[Mapping[str, str]],
    ) -> None:
        """Keep what is new, and take over what another process was faster with."""
        new = {
            keys[place][name]: answer
            for place, answers in enumerate(found)
            for name, answer in answers.items()
            if isinstance(answer, Answer) and name not in known[place]
        }
        stand = cache.keep(new) if new else {}
        for own, answers in zip(keys, found, strict=True):
            answers.update({name: stand[key] for name, key in own.items() if key in stand})


def _together(answers: Mapping[str, Answer | NoReplyError]) -> Answers | NoReplyError:
    """The answers in all wordings; the first fault where one has none."""
    fault = next((a for a in answers.values() if isinstance(a, NoReplyError)), None)
    return fault or {name: a for name, a in answers.items() if isinstance(a, Answer)}
