"""Qwen2.5-VL (Bai et al. 2025, arXiv 2502.13923): transformers' own model, tokenizer and processors."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import torch
import transformers

from framewise._errors import UsageError
from framewise.families._chat import conversation_pieces
from framewise.families._family import Encoded, Family, FamilySettings, Part, Visual, VisualShape
from framewise.families._generation import greedy_config
from framewise.families._pixels import Patcher
from framewise.families._positions import Grid, forbid_half_precision, sequence_positions, time_coordinates
from framewise.families._sequence import Block, Medium, check_markers, num_visual_tokens, pad_batch, token_row
from framewise.records import MediaKind, Turn

_TENSORS: dict[MediaKind, tuple[str, str]] = {
    "image": ("pixel_values", "image_grid_thw"),
    "video": ("pixel_values_videos", "video_grid_thw"),
}


class Qwen25VL(Family):
    """Qwen2.5-VL of any size."""

    model_types = ("qwen2_5_vl",)
    temporal_multiple = 2

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
        self.device = device
        self.config: Any = transformers.Qwen2_5_VLConfig.from_pretrained(name)
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(name, trust_remote_code=False)
        self._patcher = Patcher(
            transformers.Qwen2VLImageProcessor.from_pretrained(name),
            transformers.Qwen2VLVideoProcessor.from_pretrained(name),
            pixels_per_image=settings.pixels_per_image,
            pixels_per_frame=settings.pixels_per_frame,
        )
        if with_model:
            self._load_model(name, dtype)

    def _load_model(self, name: str, dtype: torch.dtype) -> None:
        loader: Any = transformers.Qwen2_5_VLForConditionalGeneration
        self.model, loading = loader.from_pretrained(
            name, dtype=dtype, use_safetensors=True, output_loading_info=True
        )
        if loading["missing_keys"]:
            raise UsageError(f"{name}: weights are missing: {', '.join(sorted(loading['missing_keys'])[:5])}")
        self.model.to(self.device)
        self._released_dtype = self.config.dtype
        self._released_generation = self.model.generation_config
        self.model.generation_config = greedy_config(self._released_generation, self.tokenizer)
        forbid_half_precision(self.model.model.language_model.rotary_emb)

    def lay_out(
        self, turns: Sequence[Turn], shapes: Sequence[VisualShape], *, reply: bool = False
    ) -> Encoded:
        """Ids, labels and positions (see ``Family.lay_out``)."""
        pieces = conversation_pieces(self.tokenizer, turns, reply=reply)
        check_markers(pieces, shapes)
        media = [self._medium(shape) for shape in shapes]
        row = token_row(self.tokenizer, pieces, media)
        return Encoded(
            input_ids=row.input_ids,
            labels=row.labels,
            positions=sequence_positions(row.spans, self.settings.text_position),
            num_visual_tokens=num_visual_tokens(media),
        )

    def _medium(self, shape: VisualShape) -> Medium:
        vision = self.config.vision_config
        times = time_coordinates(
            shape.times_seconds,
            frames_per_group=vision.temporal_patch_size,
            tokens_per_second=vision.tokens_per_second,
        )
        _, height, width = self._patcher.grid(shape.kind, shape.num_frames, shape.height, shape.width)
        merge = vision.spatial_merge_size
        grid = Grid(times=times, height=height // merge, width=width // merge)
        video, image = self.config.video_token_id, self.config.image_token_id
        block = Block(placeholder=video if shape.kind == "video" else image, grid=grid)
        return [self.config.vision_start_token_id], block, [self.config.vision_end_token_id]

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

    @torch.inference_mode()
    def generate(self, batch: Sequence[Encoded], *, max_new_tokens: int) -> list[str]:
        """Greedy replies (see ``Family.generate``)."""
        inputs = {key: value.to(self.device) for key, value in self.collate(batch, pad="left").items()}
        del inputs["labels"]
        ids = self.model.generate(**inputs, max_new_tokens=max_new_tokens)
        replies: list[str] = self.tokenizer.batch_decode(
            ids[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True
        )
        return replies

    def parts(self) -> dict[Part, list[str]]:
        """Names of the parameters by part: vision tower, its merger, language model with its head."""
        parts: dict[Part, list[str]] = {"vision": [], "projector": [], "language": []}
        for name, _ in self.model.named_parameters():
            parts[_part(name)].append(name)
        return parts

    def save(self, folder: Path) -> None:
        """Write the official files, with the checkpoint's own generation settings and pixel limits."""
        if self._released_dtype is not None:
            self.model.to(self._released_dtype)
        greedy = self.model.generation_config
        self.model.generation_config = self._released_generation
        self.model.save_pretrained(folder)
        self.model.generation_config = greedy
        for part in (self.tokenizer, self._patcher.image_processor, self._patcher.video_processor):
            part.save_pretrained(folder)


def _part(name: str) -> Part:
    if name.startswith("model.visual.merger."):
        return "projector"
    return "vision" if name.startswith("model.visual.") else "language"
