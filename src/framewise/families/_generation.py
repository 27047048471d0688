"""Greedy decoding, whatever a checkpoint's own generation settings say."""

from typing import Any

import transformers

_ENDS = "<|im_end|>"


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
    known = sorted({e for e in [*ends, turn_end, tokenizer.eos_token_id] if e is not None})
    return transformers.GenerationConfig(  # type: ignore[no-untyped-call]
        do_sample=False, num_beams=1, eos_token_id=known, pad_token_id=tokenizer.pad_token_id
    )
