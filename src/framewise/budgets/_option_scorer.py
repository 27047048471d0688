"""Log-probabilities of a few options as replies to many prompts, in one forward pass over all of them.

What all prompts begin with is read once. The rest of each prompt and the tokens of its options lie side by side in one
row, at the positions that they would have alone, and see the beginning, the own prompt and the own option only. So
nothing is padded, and no token is read twice but those in which two options agree.

Shape letters: B prompts, K options, T tokens of the longest option, N tokens of all options but the last ones, L tokens
of the row, S tokens of the shared beginning, V vocabulary.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from framewise._errors import FramewiseError

_MOST_TOKENS = 1024
"""In one row, since each token is held against each other one."""
_PROMPT = -1


@dataclass(frozen=True)
class _Replies:
    """The options as branches of a tree that begins at the last token of a prompt."""

    tokens: list[int]
    """[N]."""
    branches: list[int]
    """[N], the option of each token."""
    depths: list[int]
    """[N], 1 for the first token after the prompt."""
    read_at: torch.Tensor
    """[K, T]: where each token of an option is foretold: 0 is the prompt's last token, n the tree's token n - 1."""
    targets: torch.Tensor
    """[K, T]."""
    real: torch.Tensor
    """[K, T], false past the end of an option."""


class OptionScorer:
    """Scores options as replies to prompts; what all prompts begin with is read once.

    Args:
        model: transformers' model with a language head, in evaluation mode.
        prompts: Tokens of all prompts that will be scored.
        options: Tokens of the options, each to the end of its turn.

    Raises:
        FramewiseError: A layer of the model does not keep all that it has read.
    """

    def __init__(
        self, model: Any, prompts: Sequence[Sequence[int]], options: Sequence[Sequence[int]]
    ) -> None:
        self._model = model
        self._replies = _lay_out(options, model.device)
        self._beginning = prompts[0][: common_start(prompts)]
        self._cache = _empty_cache(model)

    @torch.inference_mode()
    def score(self, prompts: Sequence[Sequence[int]]) -> list[list[float]]:
        """Log-probabilities of B prompts by K options."""
        shared, nodes = len(self._beginning), len(self._replies.tokens)
        own = [prompt[shared:] for prompt in prompts]
        if self._beginning and not self._cache.get_seq_length():
            ids = torch.tensor([self._beginning], device=self._model.device)
            self._model(input_ids=ids, past_key_values=self._cache, use_cache=True, logits_to_keep=1)
        return [row for few in _rows([len(p) + nodes for p in own]) for row in self._read(own[few])]

    def _read(self, prompts: Sequence[Sequence[int]]) -> list[list[float]]:
        """Scores of prompts, without their beginning, that fit into one row."""
        replies, device, shared = self._replies, self._model.device, len(self._beginning)
        assert self._cache.get_seq_length() == shared, "an earlier pass was broken off"
        ids: list[int] = []
        places: list[tuple[int, int, int]] = []
        foretelling: list[int] = []
        for owner, prompt in enumerate(prompts):
            end = shared + len(prompt)
            foretelling += range(len(ids) + len(prompt) - 1, len(ids) + len(prompt) + len(replies.tokens))
            ids += [*prompt, *replies.tokens]
            places += [(owner, at, _PROMPT) for at in range(shared, end)]
            places += [(owner, end - 1 + d, b) for d, b in zip(replies.depths, replies.branches, strict=True)]
        owners, positions, branches = torch.tensor(places, device=device).unbind(1)  # Each [L].
        logits = self._model(
            input_ids=torch.tensor([ids], device=device),
            attention_mask=_mask(owners, positions, branches, shared, self._model.dtype),
            position_ids=positions[None],
            past_key_values=self._cache,
            use_cache=True,
            logits_to_keep=torch.tensor(foretelling, device=device),
        ).logits[0]
        self._cache.crop(-len(ids))
        return self._gather(logits.view(len(prompts), len(replies.tokens) + 1, -1))

    def _gather(self, logits: torch.Tensor) -> list[list[float]]:
        """Scores [B, K] of what is foretold [B, N + 1, V]."""
        replies = self._replies
        logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
        chosen = logits[:, replies.read_at, replies.targets]  # [B, K, T]
        chosen = chosen - logits.logsumexp(-1)[:, replies.read_at]
        scores: list[list[float]] = (chosen * replies.real).sum(-1).tolist()
        return scores


def common_start(sequences: Sequence[Sequence[int]]) -> int:
    """Tokens that all sequences begin with, but for the last one of each, which has to be read.

    >>> common_start([[1, 2, 3, 4], [1, 2, 5]]), common_start([[1, 2]])
    (2, 1)
    """
    lowest, highest = min(map(tuple, sequences)), max(map(tuple, sequences))
    shared = next((i for i, (a, b) in enumerate(zip(lowest, highest, strict=False)) if a != b), len(lowest))
    return min(shared, min(map(len, sequences)) - 1)


def _lay_out(options: Sequence[Sequence[int]], device: torch.device) -> _Replies:
    longest = max(map(len, options))
    tokens: list[int] = []
    branches: list[int] = []
    depths: list[int] = []
    read_at: list[list[int]] = []
    for branch, option in enumerate(options):
        first, more = len(tokens) + 1, len(option) - 1
        read_at.append([0, *range(first, first + more), *[0] * (longest - len(option))])
        tokens += option[:-1]
        branches += [branch] * more
        depths += range(1, len(option))
    return _Replies(
        tokens=tokens,
        branches=branches,
        depths=depths,
        read_at=torch.tensor(read_at, device=device),
        targets=torch.tensor([[*o, *[0] * (longest - len(o))] for o in options], device=device),
        real=torch.tensor([[i < len(o) for i in range(longest)] for o in options], device=device),
    )


def _mask(
    owners: torch.Tensor, positions: torch.Tensor, branches: torch.Tensor, shared: int, dtype: torch.dtype
) -> torch.Tensor:
    """What is added to the attention of each token of the row, 0 or the lowest number: [1, 1, L, S + L]."""
    related = (branches == _PROMPT) | (branches[:, None] == branches)
    visible = related & (owners[:, None] == owners) & (positions[:, None] >= positions)
    visible = torch.cat([visible.new_ones(len(owners), shared), visible], 1)
    hidden = torch.zeros(visible.shape, dtype=dtype, device=visible.device)
    return hidden.masked_fill_(~visible, torch.finfo(dtype).min)[None, None]


def _rows(lengths: Sequence[int]) -> Iterator[slice]:
    """Neighbours that fit into one row; what is too long has one of its own."""
    start, total = 0, 0
    for end, length in enumerate(lengths):
        if end > start and total + length > _MOST_TOKENS:
            yield slice(start, end)
            start, total = end, 0
        total += length
    yield slice(start, len(lengths))


def _empty_cache(model: Any) -> Any:
    from transformers import DynamicCache
    from transformers.cache_utils import DynamicLayer

    cache = DynamicCache(config=model.config)
    other = sorted({type(layer).__name__ for layer in cache.layers if type(layer) is not DynamicLayer})
    if other:
        raise FramewiseError(
            f"{type(model).__name__} has layers that do not keep all they have read ({', '.join(other)}), so its "
            "questions cannot share their beginning here: serve it, and give the server's address (server=http://…)"
        )
    return cache
