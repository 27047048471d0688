"""How a model family turns media and text into tokens, positions and times, and text out of them.

Shape letters: B batch, L tokens of a sequence, F frames, H height, W width, P patches.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from framewise.families._generation import Generated
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
    frame_pooling: int | None = Field(default=None, ge=1)
    """Side of the blocks of visual tokens of a frame that are averaged to one, where a family reads frames as
    images (``llava``); 1: all tokens are kept; None: the family's own."""


@dataclass(frozen=True, kw_only=True)
class VisualShape:
    """What of a medium decides its tokens and positions: everything but its pixels."""

    kind: MediaKind
    height: int
    """Pixels, before any resizing."""
    width: int
    times_seconds: NDArray[np.float64]
    """[F], strictly increasing; [0.0] for an image."""

    @property
    def num_frames(self) -> int:
        """Frames; 1 for an image."""
        return len(self.times_seconds)


@dataclass(frozen=True, kw_only=True)
class Visual:
    """The pixels of one medium, as sampled."""

    kind: MediaKind
    pixels: NDArray[np.uint8]
    """RGB [F, H, W, 3]; one frame for an image."""
    times_seconds: NDArray[np.float64]
    """[F], strictly increasing; [0.0] for an image."""

    @property
    def shape(self) -> VisualShape:
        """Everything but the pixels."""
        _, height, width, _ = self.pixels.shape
        return VisualShape(kind=self.kind, height=height, width=width, times_seconds=self.times_seconds)


@dataclass(frozen=True, kw_only=True)
class ImageGrid:
    """Which part of a picture each of its tokens stands for: cells of a grid, row by row."""

    rows: int
    columns: int
    window: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)
    """Left, top, right and bottom of what the grid covers, in fractions of the picture; outside it, padding."""


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """One sequence, ready to be collated."""

    input_ids: torch.Tensor
    """int64 [L]."""
    labels: torch.Tensor
    """int64 [L]; -100 everywhere but on the tokens of assistant turns and the token that ends each."""
    positions: torch.Tensor
    """float32 [A, L]. A = 3 axes (time, height, width) in the Qwen-VL line, whole numbers wherever these are
    enough to tell times apart; A = 1 in families whose positions count tokens."""
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
    knows_time: ClassVar[bool] = True
    """Whether the times of frames reach the model; without, it knows their order alone."""
    pools_frames: ClassVar[bool] = False
    """Whether ``frame_pooling`` means something to it."""

    model: Any
    """transformers' own model."""
    tokenizer: Any
    settings: FamilySettings
    """Those of the run, with what a family makes of those that were left out."""

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

    def encode(self, turns: Sequence[Turn], visuals: Sequence[Visual], *, reply: bool = False) -> Encoded:
        """Tokenise a conversation with its media.

        Args:
            turns: The messages; markers stand where the visuals are read, in order.
            visuals: The media that the markers stand for.
            reply: End with the opening of an assistant turn, for generation.

        Raises:
            ValueError: Markers and visuals differ in number or kind.
            FramewiseError: The model cannot read media of these sides, or a sequence of this length.
        """
        laid_out = self.lay_out(turns, [visual.shape for visual in visuals], reply=reply)
        return replace(laid_out, tensors=self.visual_tensors(visuals))

    @abstractmethod
    def lay_out(
        self, turns: Sequence[Turn], shapes: Sequence[VisualShape], *, reply: bool = False
    ) -> Encoded:
        """What ``encode`` gives but for the pixels' tensors: ids, labels and positions, nothing decoded.

        Raises:
            ValueError: Markers and shapes differ in number or kind.
            FramewiseError: See ``encode``.
        """

    @abstractmethod
    def visual_tensors(self, visuals: Sequence[Visual]) -> dict[str, torch.Tensor]:
        """Pixels as the model reads them, with what describes them; see ``Encoded.tensors``."""

    @abstractmethod
    def collate(self, batch: Sequence[Encoded], *, pad: Literal["left", "right"]) -> dict[str, torch.Tensor]:
        """Pad to one length and join: the keyword arguments of the model's ``forward``, labels included."""

    @abstractmethod
    def num_visual_tokens(self, kind: MediaKind, num_frames: int, height: int, width: int) -> int:
        """Placeholder tokens that a medium of this size gets, without decoding anything.

        Raises:
            FramewiseError: The model cannot read media of these sides.
        """

    @abstractmethod
    def frame_size(self, kind: MediaKind, height: int, width: int) -> tuple[int, int]:
        """Height and width, in pixels, at which a frame of this size should be stored for this model.

        Frames of that size lose nothing more on the way into the model, and take the same tokens.

        Raises:
            FramewiseError: The model cannot read media of these sides.
        """

    def image_grid(self, height: int, width: int) -> ImageGrid | None:  # noqa: ARG002
        """Where an image's tokens lie; None: they are no one grid, or only their positions say it.

        Args:
            height: Of the image, in pixels.
            width: Likewise.
        """
        return None

    @abstractmethod
    def generate(self, batch: Sequence[Encoded], *, max_new_tokens: int) -> list[Generated]:
        """Greedy replies to sequences that were encoded with ``reply=True``."""

    def reading(self) -> dict[str, Any]:
        """How media become tokens, to be stated with every result: plain values by name."""
        return {
            "family": self.model_types[0],
            "knows_time": self.knows_time,
            **self.settings.model_dump(mode="json"),
        }

    @abstractmethod
    def parts(self) -> dict[Part, list[str]]:
        """Names of the model's parameters by part; every parameter is in exactly one."""

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write model, tokenizer and processor in the official format (safetensors).

        The weights get the type that the opened ``config.json`` names; a model of another type is converted.
        """
