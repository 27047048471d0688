"""A declared experiment: arms that differ in their frame budgets alone, and how they are trained and judged."""

from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from framewise._config import read_yaml, validate

_OF_THE_SUBJECT = {"model", "records", "media_root", "budgets", "clips"}
"""Keys of a training recipe that no study can name."""


class Arm(BaseModel):
    """One way to decide budgets; everything else is equal between arms."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    """Name in every table and folder."""
    allocator: str
    """Plugin that decides the budgets."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """The plugin's settings. The text ``{model}`` stands for the model to be tuned."""
    deals: str | None = None
    """Arm whose table is passed to the plugin as ``budgets``, for controls that deal another arm's budgets."""


class Evaluation(BaseModel):
    """How every model is judged, before and after, all alike."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    benchmarks: tuple[str, ...] = Field(min_length=1)
    frames: int = Field(ge=1)
    """Frames of every benchmark video, the same for all arms."""
    batch_size: int = Field(default=8, ge=1)
    max_new_tokens: int = Field(default=64, ge=1)


class Study(BaseModel):
    """Arms x one seed; run it again with other seeds for more."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    arms: tuple[Arm, ...] = Field(min_length=1)
    training: dict[str, Any]
    """Keys of a training recipe that all arms share."""
    evaluation: Evaluation

    @field_validator("training")
    @classmethod
    def _shared(cls, training: dict[str, Any]) -> dict[str, Any]:
        given = sorted(_OF_THE_SUBJECT & training.keys())
        if given:
            raise ValueError(f"{', '.join(given)}: these come from what the study is run on, leave them out")
        return training

    @model_validator(mode="after")
    def _agree(self) -> Self:
        names = [arm.name for arm in self.arms]
        if len(set(names)) != len(names) or "base" in names:
            raise ValueError(f"arms need different names, none of them 'base': {names}")
        for i, arm in enumerate(self.arms):
            if arm.deals is not None and arm.deals not in names[:i]:
                raise ValueError(
                    f"arm {arm.name!r} deals the budgets of {arm.deals!r}, which is no arm before it"
                )
        return self


def load_study(path: Path) -> Study:
    """Read a study from YAML.

    Raises:
        UsageError: The file is missing or no YAML mapping, a key is unknown or missing, or a value is not
            allowed; the message names every fault.
    """
    return validate(Study, read_yaml(path), place=str(path))
