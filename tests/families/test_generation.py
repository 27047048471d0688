"""Greedy decoding, whatever was released."""

from pathlib import Path

import pytest
import transformers

from framewise.families._generation import greedy_config


@pytest.mark.parametrize("ends", [None, 3, [3, 5]])
def test_ends_are_kept_and_sampling_is_not(tiny_checkpoint: Path, ends: int | list[int] | None) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny_checkpoint)
    turn_end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    released = transformers.GenerationConfig(
        do_sample=True, temperature=0.1, top_p=0.001, repetition_penalty=1.05, eos_token_id=ends
    )
    greedy = greedy_config(released, tokenizer)
    known = {3, 5} if isinstance(ends, list) else {ends} - {None}
    assert set(greedy.eos_token_id) == known | {turn_end}
    assert greedy.pad_token_id == tokenizer.pad_token_id
    assert greedy.do_sample is False
    assert greedy.temperature is greedy.top_p is greedy.repetition_penalty is None
