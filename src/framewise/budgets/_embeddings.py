"""Questions as vectors of a vision-language model's own."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from framewise.budgets._options import encode_prompt


@torch.inference_mode()
def embed_questions(
    model: Any, tokenizer: Any, questions: Sequence[str], batch_size: int
) -> NDArray[np.float64]:
    """Mean of the last layer's states over the tokens of a turn that asks the question.

    Args:
        model: transformers' model with a language head, in evaluation mode.
        tokenizer: Its tokenizer, with a chat template.
        questions: N of them.
        batch_size: Most questions at once; only those of one length share a batch.

    Returns:
        Shape [N, hidden size].
    """
    prompts = [encode_prompt(tokenizer, question) for question in questions]
    rows: dict[int, NDArray[np.float64]] = {}
    for batch in equal_length_batches(prompts, batch_size):
        ids = torch.tensor([prompts[i] for i in batch], device=model.device)
        states = model(input_ids=ids, output_hidden_states=True, logits_to_keep=1).hidden_states[
            -1
        ]  # [B, L, H]
        rows.update(zip(batch, states.float().mean(1).cpu().numpy().astype(np.float64), strict=True))
    return np.stack([rows[i] for i in range(len(questions))])


def equal_length_batches(sequences: Sequence[Sequence[int]], batch_size: int) -> Iterator[tuple[int, ...]]:
    """Indices of sequences of one length, so that nothing is padded, in an order of the sequences' own."""
    order = sorted(range(len(sequences)), key=lambda i: (len(sequences[i]), sequences[i]))
    for _, group in groupby(order, key=lambda i: len(sequences[i])):
        indices = tuple(group)
        yield from (indices[i : i + batch_size] for i in range(0, len(indices), batch_size))
