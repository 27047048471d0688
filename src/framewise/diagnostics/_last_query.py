"""Attention of the last query alone, in linear memory, while the fused kernels do the work.

Shape letters: H heads, L tokens, D width of a head.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from framewise.diagnostics._loss import place
from framewise.families import Encoded, Family

_TAU = 20.0
"""How far a value of a sink token stands out: 20 times the root mean square of its hidden state (VisAttnSink)."""


@contextmanager
def _watched(model: Any, rows: dict[int, torch.Tensor]) -> Iterator[None]:
    """Every attention of the language model also leaves its last query's row, [H, L], by layer."""
    layers = _layers(model)
    name = model.config.get_text_config()._attn_implementation
    known = {layer.self_attn: number for number, layer in enumerate(layers)}
    original = ALL_ATTENTION_FUNCTIONS[name]

    def watch(module: Any, query: torch.Tensor, key: torch.Tensor, *rest: Any, **options: Any) -> Any:
        if module in known:
            scale = options.get("scaling") or query.shape[-1] ** -0.5
            keys = key[0].repeat_interleave(query.shape[1] // key.shape[1], dim=0).float()
            scores = torch.einsum("hd,hld->hl", query[0, :, -1].float(), keys) * scale
            rows[known[module]] = scores.softmax(dim=-1)
        return original(module, query, key, *rest, **options)

    ALL_ATTENTION_FUNCTIONS[name] = watch
    try:
        yield
    finally:
        ALL_ATTENTION_FUNCTIONS[name] = original


@contextmanager
def _hidden(model: Any, sinks: dict[int, torch.Tensor]) -> Iterator[None]:
    """Which tokens are sinks on their way into every layer, bool [L]."""

    def keep(number: int) -> Any:
        def hook(_: Any, given: tuple[torch.Tensor, ...], named: dict[str, torch.Tensor]) -> None:
            sinks[number] = are_sinks((given[0] if given else named["hidden_states"])[0])

        return hook

    handles = [
        layer.register_forward_pre_hook(keep(number), with_kwargs=True)
        for number, layer in enumerate(_layers(model))
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def are_sinks(hidden: torch.Tensor) -> torch.Tensor:
    """Which tokens have a value far out of their own, bool [L]; never below 400 dimensions, where none can be.

    Args:
        hidden: Hidden states, [L, dimensions].
    """
    exact = hidden.float()
    size = exact.square().mean(dim=-1, keepdim=True).sqrt()
    return (exact.abs() / size).amax(dim=-1) > _TAU


@torch.no_grad()
def last_query_attention(family: Family, encoded: Encoded) -> tuple[torch.Tensor, torch.Tensor]:
    """Attention of a sequence's last token to all tokens, in every layer and head.

    Args:
        family: Opened with its model.
        encoded: One sequence, encoded with ``reply=True``: its last token is the one that the answer follows.

    Returns:
        Attention, float32 [layers, H, L], rows sum to 1; and whether a token is a sink, bool [layers, L].
    """
    inputs = place(family.collate([encoded], pad="left"), family.model)
    del inputs["labels"]
    rows: dict[int, torch.Tensor] = {}
    sinks: dict[int, torch.Tensor] = {}
    with _watched(family.model, rows), _hidden(family.model, sinks):
        family.model(**inputs, use_cache=False, logits_to_keep=1)
    order = range(len(rows))
    return torch.stack([rows[i] for i in order]).cpu(), torch.stack([sinks[i] for i in order]).cpu()


def _layers(model: Any) -> Any:
    return model.model.language_model.layers
