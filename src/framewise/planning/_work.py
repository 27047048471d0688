"""Arithmetic of a run, and how long it takes.

A matrix of n values costs 2 n operations a token in the forward pass, as many again for the gradient of its
input and again for its own where it learns: 6 n in all (Kaplan et al. 2020, arXiv 2001.08361). Attention
adds 4 operations for every pair of positions and value of a query. Embeddings, norms and the optimizer's step
are left out. Decoding is not in it either: it runs beside the training (``num_workers``).
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from math import prod
from typing import Any

from framewise.planning._architecture import Architecture, Tower
from framewise.planning._batches import Batch
from framewise.planning._memory import projector_rows
from framewise.planning._recipe import Machine, TrainingRecipe, in_full
from framewise.planning._trainable import Shape

UTILISATION = (0.2, 0.5)
"""Assumed share of the peak that training reaches, worst and best: not measured. Published runs of dense
language models lie between (PaLM, arXiv 2204.02311, table 3: 0.21 to 0.46); short batches, padding and slow
decoding lie below."""


@dataclass(frozen=True, kw_only=True)
class Duration:
    """An estimate of the time that training takes, without decoding that lags behind."""

    operations: float
    """Floating-point operations of the whole run."""
    tokens: int
    """Tokens of all sequences with their padding."""
    hours: tuple[float, float]
    """Shortest and longest; equal where they come from a measured rate."""
    rests_on: str

    def to_json(self) -> dict[str, Any]:
        """All of it."""
        return asdict(self)


@dataclass(frozen=True)
class Workload:
    """Counts the operations of batches.

    Args:
        architecture: Sizes of the model.
        recipe: What learns, and how.
        shapes: Shapes of all that learns.
    """

    architecture: Architecture
    recipe: TrainingRecipe
    shapes: dict[str, Shape]

    def operations(self, batch: Batch) -> float:
        """Floating-point operations of one batch, forward and backward."""
        model, recipe = self.architecture, self.recipe
        language, vision = model.language, model.vision
        reads_pixels = "vision" in recipe.trainable
        again = 1 if recipe.gradient_checkpointing else 0
        whole = in_full(recipe)
        # Half of the pairs: no token looks ahead.
        pairs = batch.num_samples * batch.length**2 / 2
        total = _matrices(language, batch.padded_tokens) * (2 + again + ("language" in whole))
        total += _attention(language, pairs) * (3 + again)
        head = 2.0 * language.block.hidden * model.embedding * batch.num_samples * batch.columns
        total += head * (2 + ("language" in whole))
        total += _matrices(vision, batch.patches) * (1 + reads_pixels * (1 + again) + ("vision" in whole))
        total += _attention(vision, batch.patch_pairs) * (1 + reads_pixels * (2 + again))
        rows = projector_rows(model.projector, vision.block.hidden, batch.patches)
        projector = sum(2.0 * rows * inputs * outputs for inputs, outputs in model.projector)
        total += projector * (1 + reads_pixels + ("projector" in whole))
        return total + 6.0 * self._adapted() * batch.padded_tokens

    def duration(self, batches: Iterable[Batch], machine: Machine) -> Duration:
        """Time of a run of these batches."""
        listed = list(batches)
        operations = sum(map(self.operations, listed))
        tokens = sum(batch.padded_tokens for batch in listed)
        if machine.tokens_per_second is not None:
            hours = tokens / machine.tokens_per_second / 3600
            rests_on = f"{machine.tokens_per_second:g} tokens a second, as given"
            return Duration(operations=operations, tokens=tokens, hours=(hours, hours), rests_on=rests_on)
        peak = machine.gpus * machine.tflops * 1e12
        worst, best = UTILISATION
        fastest, slowest = (operations / (peak * share) / 3600 for share in (best, worst))
        rests_on = f"{worst:.0%} to {best:.0%} of {machine.gpus} x {machine.tflops:g} TFLOP/s, assumed"
        return Duration(operations=operations, tokens=tokens, hours=(fastest, slowest), rests_on=rests_on)

    def _adapted(self) -> int:
        return sum(prod(shape) for name, shape in self.shapes.items() if ".lora_" in name)


def _matrices(tower: Tower, tokens: int) -> float:
    return 2.0 * tower.num_layers * tower.block.num_weights * tokens


def _attention(tower: Tower, pairs: float) -> float:
    return 4.0 * tower.num_layers * tower.block.queries * pairs
