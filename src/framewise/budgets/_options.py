"""How probable a language model finds each of a few answers, as a whole and to the end of its turn."""

from collections.abc import Sequence
from typing import Any

from framewise.budgets._option_scorer import OptionScorer
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
    for batch in batches_by_length(prompt_ids, batch_size):
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


def batches_by_length(sequences: Sequence[Sequence[int]], batch_size: int) -> list[tuple[int, ...]]:
    """Indices of sequences in batches, the short ones first, in an order of the sequences' own.

    >>> batches_by_length([[1, 2], [3], [4]], 2)
    [(1, 2), (0,)]
    """
    order = sorted(range(len(sequences)), key=lambda i: (len(sequences[i]), sequences[i]))
    return [tuple(order[i : i + batch_size]) for i in range(0, len(order), batch_size)]
