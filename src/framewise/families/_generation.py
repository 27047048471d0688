"""Greedy decoding, whatever a checkpoint's own generation settings say."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import torch
import transformers

_ENDS = "<|im_end|>"


class Generated(NamedTuple):
    """What a model said."""

    text: str
    finish_reason: Literal["stop", "length"]
    """``stop``: the model ended its turn; ``length``: it was cut at the longest reply."""


def greedy_config(released: Any, tokenizer: Any) -> Any:
    """Generation settings that pick the most probable token until the turn ends.

    Released checkpoints ship sampling settings and a repetition penalty, and ``generate`` fills everything
    that is not said with them. Only the tokens that end and pad a sequence are taken over.

    Args:
        released: The checkpoint's own ``GenerationConfig``.
        tokenizer: Its tokenizer.
    """
    ends = released.eos_token_id if isinstance(released.eos_token_id, list) else [released.eos_token_id]
    turn_end = tokenizer.convert_tokens_to_ids(_ENDS)
    if turn_end != tokenizer.unk_token_id:
        ends = [*ends, turn_end]
    known = sorted({e for e in [*ends, tokenizer.eos_token_id] if e is not None})
    return transformers.GenerationConfig(  # type: ignore[no-untyped-call]
        do_sample=False, num_beams=1, eos_token_id=known, pad_token_id=padding_id(tokenizer)
    )


def padding_id(tokenizer: Any) -> int:
    """Id of the token that fills up rows; the end of sequence, where a checkpoint names none for padding."""
    pad: int | None = tokenizer.pad_token_id
    return tokenizer.eos_token_id if pad is None else pad


@torch.inference_mode()
def generate_replies(
    model: Any, tokenizer: Any, batch: Mapping[str, Any], *, max_new_tokens: int
) -> list[Generated]:
    """What the model says after each row of a batch that is padded on the left.

    Args:
        model: transformers' own, with ``greedy_config``.
        tokenizer: The checkpoint's own.
        batch: What ``Family.collate`` gave; labels are left out. Features that were made beforehand are where
            the model is.
        max_new_tokens: Longest reply.
    """
    inputs = {
        key: value.to(model.device) if isinstance(value, torch.Tensor) else value
        for key, value in batch.items()
        if key != "labels"
    }
    ids = model.generate(**inputs, max_new_tokens=max_new_tokens)[:, inputs["input_ids"].shape[1] :]
    ends = torch.tensor(model.generation_config.eos_token_id, device=ids.device)
    ended = torch.isin(ids, ends).any(dim=1).tolist()
    texts: list[str] = tokenizer.batch_decode(ids, skip_special_tokens=True)
    return [
        Generated(text, "stop" if stopped else "length") for text, stopped in zip(texts, ended, strict=True)
    ]
