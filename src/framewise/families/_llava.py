"""What the LLaVA families share: a CLIP tower, a projector, a language model whose positions count tokens."""

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch

from framewise._errors import UsageError
from framewise.families._chat import conversation_pieces
from framewise.families._checkpoint import load_model, save_model
from framewise.families._clip import check_pixels, check_tower
from framewise.families._context import check_context
from framewise.families._family import Encoded, Family, FamilySettings, Part, VisualShape
from framewise.families._generation import Generated, generate_replies, padding_id
from framewise.families._sequence import Block, check_markers, num_visual_tokens, pad_batch, token_row
from framewise.records import MediaKind, Turn

_PARTS: dict[str, Part] = {
    "model.vision_tower.": "vision",
    "model.multi_modal_projector.": "projector",
    "model.image_newline": "projector",
}


class LlavaFamily(Family):
    """Media between texts as plain tokens: their order reaches the model, their times do not."""

    knows_time = False
    pools_frames = True

    model_class: ClassVar[Any]
    """transformers' class of the model."""
    processor_class: ClassVar[Any]
    """transformers' class of the processor."""

    def __init__(
        self,
        folder: Path,
        settings: FamilySettings,
        *,
        dtype: torch.dtype,
        device: str,
        with_model: bool = True,
    ) -> None:
        name = str(folder)
        self.config: Any = self.model_class.config_class.from_pretrained(name)
        check_tower(self.config, name)
        if settings.text_position != "after_max":
            raise UsageError("text_position: this model's positions count tokens; leave the setting out")
        self._processor = self.processor_class.from_pretrained(name)
        self._state_counts()
        self.tokenizer = self._processor.tokenizer
        if not self.tokenizer.chat_template:
            self.tokenizer.chat_template = self._processor.chat_template
        self.settings = self._settle(settings)
        if with_model:
            self.model, self._released = load_model(
                self.model_class, name, dtype=dtype, device=device, tokenizer=self.tokenizer
            )
            self._adapt(self.model)

    def _state_counts(self) -> None:
        """What upstream's own count of an image's tokens needs; some released processors leave it out."""
        self._processor.patch_size = self.config.vision_config.patch_size
        self._processor.vision_feature_select_strategy = self.config.vision_feature_select_strategy
        self._processor.num_additional_image_tokens = 1

    @abstractmethod
    def _adapt(self, model: Any) -> None:
        """Make the loaded model follow the settings."""

    @abstractmethod
    def _settle(self, settings: FamilySettings) -> FamilySettings:
        """The settings with what they come to for this checkpoint.

        Raises:
            UsageError: The checkpoint cannot keep one of them.
        """

    def _check_pixels(self, settings: FamilySettings) -> int:
        """The tower's pixels, all of which every frame has."""
        check_pixels("pixels_per_frame", settings.pixels_per_frame, self.config)
        check_pixels("pixels_per_image", settings.pixels_per_image, self.config)
        side: int = self.config.vision_config.image_size
        return side**2

    @abstractmethod
    def _placeholder(self, kind: MediaKind) -> int:
        """Token id that stands for a visual token of such a medium."""

    def lay_out(
        self, turns: Sequence[Turn], shapes: Sequence[VisualShape], *, reply: bool = False
    ) -> Encoded:
        """Ids, labels and positions (see ``Family.lay_out``)."""
        pieces = conversation_pieces(self.tokenizer, turns, reply=reply)
        check_markers(pieces, shapes)
        media = [[self._block(shape)] for shape in shapes]
        row = token_row(self.tokenizer, pieces, media)
        encoded = Encoded(
            input_ids=row.input_ids,
            labels=row.labels,
            positions=torch.arange(len(row.input_ids), dtype=torch.float32)[None],
            num_visual_tokens=num_visual_tokens(media),
        )
        return check_context(encoded, self.config, remedy=self._remedy(encoded, shapes))

    def _remedy(self, encoded: Encoded, shapes: Sequence[VisualShape]) -> str:  # noqa: ARG002
        """What besides fewer frames makes a sequence shorter: the end of a sentence."""
        return ""

    def _block(self, shape: VisualShape) -> Block:
        number = self.num_visual_tokens(shape.kind, shape.num_frames, shape.height, shape.width)
        return Block(placeholder=self._placeholder(shape.kind), grid=number)

    def collate(self, batch: Sequence[Encoded], *, pad: Literal["left", "right"]) -> dict[str, torch.Tensor]:
        """Pad to one length and join (see ``Family.collate``)."""
        return pad_batch(batch, pad=pad, pad_id=padding_id(self.tokenizer))

    def generate(self, batch: Sequence[Encoded], *, max_new_tokens: int) -> list[Generated]:
        """Greedy replies (see ``Family.generate``)."""
        inputs = self.collate(batch, pad="left")
        return generate_replies(self.model, self.tokenizer, inputs, max_new_tokens=max_new_tokens)

    def parts(self) -> dict[Part, list[str]]:
        """Names of the parameters by part: CLIP tower, projector, language model with head."""
        parts: dict[Part, list[str]] = {"vision": [], "projector": [], "language": []}
        for name, _ in self.model.named_parameters():
            parts[_part(name)].append(name)
        return parts

    def reading(self) -> dict[str, Any]:
        """How media are read (see ``Family.reading``)."""
        return {key: value for key, value in super().reading().items() if key != "text_position"}

    def save(self, folder: Path) -> None:
        """Write the official files, with the checkpoint's own generation settings."""
        save_model(self.model, self._released, folder)
        self._processor.save_pretrained(folder)


def _part(name: str) -> Part:
    return next((part for start, part in _PARTS.items() if name.startswith(start)), "language")
