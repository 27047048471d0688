"""Memory of one device in the heaviest batch of a run.

Weights, gradients and optimizer states are exact: they are counted from the shapes of the parameters, in
float32, as training keeps them. What autograd keeps between the passes is counted operation by operation from
the sizes of a layer (Korthikanti et al. 2022, arXiv 2205.05198, do so for GPT), for attention kernels that do
not keep the scores. What is not counted: buffers inside kernels, what the allocator loses to fragments, and
the some hundred megabytes of a CUDA context.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from math import prod
from typing import Literal

from framewise.planning._architecture import Architecture, Block
from framewise.planning._batches import Batch
from framewise.planning._recipe import Machine, TrainingRecipe, computes_in_bfloat16, in_full
from framewise.planning._trainable import Shape, optimizer_values

Learning = Literal["full", "adapters", "frozen"]
_FLOAT32 = 4
_LOGITS = 3
"""float32 copies of the logits at the start of the backward pass: log-probabilities and two gradients."""


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Bytes on one device."""

    weights: int
    gradients: int
    buckets: int
    """A second copy of the gradients, in which data-parallel devices exchange them."""
    optimizer: int
    step: int
    """What the optimizer's step needs besides, while no activations are there."""
    inputs: int
    """Pixels of the heaviest batch."""
    activations: int
    """What autograd keeps of it."""
    logits: int
    vision: int
    """Most that a frozen vision tower holds at once; it keeps nothing for the backward pass."""
    peak: int

    def to_json(self) -> dict[str, int]:
        """All of it, in bytes."""
        return asdict(self)


@dataclass(frozen=True)
class Accountant:
    """Counts what batches of a run take.

    Args:
        architecture: Sizes of the model.
        recipe: What learns, and how.
        shapes: Shapes of all that learns.
        machine: Number of devices.
        checkpointing: Whether activations are computed again in the backward pass.
    """

    architecture: Architecture
    recipe: TrainingRecipe
    shapes: dict[str, Shape]
    machine: Machine
    checkpointing: bool

    def heaviest(self, batches: Iterable[Batch]) -> Memory:
        """Memory of the batch that needs most."""
        return max((self.memory(batch) for batch in batches), key=lambda memory: memory.peak)

    def memory(self, batch: Batch) -> Memory:
        """Memory that one batch needs."""
        learned = sum(map(prod, self.shapes.values()))
        weights = _FLOAT32 * (self.architecture.total + self._num_adapted())
        gradients = _FLOAT32 * learned
        buckets = gradients if self.machine.gpus > 1 else 0
        optimizer = _FLOAT32 * optimizer_values(self.recipe.optimizer, self.shapes)
        # The default AdamW works on all tensors of a group at once and holds the roots of their second moments.
        step = gradients if self.recipe.optimizer == "adamw_torch" else 0
        activations = self.activations(batch)
        logits = _LOGITS * _FLOAT32 * batch.num_samples * batch.columns * self.architecture.embedding
        inputs = _FLOAT32 * batch.patches * self.architecture.patch_values
        vision = 0 if "vision" in self.recipe.trainable else self._vision_at_once(batch)
        # Without accumulation no gradients are there yet when activations are at their most.
        held = gradients if self.recipe.gradient_accumulation > 1 else 0
        passes = max(held + activations + logits, gradients, held + vision)
        peak = weights + buckets + optimizer + max(inputs + passes, gradients + step)
        return Memory(
            weights=weights,
            gradients=gradients,
            buckets=buckets,
            optimizer=optimizer,
            step=step,
            inputs=inputs,
            activations=activations,
            logits=logits,
            vision=vision,
            peak=peak,
        )

    def activations(self, batch: Batch) -> int:
        """Bytes that autograd keeps of a batch, without its logits."""
        language, vision = self.architecture.language, self.architecture.vision
        kept = self._tower(
            language.block, language.num_layers, "language", batch.padded_tokens, self._masks(batch)
        )
        # The last norm, and the angles of the positions.
        head_width = language.block.queries // language.block.num_heads
        kept += batch.padded_tokens * _FLOAT32 * (2 * language.block.hidden + 2 * head_width)
        if "vision" in self.recipe.trainable:
            kept += self._tower(vision.block, vision.num_layers, "vision", batch.patches, 0)
            # Frames attend to themselves alone: their outputs are joined to one input of the next layer.
            copies = 1 if self.checkpointing else vision.num_layers
            values = copies * vision.block.queries + self.architecture.patch_values
            kept += self._width * values * batch.patches
        if {"vision", "projector"} & set(self.recipe.trainable):
            kept += self._projector(batch)
        return kept

    def _tower(
        self, block: Block, num_layers: int, part: Literal["vision", "language"], tokens: int, mask: int
    ) -> int:
        is_masked = mask > 0
        layer = tokens * kept_by_block(
            block, self._learning(part), bf16=self._bf16, masked=is_masked, rank=self._rank
        )
        layer += mask + (2 * block.num_weights if self._bf16 else 0)
        if not self.checkpointing:
            return num_layers * layer
        # One layer at a time is computed again, and its gradients take as much as what it keeps.
        return num_layers * tokens * _FLOAT32 * block.hidden + 2 * layer

    def _masks(self, batch: Batch) -> int:
        """The mask of one layer: each layer keeps its own, in the type that it computes in."""
        return self._width * batch.num_samples * batch.length**2 if batch.has_padding else 0

    def _projector(self, batch: Batch) -> int:
        """Inputs and outputs of the projector's layers."""
        width = self.architecture.vision.block.hidden
        layers = self.architecture.projector
        rows = projector_rows(layers, width, batch.patches)
        kept = sum(self._width * rows * (inputs + outputs) for inputs, outputs in layers)
        return kept + (sum(2 * inputs * outputs for inputs, outputs in layers) if self._bf16 else 0)

    def _vision_at_once(self, batch: Batch) -> int:
        block = self.architecture.vision.block
        network = 3 if block.gated else 2
        return batch.patches * (
            (2 * _FLOAT32 + self._width) * block.hidden + network * self._width * block.intermediate
        )

    def _learning(self, part: Literal["vision", "language"]) -> Learning:
        if part in in_full(self.recipe):
            return "full"
        return "adapters" if part in self.recipe.trainable else "frozen"

    def _num_adapted(self) -> int:
        return sum(prod(shape) for name, shape in self.shapes.items() if ".lora_" in name)

    @property
    def _bf16(self) -> bool:
        return computes_in_bfloat16(self.recipe)

    @property
    def _width(self) -> int:
        return 2 if self._bf16 else _FLOAT32

    @property
    def _rank(self) -> int:
        return self.recipe.lora.r if self.recipe.lora else 0


def projector_rows(layers: tuple[tuple[int, int], ...], width: int, patches: int) -> int:
    """Rows that a projector reads: patches, or groups of patches that are joined to one."""
    return patches * width // layers[0][0] if layers else 0


def kept_by_block(block: Block, learning: Learning, *, bf16: bool, masked: bool, rank: int = 0) -> int:
    """Bytes that autograd keeps of one token in one layer.

    The residual stream and the norms compute in float32, also under bfloat16. Under bfloat16 every linear
    layer keeps a copy of its own of the input that it casts; in float32 layers with one input share it.

    Args:
        block: Sizes of the layer.
        learning: What of it learns. Frozen weights need no inputs kept, but gradients still flow through.
        bf16: Whether it computes in bfloat16.
        masked: Whether attention has a mask; then shared heads are repeated for every query head.
        rank: Rank of the adapters.
    """
    width = 2 if bf16 else _FLOAT32
    reads = 2 if block.gated else 1
    norms = 2 * _FLOAT32 * block.hidden * (2 if block.root_mean_square and learning == "full" else 1)
    keys = block.queries if masked else block.keys
    attention = width * 2 * (block.queries + keys) + _FLOAT32 * block.num_heads
    if block.num_inputs == 1:
        # The values are a view of what one layer made of queries, keys and values: all of it stays.
        attention += width * 2 * block.queries
    if block.head_norms:
        attention += (_FLOAT32 + (width if learning == "full" else 0)) * (block.queries + block.keys)
    network = width * block.intermediate * (3 if block.gated else 1)
    kept = norms + attention + network
    if learning == "frozen":
        return kept
    if bf16:
        kept += width * (block.hidden * (block.num_inputs + reads) + block.intermediate)
        kept += width * block.queries if learning == "adapters" else 0
    else:
        kept += width * (2 * block.hidden + block.intermediate)
    if learning == "adapters":
        kept += width * rank * (block.num_inputs + reads + 2)
    return kept
