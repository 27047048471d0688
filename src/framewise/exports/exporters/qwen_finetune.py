"""Exporter ``qwen_finetune``: Qwen's own qwen-vl-finetune, through clips and a launcher.

Source: QwenLM/Qwen3-VL @ 9658872, qwen-vl-finetune/qwenvl/data/data_processor.py: rows in lines 140-198,
pixel limits in 44-137, frames by the processor's own sampling in 213, time of Qwen2.5-VL in 408-411: one rate,
``--video_fps``, for every video. The launcher gives each row its own (``shipped/qwen_finetune_launch.py``).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from framewise._jsonl import Row, write_rows
from framewise.exports._cautions import name_cautions, position_cautions
from framewise.exports._exporter import Exporter, Sample, Seen, Served, Setup
from framewise.exports._header import read_header
from framewise.exports._refusals import (
    first_reason,
    refuse_markers,
    refuse_numbers,
    refuse_roles,
    refuse_several_rates,
)
from framewise.exports._rows import data_rows, each, qwen_row, serve
from framewise.exports._rules_transformers import all_frames, frames_at_rate, resized
from framewise.exports._settings import (
    ACCUMULATION,
    PIXELS_PER_IMAGE,
    RECIPE,
    enough_fps,
    frame_pixels,
    most_frames,
    most_tokens,
    numbers,
)
from framewise.exports._shell import below, read_script, write_script
from framewise.exports._shipped import is_shipped, ship

DATA, SCRIPT, LAUNCHER = "framewise.jsonl", "train.sh", "qwen_finetune_launch.py"
RATE = "framewise_fps"
"""Key of a row: the rate of its clip, which the launcher reads."""
_DEFAULTS = {
    "video_fps": 2.0,
    "video_min_frames": 4,
    "video_max_frames": 8,
    "video_max_pixels": 1024 * 28 * 28,
    "video_min_pixels": 256 * 28 * 28,
}
"""qwenvl/train/argument.py:13-26."""


class QwenFinetune(Exporter):
    """The trainer in QwenLM/Qwen3-VL, folder ``qwen-vl-finetune``."""

    clips = "required"
    default_model = "Qwen/Qwen2.5-VL-7B-Instruct"
    model_types = ("qwen2_5_vl", "qwen3_vl")

    def refuse(self, sample: Sample, setup: Setup) -> str | None:
        """Every role but ``human`` is read as the assistant's; one rate for the videos of a row."""
        return first_reason(
            refuse_numbers(sample),
            refuse_roles(sample.record, system=False),
            refuse_markers(sample.record),
            refuse_several_rates(sample, setup, "the trainer has one rate for the videos of a row"),
        )

    def cautions(self, samples: Sequence[Sample], setup: Setup) -> list[str]:
        """Broken rows, packing and mixed batches; see ``Exporter.cautions``."""
        kinds = {bool(sample.videos) for sample in samples}
        said = position_cautions(samples, setup)
        if setup.target.clock == "positions":
            said.append(
                f"times are right only through {LAUNCHER}: the trainer's own entry tells every video one rate"
            )
        said += name_cautions(setup)
        said.append("a row that cannot be read is replaced by the next one: watch its log for 'Try other'")
        if len(kinds) > 1:
            said.append(
                "batches with videos and batches without hang under DeepSpeed ZeRO-3: train with ZeRO-2"
            )
        return said

    def write(self, samples: Sequence[Sample], setup: Setup, folder: Path) -> None:
        """Write ``framewise.jsonl``, the launcher and ``train.sh``."""
        write_rows(folder / DATA, (_row(sample) for sample in samples))
        ship(LAUNCHER, folder)
        fewest, most = frame_pixels(samples, whole_clip=setup.target.clock == "timestamps")
        write_script(
            folder / SCRIPT,
            about=[
                "Set QWEN_VL_FINETUNE to the folder qwen-vl-finetune of QwenLM/Qwen3-VL.",
                "The pixels of Qwen3-VL are those of all frames of a video together, so they grow with the frames.",
            ],
            enter='"${QWEN_VL_FINETUNE:?the folder qwen-vl-finetune of QwenLM/Qwen3-VL}"',
            command=f'torchrun --nproc_per_node="${{NPROC_PER_NODE:-1}}" "$here/{LAUNCHER}"',
            flags={
                "model_name_or_path": setup.target.name,
                "dataset_use": "framewise",
                "video_fps": enough_fps(samples),
                "video_min_frames": min(4, most_frames(samples)),
                "video_max_frames": most_frames(samples),
                "video_min_pixels": fewest,
                "video_max_pixels": most,
                "max_pixels": PIXELS_PER_IMAGE,
                "model_max_length": most_tokens(samples, setup),
                "tune_mm_vision": False,
                "tune_mm_mlp": True,
                "tune_mm_llm": True,
                "bf16": True,
                "per_device_train_batch_size": 1,
                "gradient_accumulation_steps": ACCUMULATION,
                **RECIPE,
                "save_strategy": "epoch",
                "output_dir": below("output"),
            },
        )

    def serve(self, folder: Path, setup: Setup) -> Iterator[Served]:
        """Apply transformers' sampling and the trainer's times; see ``Exporter.serve``."""
        flags, _ = read_script(folder / SCRIPT)
        launched = LAUNCHER in (folder / SCRIPT).read_text(encoding="utf-8") and is_shipped(LAUNCHER, folder)
        limits = numbers(flags, _DEFAULTS, SCRIPT)

        def see(path: str, rate: Any) -> Seen:
            return _see(folder / path, setup, limits, rate)

        for row in data_rows(folder / DATA):
            rate = row.get(RATE) if launched else None
            yield serve(row.get("id"), each(row.get("video"), rate), see)


def _row(sample: Sample) -> Row:
    rate = {RATE: sample.videos[0].fps} if len(sample.videos) == 1 else {}
    return {**qwen_row(sample), **rate}


def _see(file: Path, setup: Setup, limits: Mapping[str, Any], rate: Any) -> Seen:
    header = read_header(file)
    if setup.target.clock == "positions":
        seen = all_frames(header, (0, 0))
        told = limits["video_fps"] if rate is None else float(rate)
        seen = replace(seen, seconds=tuple(i / told for i in range(seen.num_frames)))
    else:
        rates = {key: limits[f"video_{key}"] for key in ("fps", "min_frames", "max_frames")}
        seen = frames_at_rate(header, (0, 0), **rates)
    height, width = resized(
        header.height,
        header.width,
        setup.target.block,
        num_frames=1 if setup.target.clock == "positions" else seen.num_frames,
        min_pixels=limits["video_min_pixels"],
        max_pixels=limits["video_max_pixels"],
    )
    return replace(seen, height=height, width=width)
