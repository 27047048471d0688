"""What a plan has to know: of the training run, and of the machine that will do it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from framewise.families import FamilySettings, Part, TextPosition


class Adapters(Protocol):
    """Low-rank adapters, as a training recipe has them."""

    @property
    def r(self) -> int:
        """Rank."""

    @property
    def parts(self) -> tuple[Part, ...]:
        """Parts that get them."""

    @property
    def modules(self) -> tuple[str, ...] | None:
        """Last names of the layers that get them; None: all linear layers of these parts."""


class TrainingRecipe(Protocol):
    """What of a training recipe a plan reads; ``framewise.training.Recipe`` is one."""

    model: str
    records: Path
    media_root: Path | None
    budgets: Path | None
    clips: Path | None
    trainable: tuple[Part, ...]
    optimizer: Literal["adamw_torch", "adamw_torch_fused", "adafactor", "sgd"]
    epochs: float | None
    max_steps: int | None
    batch_size: int
    gradient_accumulation: int
    bf16: bool | Literal["auto"]
    gradient_checkpointing: bool
    pixels_per_frame: int | None
    pixels_per_image: int | None
    text_position: TextPosition
    frame_pooling: int | None
    seed: int

    @property
    def lora(self) -> Adapters | None:
        """Adapters; None: parts are trained in full."""


class Machine(BaseModel):
    """Where a run will be trained. An unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    gpus: int = Field(default=1, ge=1)
    """Devices, each with a copy of the model: training is data-parallel."""
    gpu_memory_gib: float | None = Field(default=None, gt=0)
    """Memory of each, in GiB; None: nothing is said of what fits."""
    tflops: float = Field(default=312.0, gt=0)
    """Peak of each in the type that the run computes in, in 10^12 operations a second. 312 is the A100's in
    bfloat16 without sparsity, by its data sheet."""
    tokens_per_second: float | None = Field(default=None, gt=0)
    """Measured rate of all devices together, tokens of the sequences with their padding; in place of an
    estimate from the peak."""


def family_settings(recipe: TrainingRecipe) -> FamilySettings:
    """Pixels and positions of the run."""
    return FamilySettings(
        pixels_per_frame=recipe.pixels_per_frame,
        pixels_per_image=recipe.pixels_per_image,
        text_position=recipe.text_position,
        frame_pooling=recipe.frame_pooling,
    )


def in_full(recipe: TrainingRecipe) -> Sequence[Part]:
    """Parts whose every parameter learns."""
    return [p for p in recipe.trainable if recipe.lora is None or p not in recipe.lora.parts]


def computes_in_bfloat16(recipe: TrainingRecipe) -> bool:
    """Whether the run computes in bfloat16; ``auto`` is taken to mean a GPU that has it."""
    return recipe.bf16 is not False


def recorded(recipe: TrainingRecipe) -> dict[str, Any]:
    """The settings that decide what the plan says."""
    lora = recipe.lora
    adapters = lora and {
        "r": lora.r,
        "parts": list(lora.parts),
        "modules": lora.modules and list(lora.modules),
    }
    names = (
        "model optimizer epochs max_steps batch_size gradient_accumulation bf16 gradient_checkpointing "
        "pixels_per_frame pixels_per_image text_position frame_pooling seed"
    )
    values = {name: getattr(recipe, name) for name in names.split()}
    return {**values, "trainable": list(recipe.trainable), "lora": adapters}
