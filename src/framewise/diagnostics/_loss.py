"""The loss of answers, as training has it."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from framewise.families import Encoded, Family

_IGNORED = -100


def answer_loss(family: Family, batch: Sequence[Encoded]) -> tuple[torch.Tensor, int]:
    """Sum of the losses of all answer tokens, in nats, and their number.

    The quotient over a set of samples is the loss that training steps on: every answer token weighs alike.

    Args:
        family: Opened with its model.
        batch: Samples that fit in one forward pass.
    """
    inputs = place(family.collate(batch, pad="left"), family.model)
    labels = inputs.pop("labels")[:, 1:]
    kept = (labels != _IGNORED).any(dim=0).nonzero().flatten()
    logits = family.model(**inputs, use_cache=False, logits_to_keep=kept).logits
    labels = labels[:, kept]
    exact = logits.to(torch.promote_types(logits.dtype, torch.float32))
    loss = torch.nn.functional.cross_entropy(
        exact.transpose(1, 2), labels, ignore_index=_IGNORED, reduction="sum"
    )
    return loss, int((labels != _IGNORED).sum())


def place(batch: Mapping[str, torch.Tensor], model: Any) -> dict[str, torch.Tensor]:
    """The batch where the model is; pixels in the type of its weights, positions as they are."""
    return {
        key: value.to(
            model.device,
            model.dtype if value.is_floating_point() and key != "position_ids" else value.dtype,
        )
        for key, value in batch.items()
    }
