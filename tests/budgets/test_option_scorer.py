"""Prompts and options side by side in a row against each option alone, read whole, without a cache, in float64."""

import numpy as np
import pytest
import torch
import transformers
from hypothesis import given
from hypothesis import strategies as st

from framewise._errors import FramewiseError
from framewise._plugins import plugin_names
from framewise.budgets import _option_scorer
from framewise.budgets._model import open_model
from framewise.budgets._option_scorer import OptionScorer

PROMPTS = [[5, 6, 7], [5, 6, 8, 9, 1], [5, 6, 7], [5, 6, 7, 8, 9, 10, 11, 12]]
SEVERAL = [[1, 2], [1, 3, 2], [4, 2], [1, 3, 3, 2]]
OPTIONS = {
    "of several lengths, one the start of another": SEVERAL,
    "of one token": [[1], [2], [7]],
    "alone": [[3, 1, 2]],
}
TOLERANCE = {"sdpa": 1e-12, "eager": 1e-8}
"""transformers' own attention in steps takes its softmax in float32."""
SIZES = {
    "vocab_size": 16, "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 64,
}  # fmt: skip


def tiny(attention: str = "sdpa", **changes):
    torch.manual_seed(0)
    config = transformers.Qwen2Config(**SIZES, attn_implementation=attention, **changes)
    return transformers.Qwen2ForCausalLM(config).double().eval()


@torch.no_grad()
def reference(model, prompt, option):
    logits = model(input_ids=torch.tensor([[*prompt, *option]]), use_cache=False).logits[0]
    said = logits.log_softmax(-1)[len(prompt) - 1 : -1]
    return said.gather(-1, torch.tensor(option)[:, None]).sum().item()


@pytest.mark.parametrize("most", [1, 20, 10_000])
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("prompts", [PROMPTS, [[9, 1], [8, 1, 2]], [[4]], PROMPTS[:1]], ids=len)
def test_a_row_of_many_gives_what_each_gives_alone(prompts, options, attention, most, monkeypatch):
    monkeypatch.setattr(_option_scorer, "_MOST_TOKENS", most)
    model = tiny(attention)
    scorer = OptionScorer(model, prompts, options)
    slow = torch.tensor([[reference(model, p, o) for o in options] for p in prompts], dtype=torch.float64)
    for _ in range(2):  # The shared beginning is as it was.
        fast = torch.tensor(scorer.score(prompts), dtype=torch.float64)
        torch.testing.assert_close(fast, slow, rtol=0, atol=TOLERANCE[attention])
    alone = [scorer.score([prompt])[0] for prompt in prompts]
    torch.testing.assert_close(
        torch.tensor(alone, dtype=torch.float64), slow, rtol=0, atol=TOLERANCE[attention]
    )


@pytest.mark.parametrize("family", plugin_names("families"))
def test_every_family_reads_rows(family, family_checkpoint):
    model = open_model(str(family_checkpoint(family)), torch.device("cpu"), torch.float32).double()
    fast = OptionScorer(model, PROMPTS, SEVERAL).score(PROMPTS)
    slow = [[reference(model, p, o) for o in SEVERAL] for p in PROMPTS]
    assert np.array(fast) == pytest.approx(np.array(slow), abs=1e-7)


@given(st.lists(st.integers(1, 30), min_size=1), st.integers(1, 60))
def test_rows_hold_what_fits_and_cover_all_once(lengths, most):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_option_scorer, "_MOST_TOKENS", most)
        rows = list(_option_scorer._rows(lengths))
    assert [i for row in rows for i in range(len(lengths))[row]] == list(range(len(lengths)))
    assert all(len(lengths[row]) == 1 or sum(lengths[row]) <= most for row in rows)
    assert all(lengths[row] for row in rows)


def test_layers_that_forget_are_refused():
    model = tiny(use_sliding_window=True, sliding_window=4, max_window_layers=0)
    with pytest.raises(FramewiseError, match=r"do not keep all they have read \(DynamicSlidingWindowLayer\)"):
        OptionScorer(model, PROMPTS, [[1, 2]])
