"""What the families of the Qwen-VL line share: blocks of patches, three axes of positions, their files."""

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch
import transformers

from framewise.families._chat import Piece, conversation_pieces
from framewise.families._checkpoint import load_model, save_model
from framewise.families._family import Encoded, Family, FamilySettings, Part, Visual, VisualShape
from framewise.families._generation import Generated, generate_replies
from framewise.families._patch_embedding import multiply_patches
from framewise.families._pixels import Patcher
from framewise.families._positions import Grid, forbid_half_precision, sequence_positions
from framewise.families._sequence import Block, Medium, check_markers, num_visual_tokens, pad_batch, token_row
from framewise.records import MediaKind, Turn

_TENSORS: dict[MediaKind, tuple[str, str]] = {
    "image": ("pixel_values", "image_grid_thw"),
    "video": ("pixel_values_videos", "video_grid_thw"),
}


class QwenVL(Family):
    """A vision tower whose patches are merged in blocks, and rotary positions of time, height and width."""

    temporal_multiple = 2

    model_class: ClassVar[Any]
    """transformers' class of the model."""
    video_processor_class: ClassVar[Any]
    """transformers' class of the video processor."""
    shared_limits: ClassVar[bool]
    """Whether the video processor's limits of pixels are those of all frames together."""
    projectors: ClassVar[tuple[str, ...]]
    """Beginnings of the names of the parameters between vision tower and language model."""

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
        self.settings = settings
        self.config: Any = self.model_class.config_class.from_pretrained(name)
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(name, trust_remote_code=False)
        self._patcher = Patcher(
            transformers.Qwen2VLImageProcessor.from_pretrained(name),
            self.video_processor_class.from_pretrained(name),
            shared_limits=self.shared_limits,
            pixels_per_image=settings.pixels_per_image,
            pixels_per_frame=settings.pixels_per_frame,
        )
        if with_model:
            self.model, self._released = load_model(
                self.model_class, name, dtype=dtype, device=device, tokenizer=self.tokenizer
            )
            forbid_half_precision(self.model.model.language_model.rotary_emb)
            multiply_patches(self.model.model.visual.patch_embed)

    @abstractmethod
    def _arrange(
        self, pieces: Sequence[Piece], shapes: Sequence[VisualShape]
    ) -> tuple[Sequence[Piece], Sequence[Medium]]:
        """The pieces as the model reads them, and one medium for each of their ``medium`` pieces."""

    def _block(self, shape: VisualShape, times: Any) -> Medium:
        """Temporal groups at these time coordinates, between the tokens that begin and end vision."""
        _, height, width = self._patcher.grid(shape.kind, shape.num_frames, shape.height, shape.width)
        merge = self.config.vision_config.spatial_merge_size
        video, image = self.config.video_token_id, self.config.image_token_id
        block = Block(
            placeholder=video if shape.kind == "video" else image,
            grid=Grid(times=times, height=height // merge, width=width // merge),
        )
        return [self.config.vision_start_token_id], block, [self.config.vision_end_token_id]

    def lay_out(
        self, turns: Sequence[Turn], shapes: Sequence[VisualShape], *, reply: bool = False
    ) -> Encoded:
        """Ids, labels and positions (see ``Family.lay_out``)."""
        pieces = conversation_pieces(self.tokenizer, turns, reply=reply)
        check_markers(pieces, shapes)
        arranged, media = self._arrange(pieces, shapes)
        row = token_row(self.tokenizer, arranged, media)
        return Encoded(
            input_ids=row.input_ids,
            labels=row.labels,
            positions=sequence_positions(row.spans, self.settings.text_position),
            num_visual_tokens=num_visual_tokens(media),
        )

    def visual_tensors(self, visuals: Sequence[Visual]) -> dict[str, torch.Tensor]:
        """Patches and their grids (see ``Family.visual_tensors``)."""
        tensors: dict[str, torch.Tensor] = {}
        for visual in visuals:
            patches = self._patcher.patches(visual.kind, visual.pixels)
            for key, value in zip(_TENSORS[visual.kind], patches, strict=True):
                tensors[key] = torch.cat([tensors[key], value]) if key in tensors else value
        return tensors

    def collate(self, batch: Sequence[Encoded], *, pad: Literal["left", "right"]) -> dict[str, torch.Tensor]:
        """Pad to one length and join (see ``Family.collate``)."""
        joined = pad_batch(batch, pad=pad, pad_id=self.tokenizer.pad_token_id)
        ids = joined["input_ids"]
        joined["mm_token_type_ids"] = (ids == self.config.image_token_id) + 2 * (
            ids == self.config.video_token_id
        )
        return joined

    def num_visual_tokens(self, kind: MediaKind, num_frames: int, height: int, width: int) -> int:
        """Placeholder tokens of a medium of this size (see ``Family.num_visual_tokens``)."""
        groups, rows, columns = self._patcher.grid(kind, num_frames, height, width)
        merge: int = self.config.vision_config.spatial_merge_size
        return groups * rows * columns // merge**2

    def frame_size(self, kind: MediaKind, height: int, width: int) -> tuple[int, int]:
        """Whole blocks within the limits (see ``Family.frame_size``)."""
        return self._patcher.frame_size(kind, height, width)

    def generate(self, batch: Sequence[Encoded], *, max_new_tokens: int) -> list[Generated]:
        """Greedy replies (see ``Family.generate``)."""
        inputs = self.collate(batch, pad="left")
        return generate_replies(self.model, self.tokenizer, inputs, max_new_tokens=max_new_tokens)

    def parts(self) -> dict[Part, list[str]]:
        """Names of the parameters by part: vision tower, what merges its patches, language model with head."""
        parts: dict[Part, list[str]] = {"vision": [], "projector": [], "language": []}
        for name, _ in self.model.named_parameters():
            parts[self._part(name)].append(name)
        return parts

    def _part(self, name: str) -> Part:
        if name.startswith(self.projectors):
            return "projector"
        return "vision" if name.startswith("model.visual.") else "language"

    def save(self, folder: Path) -> None:
        """Write the official files, with the checkpoint's own generation settings and pixel limits."""
        save_model(self.model, self._released, folder)
        for part in (self.tokenizer, self._patcher.image_processor, self._patcher.video_processor):
            part.save_pretrained(folder)
