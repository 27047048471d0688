"""Whole gradients, and losses at points along a line through the weights.

A line is theta(t) = theta - t u: t is the step size of an update in direction u (Eq. 5 of the paper).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from framewise.diagnostics._loss import answer_loss
from framewise.diagnostics._probe import Probe
from framewise.families import Encoded

Direction = list[torch.Tensor]
"""One tensor a parameter that learns."""


@dataclass(frozen=True)
class Objective:
    """The mean loss of the answer tokens of fixed samples, as a function of the weights.

    Args:
        probe: The model.
        samples: All of them count in every value; nothing is drawn.
        batch_size: Samples in one forward pass.
    """

    probe: Probe
    samples: Sequence[Encoded]
    batch_size: int = 8

    @torch.no_grad()
    def value(self) -> float:
        """The loss at the present weights, in nats an answer token."""
        found = [(loss, n) for loss, n in self._parts()]
        return float(sum(loss.double() for loss, _ in found)) / sum(n for _, n in found)

    def gradient(self) -> Direction:
        """The gradient at the present weights."""
        parameters = [item.parameter for item in self.probe.learned]
        for parameter in parameters:
            parameter.grad = None
        total = 0
        for loss, number in self._parts():
            loss.backward()  # type: ignore[no-untyped-call]
            total += number
        found = [torch.zeros_like(p) if p.grad is None else p.grad.detach() / total for p in parameters]
        for parameter in parameters:
            parameter.grad = None
        return found

    def _parts(self) -> Iterator[tuple[torch.Tensor, int]]:
        for start in range(0, len(self.samples), self.batch_size):
            yield answer_loss(self.probe.family, self.samples[start : start + self.batch_size])


def product(one: Direction, two: Direction) -> float:
    """Inner product, summed in float64."""
    return float(sum((a.double() * b.double()).sum() for a, b in zip(one, two, strict=True)))


@contextmanager
def moved(probe: Probe, direction: Direction, step: float) -> Iterator[None]:
    """The model at theta - step * direction; back at theta, bit for bit, in the end."""
    parameters = [item.parameter for item in probe.learned]
    kept = [parameter.detach().clone() for parameter in parameters]
    try:
        with torch.no_grad():
            for parameter, way in zip(parameters, direction, strict=True):
                parameter.sub_(way, alpha=step)
        yield
    finally:
        with torch.no_grad():
            for parameter, value in zip(parameters, kept, strict=True):
                parameter.copy_(value)


def curvature_along(objective: Objective, direction: Direction, step: float) -> float:
    """The curvature u' H u by the change of the gradient along u: two gradients, no second derivative."""
    with moved(objective.probe, direction, step):
        ahead = product(objective.gradient(), direction)
    with moved(objective.probe, direction, -step):
        behind = product(objective.gradient(), direction)
    return (behind - ahead) / (2 * step)
