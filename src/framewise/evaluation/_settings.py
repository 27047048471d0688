"""What fixes the outcome of an evaluation, apart from the model and the data."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from framewise._config import validate


class EvaluationSettings(BaseModel):
    """Settings that two runs must share to be compared."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    benchmarks: tuple[str, ...] = Field(min_length=1)
    """Names of the benchmarks, each once."""
    prompt: str = "official"
    """In whose words items are asked; see ``Benchmark.prompts``."""
    frames: int | None = Field(default=None, ge=1)
    """Frames wanted of each video; clips that have fewer give what they have. None: see ``budgets``."""
    budgets: str | None = None
    """sha256 of the allocation that says how many frames each video gets."""
    replicate: int | None = Field(default=None, ge=1)
    """Identical frames that an image is shown as; None: it is shown as an image."""
    pixels_per_frame: int | None = Field(default=None, ge=1)
    """Most pixels of a video frame after resizing; None: the checkpoint's own."""
    pixels_per_image: int | None = Field(default=None, ge=1)
    """Most pixels of an image after resizing; None: the checkpoint's own."""
    max_new_tokens: int = Field(ge=1)
    """Longest reply, in tokens."""
    limit: int | None = Field(default=None, ge=1)
    """Items of each benchmark, rounded up to whole clusters; None: all."""
    seed: int = 0
    """Seed of the draw that ``limit`` makes."""
    text_position: Literal["after_max", "after_extent"] = "after_max"
    """Where text goes on after a medium; see ``framewise.families.FamilySettings``."""
    frame_pooling: int | None = Field(default=None, ge=1)
    """Side of the blocks of visual tokens of a frame that are averaged; see the same. None: the family's own."""

    @field_validator("benchmarks")
    @classmethod
    def _once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"named more than once: {', '.join(twice)}")
        return names


def check_settings(**values: Any) -> EvaluationSettings:
    """The checked settings.

    Raises:
        UsageError: A value is not allowed; the message says which, and what was found.
    """
    return validate(EvaluationSettings, values, place="evaluate cannot run")
