"""A model that is opened for measuring: its samples' losses, and whether it says the same twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from framewise._errors import FramewiseError
from framewise.diagnostics._loss import answer_loss
from framewise.diagnostics._meter import GradientMeter
from framewise.diagnostics._modules import Learned, choose_learned
from framewise.diagnostics._settings import GradientSettings
from framewise.families import Encoded, Family, FamilySettings, open_family

_TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-3}
_HALF_TOLERANCE = 5e-2


@dataclass(frozen=True)
class Probe:
    """A model and the parameters that learn."""

    family: Family
    learned: Sequence[Learned]

    def loss(self, encoded: Encoded) -> tuple[torch.Tensor, int]:
        """Sum over the answer tokens of one sample, and their number."""
        return answer_loss(self.family, [encoded])


def open_probe(model: Path | str, settings: GradientSettings, *, dtype: torch.dtype | None = None) -> Probe:
    """Open a model with dropout off; see ``open_family`` for the errors.

    Args:
        model: Folder or hub name.
        settings: Parts and pixels.
        dtype: Type of the weights; None: bfloat16 on a GPU that has it, float32 elsewhere.
    """
    pixels = FamilySettings(
        pixels_per_frame=settings.pixels_per_frame, pixels_per_image=settings.pixels_per_image
    )
    family = open_family(model, pixels, dtype=dtype)
    family.model.eval()
    learned = choose_learned(family, settings.trainable, lora_rank=settings.lora_rank, seed=settings.seed)
    return Probe(family, learned)


def repeat_distance(probe: Probe, meter: GradientMeter, encoded: Encoded) -> float:
    """How far two gradients of the same sample lie apart, relative to their norm: the floor of all that is measured.

    Raises:
        FramewiseError: They differ by more than rounding does, or are no numbers.
    """
    meter.restart()
    losses, readings = [], []
    for _ in range(2):
        loss, _ = probe.loss(encoded)
        losses.append(float(loss.detach()))
        readings.append(meter.read(loss))
    meter.restart()
    first, second = readings
    if not (first.finite and second.finite):
        raise FramewiseError("the gradient of a sample is not finite: this checkpoint cannot be measured")
    square = first.square.sum() + second.square.sum() - 2 * second.before.sum()
    distance = float(np.sqrt(max(0.0, square) / max(first.square.sum(), np.finfo(float).tiny)))
    # The difference of three nearly equal numbers has this much rounding in it.
    allowed = _TOLERANCE.get(probe.family.model.dtype, _HALF_TOLERANCE)
    if distance > allowed or not np.isclose(losses[0], losses[1], rtol=allowed):
        raise FramewiseError(
            f"the same sample gives other gradients the second time (relative distance {distance:.2g}, losses "
            f"{losses[0]:.6g} and {losses[1]:.6g}): something in the model is random, such as dropout that stays on "
            "in evaluation; such a model cannot be measured"
        )
    return distance


def memory_words(probe: Probe, *, halves_on: str | None = None) -> str:
    """What a measurement will hold besides the model's activations, in words."""
    sizes = [item.parameter.numel() * item.parameter.element_size() for item in probe.learned]
    values = sum(item.parameter.numel() for item in probe.learned)
    weights = sum(p.numel() * p.element_size() for p in probe.family.model.parameters())
    halves = 2 * values * 4
    where = halves_on or str(probe.family.model.device)
    return (
        f"memory: weights {_size(weights)}, two image halves {_size(halves)} on {where}, one running gradient "
        f"{_size(sum(sizes))}, one parameter's gradient at most {_size(max(sizes))}, and the activations of one "
        "sample"
    )


def _size(num_bytes: int) -> str:
    return f"{num_bytes / 2**30:.2f} GiB" if num_bytes >= 2**27 else f"{num_bytes / 2**20:.1f} MiB"
