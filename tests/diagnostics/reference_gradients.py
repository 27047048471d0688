"""Gradients the slow way: one sample at a time with torch.autograd.grad, all of them held, all logits computed."""

from collections.abc import Sequence

import torch

from framewise.diagnostics._loss import place
from framewise.diagnostics._probe import Probe
from framewise.families import Encoded

Gradients = dict[str, torch.Tensor]
"""By module, flat."""


def sample_gradient(probe: Probe, encoded: Encoded) -> tuple[float, int, Gradients]:
    """Loss summed over answer tokens, their number, and the gradient by module."""
    batch = place(probe.family.collate([encoded], pad="right"), probe.family.model)
    labels = batch.pop("labels")[0, 1:]
    logits = probe.family.model(**batch, use_cache=False).logits[0, :-1]
    learned = labels != -100
    loss = -logits.log_softmax(-1)[learned, labels[learned]].sum()
    gradients = torch.autograd.grad(
        loss, [item.parameter for item in probe.learned], allow_unused=True, materialize_grads=True
    )
    found: Gradients = {}
    for item, gradient in zip(probe.learned, gradients, strict=True):
        parts = [found[item.module], gradient.flatten()] if item.module in found else [gradient.flatten()]
        found[item.module] = torch.cat(parts)
    return float(loss.detach()), int(learned.sum()), found


def products(modules: Sequence[str], one: Gradients, two: Gradients) -> list[float]:
    """Inner products by module."""
    return [float(one[name] @ two[name]) for name in modules]


def total(gradients: Sequence[Gradients]) -> Gradients:
    """Sum of gradients."""
    return {name: torch.stack([g[name] for g in gradients]).sum(0) for name in gradients[0]}
