"""Exporter ``llava_next``: clips whose container says one frame a second, of which LLaVA-NeXT takes all.

Source: LLaVA-VL/LLaVA-NeXT @ df17966: llava/utils.py:25-45, llava/train/train.py:131-134 and 1110-1210 (see
``_rules_llava_next``). The placeholder of a video is ``<image>``. The packets of the clips are copied into
containers of another rate; no frame is encoded again.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from framewise._errors import UsageError
from framewise._jsonl import Row, write_json
from framewise.exports._exporter import Exporter, Sample, Seen, Served, Setup
from framewise.exports._header import read_header
from framewise.exports._refusals import (
    first_reason,
    refuse_markers,
    refuse_mixed,
    refuse_roles,
    refuse_several,
)
from framewise.exports._rows import data_rows, each, layout_row, serve
from framewise.exports._rules_llava_next import FOLDER_OF_FRAMES, serve_video
from framewise.exports._settings import ACCUMULATION, RECIPE, most_frames, most_tokens, numbers
from framewise.exports._shell import HERE, below, read_script, write_script

DATA, SCRIPT = "framewise.json", "train.sh"
_LONGEST = 32768


class LLaVANeXT(Exporter):
    """``llava/train/train_mem.py``, as used for LLaVA-Video."""

    clips = "required"
    default_model = "lmms-lab/LLaVA-Video-7B-Qwen2"
    model_types = ("llava_qwen",)
    stored_fps = 1.0

    def refuse(self, sample: Sample, setup: Setup) -> str | None:
        """One video or some images a row, and no system's turn."""
        del setup
        return first_reason(
            refuse_roles(sample.record, system=False),
            refuse_markers(sample.record),
            refuse_mixed(sample),
            refuse_several(sample, "the trainer joins the name of one"),
            _refuse_path(sample),
        )

    def cautions(self, samples: Sequence[Sample], setup: Setup) -> list[str]:
        """The model has no clock; unreadable files; see ``Exporter.cautions``."""
        said = [
            "a video that cannot be read is replaced by the next sample: watch the log for 'Failed to read video'",
            "the model is told no times: to train with them, write them into the questions",
        ]
        long = sum(most_tokens([sample], setup) > _LONGEST for sample in samples)
        return said + ([f"{long} samples may exceed the context of {_LONGEST} tokens"] if long else [])

    def write(self, samples: Sequence[Sample], setup: Setup, folder: Path) -> None:
        """Write ``framewise.json`` and ``train.sh``."""
        write_json(folder / DATA, [_row(sample) for sample in samples])
        write_script(
            folder / SCRIPT,
            about=[
                "Set LLAVA_NEXT to the folder of LLaVA-VL/LLaVA-NeXT.",
                "The clips say that they have 1 frame a second, so that a stride of 1 takes every frame.",
            ],
            enter='"${LLAVA_NEXT:?the folder of LLaVA-VL/LLaVA-NeXT}"',
            command="deepspeed llava/train/train_mem.py",
            flags={
                "deepspeed": "scripts/zero3.json",
                "model_name_or_path": setup.target.name,
                "version": "qwen_1_5",
                "data_path": below(DATA),
                "image_folder": HERE,
                "video_folder": HERE,
                "video_fps": 1,
                "frames_upbound": most_frames(samples),
                "force_sample": False,
                "add_time_instruction": False,
                "mm_tunable_parts": "mm_mlp_adapter,mm_language_model",
                "vision_tower": "google/siglip-so400m-patch14-384",
                "mm_projector_type": "mlp2x_gelu",
                "mm_vision_select_layer": -2,
                "mm_use_im_start_end": False,
                "mm_use_im_patch_token": False,
                "image_aspect_ratio": "anyres_max_9",
                "image_grid_pinpoints": "(1x1),...,(6x6)",
                "mm_patch_merge_type": "spatial_unpad",
                "mm_newline_position": "grid",
                "mm_spatial_pool_stride": 2,
                "bf16": True,
                "per_device_train_batch_size": 1,
                "gradient_accumulation_steps": ACCUMULATION,
                **RECIPE,
                "model_max_length": _LONGEST,
                "gradient_checkpointing": True,
                "lazy_preprocess": True,
                "output_dir": below("output"),
            },
        )

    def serve(self, folder: Path, setup: Setup) -> Iterator[Served]:
        """Apply the stride with the script's settings; see ``Exporter.serve``."""
        del setup
        settings = _settings(read_script(folder / SCRIPT)[0])

        def see(path: str, _: None) -> Seen:
            return serve_video(read_header(folder / path), **settings)

        for row in data_rows(folder / DATA):
            yield serve(row.get("id"), each(row.get("video"), None), see)


def _settings(flags: Mapping[str, str]) -> dict[str, Any]:
    found = numbers(flags, {"video_fps": 1, "frames_upbound": 0}, SCRIPT)
    if found["video_fps"] < 1:
        raise UsageError(f"{SCRIPT}: --video_fps {found['video_fps']} is below 1")
    switches = ("force_sample", "add_time_instruction")
    return {**found, **{key: flags.get(key, "false").lower() in ("true", "1", "yes") for key in switches}}


def _row(sample: Sample) -> Row:
    said = layout_row(sample.record, "llava")
    return {key: said[key] for key in ("id", "conversations", "video", "image") if key in said}


def _refuse_path(sample: Sample) -> str | None:
    if any(FOLDER_OF_FRAMES in video.path for video in sample.videos):
        return f"the trainer takes a path with {FOLDER_OF_FRAMES!r} in it for a folder of frames"
    return None
