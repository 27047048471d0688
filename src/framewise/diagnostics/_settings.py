"""What the measurements can be told."""

from pydantic import BaseModel, ConfigDict, Field, field_validator

from framewise.families import Part

FEWEST_CLUSTERS = 200
"""Below so many videos no sign is called a finding: intervals of so few clusters are too short."""


class GradientSettings(BaseModel):
    """What every measurement of gradients fixes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    trainable: tuple[Part, ...] = ("vision", "projector", "language")
    """Parts whose gradients count: those that training will move."""
    lora_rank: int | None = Field(default=None, ge=1)
    """Measure in the space of fresh adapters of this rank; None: all parameters of the parts."""
    pixels_per_frame: int | None = Field(default=None, ge=1)
    """Most pixels of a video frame; None: the checkpoint's own."""
    pixels_per_image: int | None = Field(default=None, ge=1)
    """Most pixels of an image; None: the checkpoint's own."""
    num_images: int | None = Field(default=None, ge=2)
    """Most pictures, drawn at random; None: all."""
    num_videos: int | None = Field(default=None, ge=2)
    """Most videos, drawn at random; None: all."""
    seed: int = Field(default=0, ge=0)
    """Of the draws, of the frame offsets and of the bootstrap."""


class AlignmentSettings(GradientSettings):
    """What ``alignment`` can be told."""

    frames: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64)
    """Numbers of frames m, ascending; the first is what the others are compared with."""
    repeats: int = Field(default=4, ge=1)
    """Random frame offsets of each video; the same ones at every m."""
    per_video: int | None = Field(default=None, ge=1)
    """Most questions of each video, drawn at random; None: all. Intervals are over videos, so one question each
    costs little certainty."""
    block: int = Field(default=8, ge=2)
    """Videos whose gradients are multiplied with each other: the unit of resuming, and of the intervals of
    whatever needs the video gradient's norm."""
    smoothness: float | None = Field(default=None, gt=0)
    """beta of the image loss, or a lower estimate, for Eq. 28; None: its bound is not measured."""
    learning_rate: float = Field(default=1e-5, gt=0)
    """Of the steps on single videos that Eq. 28 is held against."""
    num_stepped: int = Field(default=32, ge=1)
    """Most videos of these steps."""
    num_step_images: int = Field(default=32, ge=1)
    """Most pictures of the image loss after them."""

    @field_validator("frames")
    @classmethod
    def _ascending(cls, frames: tuple[int, ...]) -> tuple[int, ...]:
        if len(frames) < 1 or frames[0] < 1 or list(frames) != sorted(set(frames)):
            raise ValueError("give numbers of frames of at least 1, ascending, each once")
        return frames
