"""How probable a language model finds each of a few answers, as a whole and to the end of its turn.

Shape letters: B batch, K options, T tokens of the longest option, V vocabulary.
"""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from itertools import groupby
from typing import Any

import torch

from framewise.families._chat import conversation_pieces
from framewise.families._tokenize import tokenize_pieces
from framewise.records import Turn


def option_log_probabilities(
    model: Any, tokenizer: Any, prompts: Sequence[str], options: Sequence[int], batch_size: int
) -> list[list[float]]:
    """Log-probability of each option as the whole reply to each prompt.

    The token that ends the turn belongs to the option: without it 6 could not lose to 64, of which it is the
    start.

    Args:
        model: transformers' model with a language head, in evaluation mode.
        tokenizer: Its tokenizer, with a chat template.
        prompts: What the user says.
        options: Numbers that the reply may be.
        batch_size: Most prompts at once.

    Returns:
        Natural logarithms, a row for each prompt and a column for each option; a row's probabilities sum to
        less than 1, for the model could say other things.
    """
    prompt_ids = [encode_prompt(tokenizer, prompt) for prompt in prompts]
    option_ids = [encode_option(tokenizer, option) for option in options]
    scorer = OptionScorer(model, prompt_ids, option_ids)
    rows: dict[int, list[float]] = {}
    for batch in equal_length_batches(prompt_ids, batch_size):
        scores = scorer.score([prompt_ids[i] for i in batch])
        rows.update(zip(batch, scores, strict=True))
    return [rows[i] for i in range(len(prompts))]


def encode_prompt(tokenizer: Any, prompt: str) -> list[int]:
    """Tokens of a conversation in which the user has said ``prompt`` and the assistant's turn is open."""
    pieces = conversation_pieces(tokenizer, [Turn(role="user", text=prompt)], reply=True)
    return [token for span in tokenize_pieces(tokenizer, pieces) for token in span.ids]


def encode_option(tokenizer: Any, option: int) -> list[int]:
    """Tokens of the option as an assistant's whole reply, ending with the one that ends the turn."""
    turns = [Turn(role="user", text="?"), Turn(role="assistant", text=str(option))]
    spans = tokenize_pieces(tokenizer, conversation_pieces(tokenizer, turns, reply=False))
    return [token for span in spans if span.kind in ("reply", "end") for token in span.ids]


def equal_length_batches(sequences: Sequence[Sequence[int]], batch_size: int) -> Iterator[tuple[int, ...]]:
    """Indices of sequences of one length, so that nothing is padded, in an order of the sequences' own."""
    order = sorted(range(len(sequences)), key=lambda i: (len(sequences[i]), sequences[i]))
    for _, group in groupby(order, key=lambda i: len(sequences[i])):
        indices = tuple(group)
        yield from (indices[i : i + batch_size] for i in range(0, len(indices), batch_size))


class OptionScorer:
    """Scores options as replies to prompts; what all prompts begin with is read once.

    Options are padded on the right, where a causal model cannot see.

    Args:
        model: transformers' model with a language head, in evaluation mode.
        prompts: Tokens of all prompts that will be scored.
        options: Tokens of the options, each to the end of its turn.
    """

    def __init__(
        self, model: Any, prompts: Sequence[Sequence[int]], options: Sequence[Sequence[int]]
    ) -> None:
        self._model = model
        longest = max(map(len, options))
        self._padded = torch.tensor(
            [[*o, *[0] * (longest - len(o))] for o in options], device=model.device
        )  # [K, T]
        self._real = torch.tensor(
            [[i < len(o) for i in range(longest)] for o in options], device=model.device
        )  # [K, T]
        self._shared = common_start(prompts)
        self._read: Any = None

    @torch.inference_mode()
    def score(self, prompts: Sequence[Sequence[int]]) -> list[list[float]]:
        """Log-probabilities of B prompts of one length by K options; each prompt is read once."""
        count, (_, longest) = len(prompts), self._padded.shape
        ids = torch.tensor(prompts, device=self._model.device)[:, self._shared :]
        read = self._model(
            input_ids=ids, past_key_values=self._start(prompts[0], count), use_cache=True, logits_to_keep=1
        )
        first = _log_softmax(read.logits[:, -1])[:, self._padded[:, 0]]  # [B, K]
        if longest == 1:
            alone: list[list[float]] = first.tolist()
            return alone
        read.past_key_values.batch_repeat_interleave(len(self._padded))
        asked = self._padded[:, :-1].repeat(count, 1)  # [B * K, T - 1]
        said = self._model(input_ids=asked, past_key_values=read.past_key_values, use_cache=True)
        rest = _log_softmax(said.logits).view(count, len(self._padded), longest - 1, -1)  # [B, K, T - 1, V]
        targets = self._padded[:, 1:].expand(count, -1, -1)
        chosen = rest.gather(-1, targets[..., None])[..., 0]  # [B, K, T - 1]
        scores: list[list[float]] = (first + (chosen * self._real[:, 1:]).sum(-1)).tolist()
        return scores

    def _start(self, prompt: Sequence[int], count: int) -> Any:
        """The cache of the shared beginning for so many prompts; None where nothing is shared."""
        if self._shared == 0:
            return None
        if self._read is None:
            ids = torch.tensor([prompt[: self._shared]], device=self._model.device)
            self._read = self._model(input_ids=ids, use_cache=True, logits_to_keep=1).past_key_values
        cache = deepcopy(self._read)
        cache.batch_repeat_interleave(count)
        return cache


def common_start(sequences: Sequence[Sequence[int]]) -> int:
    """Tokens that all sequences begin with, but for the last one of each, which has to be read.

    >>> common_start([[1, 2, 3, 4], [1, 2, 5]]), common_start([[1, 2]])
    (2, 1)
    """
    lowest, highest = min(map(tuple, sequences)), max(map(tuple, sequences))
    shared = next((i for i, (a, b) in enumerate(zip(lowest, highest, strict=False)) if a != b), len(lowest))
    return min(shared, min(map(len, sequences)) - 1)


def _log_softmax(logits: torch.Tensor) -> torch.Tensor:
    return logits.log_softmax(-1, dtype=torch.promote_types(logits.dtype, torch.float32))
