"""Questions as vectors of a vision-language model's own."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from framewise.budgets._options import encode_prompt, equal_length_batches


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
