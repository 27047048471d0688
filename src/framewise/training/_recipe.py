"""Recipes: everything that fixes a training run, read from YAML."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from framewise._config import read_yaml, validate
from framewise.families import Part, TextPosition

_PATHS = ("records", "media_root", "budgets", "clips")


class LoraSettings(BaseModel):
    """Low-rank adapters in place of full updates (Hu et al. 2021, arXiv 2106.09685)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    r: int = Field(ge=1)
    """Rank of the update."""
    alpha: int = Field(ge=1)
    """The update is scaled by alpha / r."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of an adapter's inputs that is dropped in training."""
    parts: tuple[Part, ...] = Field(default=("language",), min_length=1)
    """Parts that get adapters, among the trainable ones; the other trainable parts are trained in full."""
    modules: tuple[str, ...] | None = None
    """Last names of the linear layers that get adapters, such as ``q_proj``; None: all in these parts."""


class Recipe(BaseModel):
    """One training run. An unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    model: str
    """Folder of the checkpoint to start from in the official format, or a hub name."""
    records: Path
    """Training data in any known layout: a file, or a folder of files."""
    media_root: Path | None = None
    """Folder that media paths are relative to; None: the one that the records lie in."""
    budgets: Path | None = None
    """Run directory of ``framewise allocate``, or its ``budgets.jsonl``; None: the data has no videos."""
    clips: Path | None = None
    """What ``framewise probe`` left: samples with a clip that is not ok are skipped before training."""
    trainable: tuple[Part, ...] = Field(default=("projector", "language"), min_length=1)
    """Parts that learn; the others are frozen."""
    learning_rate: float | dict[Part, float] = 1e-5
    """Peak learning rate: one number, or one for each trainable part."""
    optimizer: Literal["adamw_torch", "adamw_torch_fused", "adafactor", "sgd"] = "adamw_torch"
    """transformers' name of the optimizer."""
    weight_decay: float = Field(default=0.0, ge=0)
    """Applied to matrices; never to biases and norms."""
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    """What the learning rate does after the warm-up."""
    warmup_ratio: float = Field(default=0.03, ge=0, lt=1)
    """Share of the steps in which the learning rate rises from 0 to its peak."""
    epochs: float | None = Field(default=None, gt=0)
    """Passes over the data, fractions allowed; None: 1, unless ``max_steps`` is given."""
    max_steps: int | None = Field(default=None, ge=1)
    """Optimizer steps, in place of ``epochs``."""
    batch_size: int = Field(default=4, ge=1)
    """Samples in one forward pass of one device."""
    gradient_accumulation: int = Field(default=1, ge=1)
    """Forward passes to one optimizer step."""
    max_grad_norm: float = Field(default=1.0, ge=0)
    """Gradients are scaled down to this norm; 0: never."""
    lora: LoraSettings | None = None
    """Train adapters; None: train the parts in full."""
    bf16: bool | Literal["auto"] = "auto"
    """Compute in bfloat16; ``auto``: on a GPU that has it. Weights and optimizer stay in float32."""
    gradient_checkpointing: bool = False
    """Compute activations again in the backward pass: less memory, about a third more time."""
    decoder: str = "pyav"
    """Who decodes the videos: ``pyav``, ``torchcodec``, or ``torchcodec:cuda`` on the GPU."""
    pixels_per_frame: int | None = Field(default=None, ge=1)
    """Most pixels of a video frame; None: the checkpoint's own."""
    pixels_per_image: int | None = Field(default=None, ge=1)
    """Most pixels of an image; None: the checkpoint's own."""
    text_position: TextPosition = "after_max"
    """Where text goes on after a medium; see ``FamilySettings``."""
    frame_pooling: int | None = Field(default=None, ge=1)
    """Side of the blocks of visual tokens of a frame that are averaged to one, where a family reads frames as
    images; see ``FamilySettings``."""
    seed: int = Field(default=0, ge=0)
    """Order of the samples, start of the adapters, dropout."""
    save_steps: int = Field(default=100, ge=1)
    """Optimizer steps between checkpoints, from which a stopped run goes on."""
    logging_steps: int = Field(default=10, ge=1)
    """Optimizer steps between rows of ``log.jsonl``."""
    num_workers: int | None = Field(default=None, ge=0)
    """Processes that decode ahead of each device; None: with a GPU its share of the cores, at most 8, else none."""

    @field_validator("learning_rate")
    @classmethod
    def _positive(cls, value: float | dict[Part, float]) -> float | dict[Part, float]:
        rates = value.values() if isinstance(value, dict) else [value]
        if not all(rate > 0 for rate in rates):
            raise ValueError("a learning rate must be above 0; to freeze a part, leave it out of `trainable`")
        return value

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.epochs is not None and self.max_steps is not None:
            raise ValueError("give `epochs` or `max_steps`, not both")
        if self.num_workers and self.decodes_on_gpu:
            raise ValueError(f"{self.decoder} decodes in the training's own process: leave `num_workers` out")
        if isinstance(self.learning_rate, dict) and set(self.learning_rate) != set(self.trainable):
            raise ValueError(
                f"`learning_rate` names {sorted(self.learning_rate)} but `trainable` {sorted(self.trainable)}"
            )
        if self.lora and not set(self.lora.parts) <= set(self.trainable):
            raise ValueError(
                f"`lora.parts` {sorted(self.lora.parts)} must be among `trainable` {sorted(self.trainable)}"
            )
        return self

    @property
    def decodes_on_gpu(self) -> bool:
        """Whether the decoder works on the GPU, which processes that were forked cannot use."""
        return self.decoder.endswith(":cuda")

    def rate(self, part: Part) -> float:
        """Peak learning rate of a trainable part."""
        return self.learning_rate[part] if isinstance(self.learning_rate, dict) else self.learning_rate


def load_recipe(path: Path) -> Recipe:
    """Read a recipe from YAML; its paths are relative to the file.

    Raises:
        UsageError: The file is missing or no YAML mapping, a key is unknown or missing, or a value is not
            allowed; the message names every fault.
    """
    return make_recipe(_resolve(read_yaml(path), path.parent), place=str(path))


def make_recipe(values: Mapping[str, Any], *, place: str) -> Recipe:
    """Check the keys and values of a recipe.

    Args:
        values: Keys of ``Recipe``; paths as they are.
        place: Where they stand, for the message.

    Raises:
        UsageError: A key is unknown or missing, or a value is not allowed; the message names every fault.
    """
    return validate(Recipe, values, place=place)


def _resolve(values: dict[str, Any], folder: Path) -> dict[str, Any]:
    resolved = dict(values)
    for key in _PATHS:
        if isinstance(resolved.get(key), str):
            resolved[key] = folder / resolved[key]
    model = resolved.get("model")
    if isinstance(model, str) and not _is_hub_name(model, folder):
        resolved["model"] = str(folder / model)
    return resolved


def _is_hub_name(model: str, folder: Path) -> bool:
    parts = Path(model).parts
    return len(parts) == 2 and not model.startswith((".", "/", "~")) and not (folder / parts[0]).exists()
