"""The directions in which an optimizer really moves the weights: theta+ = theta - eta u."""

from collections.abc import Sequence
from typing import Literal

import torch

from framewise.diagnostics._descent import Direction, Objective

Optimizer = Literal["sgd", "adamw"]


def update_direction(
    objectives: Sequence[Objective], optimizer: Optimizer, *, learning_rate: float, weight_decay: float
) -> Direction:
    """The direction u of the last of a row of updates, with the weights held where they are.

    With SGD u is the gradient over all batches (the paper's update, Eq. 5). With AdamW torch's own optimizer takes a
    step on each batch and the weights are put back each time, so that only its moments go on; u is what the last
    step moved, decay included, over the learning rate.

    Args:
        objectives: One a batch, in order.
        optimizer: Which.
        learning_rate: Of AdamW.
        weight_decay: Of AdamW.
    """
    parameters = [item.parameter for item in objectives[0].probe.learned]
    if optimizer == "sgd":
        whole = Objective(
            objectives[0].probe, [s for o in objectives for s in o.samples], objectives[0].batch_size
        )
        return whole.gradient()
    before = [parameter.detach().clone() for parameter in parameters]
    adamw = torch.optim.AdamW(parameters, lr=learning_rate, weight_decay=weight_decay)
    direction: Direction = []
    for objective in objectives:
        for parameter, gradient in zip(parameters, objective.gradient(), strict=True):
            parameter.grad = gradient
        adamw.step()
        with torch.no_grad():
            direction = [(b - p) / learning_rate for b, p in zip(before, parameters, strict=True)]
            for parameter, value in zip(parameters, before, strict=True):
                parameter.copy_(value)
    for parameter in parameters:
        parameter.grad = None
    return direction
