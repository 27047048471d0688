"""How probable a language model finds each of a few answers, as a whole and to the end of its turn.

Shape letters: B batch, K options, T tokens of the longest option, V vocabulary.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import torch

from framewise.families._chat import conversation_pieces, tokenize_piece
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
    rows: dict[int, list[float]] = {}
    for batch in equal_length_batches(prompt_ids, batch_size):
        scores = score_batch(model, [prompt_ids[i] for i in batch], option_ids)
        rows.update(zip(batch, scores, strict=True))
    return [rows[i] for i in range(len(prompts))]


def encode_prompt(tokenizer: Any, prompt: str) -> list[int]:
    """Tokens of a conversation in which the user has said ``prompt`` and the assistant's turn is open."""
    pieces = conversation_pieces(tokenizer, [Turn(role="user", text=prompt)], reply=True)
    return [token for piece in pieces for token in tokenize_piece(tokenizer, piece)]


def encode_option(tokenizer: Any, option: int) -> list[int]:
    """Tokens of the option as an assistant's whole reply, ending with the one that ends the turn."""
    turns = [Turn(role="user", text="?"), Turn(role="assistant", text=str(option))]
    *_, reply, closing = conversation_pieces(tokenizer, turns, reply=False)
    return [*tokenize_piece(tokenizer, reply), tokenize_piece(tokenizer, closing)[0]]


def equal_length_batches(sequences: Sequence[Sequence[int]], batch_size: int) -> Iterator[tuple[int, ...]]:
    """Indices of sequences of one length, so that nothing is padded, in an order of the sequences' own."""
    order = sorted(range(len(sequences)), key=lambda i: (len(sequences[i]), sequences[i]))
    for _, group in groupby(order, key=lambda i: len(sequences[i])):
        indices = tuple(group)
        yield from (indices[i : i + batch_size] for i in range(0, len(indices), batch_size))


@torch.inference_mode()
def score_batch(
    model: Any, prompts: Sequence[Sequence[int]], options: Sequence[Sequence[int]]
) -> list[list[float]]:
    """Log-probabilities of B prompts of one length by K options; each prompt is read once.

    Options are padded on the right, where a causal model cannot see.
    """
    longest = max(map(len, options))
    padded = torch.tensor([[*o, *[0] * (longest - len(o))] for o in options], device=model.device)  # [K, T]
    real = torch.tensor(
        [[i < len(o) for i in range(longest)] for o in options], device=model.device
    )  # [K, T]
    read = model(input_ids=torch.tensor(prompts, device=model.device), use_cache=True, logits_to_keep=1)
    first = _log_softmax(read.logits[:, -1])[:, padded[:, 0]]  # [B, K]
    read.past_key_values.batch_repeat_interleave(len(options))
    asked = padded[:, :-1].repeat(len(prompts), 1)  # [B * K, T - 1]
    said = model(input_ids=asked, past_key_values=read.past_key_values, use_cache=True)
    rest = _log_softmax(said.logits).view(len(prompts), len(options), longest - 1, -1)  # [B, K, T - 1, V]
    targets = padded[:, 1:].expand(len(prompts), -1, -1)
    chosen = rest.gather(-1, targets[..., None])[..., 0]  # [B, K, T - 1]
    scores: list[list[float]] = (first + (chosen * real[:, 1:]).sum(-1)).tolist()
    return scores


def _log_softmax(logits: torch.Tensor) -> torch.Tensor:
    return logits.log_softmax(-1, dtype=torch.promote_types(logits.dtype, torch.float32))
