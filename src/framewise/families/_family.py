"""How a model family turns media and text into tokens, positions and times, and text out of them.

Shape letters: B batch, L tokens of a sequence, F frames, H height, W width, P patches.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from framewise.records import MediaKind, Turn

Part = Literal["vision", "projector", "language"]
TextPosition = Literal["after_max", "after_extent"]


class FamilySettings(BaseModel):
    """What a run fixes about tokens and positions; recorded with every result."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pixels_per_frame: int | None = Field(default=None, ge=1)
    """Most pixels of a video frame after resizing, for any number of frames; None: the checkpoint's own."""
    pixels_per_image: int | None = Field(default=None, ge=1)
    """Most pixels an image has after resizing; None: the checkpoint's own."""
    text_position: TextPosition = "after_max"
    """Where text goes on after a medium: after its largest position (what the Qwen2.5-VL weights were trained
    with, transformers 4.x and vLLM) or after its larger spatial side (transformers 5)."""


@dataclass(frozen=True, kw_only=True)
class Visual:
    """The pixels of one medium, as sampled."""

    kind: MediaKind
    pixels: NDArray[np.uint8]
    """RGB [F, H, W, 3]; one frame for an image."""
    times_seconds: NDArray[np.float64]
    """[F], strictly increasing; [0.0] for an image."""


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """One sequence, ready to be collated."""

    input_ids: torch.Tensor
    """int64 [L]."""
    labels: torch.Tensor
    """int64 [L]; -100 everywhere but on the tokens of assistant turns and the token that ends each."""
    positions: torch.Tensor
    """float32 [3, L]: time, height, width; whole numbers wherever these are enough to tell times apart."""
    tensors: dict[str, torch.Tensor] = field(default_factory=dict)
    """What else the model reads, such as patches and grids; concatenated along dim 0 over a batch."""
    num_visual_tokens: int = 0

    def __len__(self) -> int:
        return len(self.input_ids)


class Family(ABC):
    """A loaded model of one architecture with everything that it needs to read text, images and videos.

    Plugins are opened with ``open_family``, which picks the one whose ``model_types`` holds the folder's own.
    """

    model_types: ClassVar[tuple[str, ...]]
    """Values of ``model_type`` in ``config.json`` that this family reads."""
    temporal_multiple: ClassVar[int] = 1
    """Frames that make one temporal patch: budgets are rounded down to a multiple of it."""

    model: Any
    """transformers' own model."""
    tokenizer: Any
    settings: FamilySettings

    @abstractmethod
    def __init__(
        self,
        folder: Path,
        settings: FamilySettings,
        *,
        dtype: torch.dtype,
        device: str,
        with_model: bool = True,
    ) -> None:
        """Open the official files below ``folder``; without the model, everything but ``model`` works."""

    @abstractmethod
    def encode(self, turns: Sequence[Turn], visuals: Sequence[Visual], *, reply: bool = False) -> Encoded:
        """Tokenise a conversation with its media.

        Args:
            turns: The messages; markers stand where the visuals are read, in order.
            visuals: The media that the markers stand for.
            reply: End with the opening of an assistant turn, for generation.
        """

    @abstractmethod
    def collate(self, batch: Sequence[Encoded], *, pad: Literal["left", "right"]) -> dict[str, torch.Tensor]:
        """Pad to one length and join: the keyword arguments of the model's ``forward``, labels included."""

    @abstractmethod
    def num_visual_tokens(self, kind: MediaKind, num_frames: int, height: int, width: int) -> int:
        """Placeholder tokens that a medium of this size gets, without decoding anything."""

    @abstractmethod
    def generate(self, batch: Sequence[Encoded], *, max_new_tokens: int) -> list[str]:
        """Greedy replies to sequences that were encoded with ``reply=True``."""

    @abstractmethod
    def parts(self) -> dict[Part, list[str]]:
        """Names of the model's parameters by part; every parameter is in exactly one."""

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write model, tokenizer and processor in the official format (safetensors).

        The weights get the type that the opened ``config.json`` names; a model of another type is converted.
        """
