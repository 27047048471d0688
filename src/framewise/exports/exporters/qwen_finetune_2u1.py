"""Exporter ``qwen_finetune_2u1``: 2U1's Qwen-VL-Series-Finetune, through clips and a rate above theirs.

Source: 2U1/Qwen-VL-Series-Finetune @ 93fef86: src/dataset/sft_dataset.py (images or videos in a row: 76-135; one
set of rates for the videos of a row: 173-200; turns in pairs: 152), src/dataset/data_utils.py:96 (element of
qwen-vl-utils), src/params.py:283-292, requirements.txt (transformers 4.57.0). ``--nframes`` is not read in SFT.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from framewise._errors import UsageError
from framewise._jsonl import write_json
from framewise.exports._cautions import name_cautions, position_cautions
from framewise.exports._exporter import Exporter, Sample, Seen, Served, Setup
from framewise.exports._header import read_header
from framewise.exports._refusals import (
    first_reason,
    refuse_markers,
    refuse_mixed,
    refuse_numbers,
    refuse_roles,
    refuse_several_rates,
)
from framewise.exports._rows import data_rows, each, qwen_row, serve
from framewise.exports._rules_qwen_utils import serve_video
from framewise.exports._settings import (
    ACCUMULATION,
    PIXELS_PER_IMAGE,
    RECIPE,
    enough_fps,
    frame_pixels,
    most_tokens,
    numbers,
)
from framewise.exports._shell import HERE, Expanded, below, read_script, write_script

DATA, SCRIPT = "framewise.json", "train.sh"
_PIXELS = {"video_min_pixels": 100352, "video_max_pixels": 602112}
_PINNED = "the trainer pins transformers 4.57.0"


class QwenFinetune2U1(Exporter):
    """``src/train/train_sft.py`` of 2U1's repository."""

    clips = "required"
    default_model = "Qwen/Qwen2.5-VL-7B-Instruct"
    model_types = ("qwen2_5_vl", "qwen3_vl")

    def refuse(self, sample: Sample, setup: Setup) -> str | None:
        """Images or videos in a row, and for Qwen2.5-VL one video."""
        return first_reason(
            refuse_numbers(sample),
            refuse_roles(sample.record, system=False),
            refuse_markers(sample.record),
            refuse_mixed(sample),
            refuse_several_rates(sample, setup, "the trainer hands on the rate of the last one alone"),
        )

    def cautions(self, samples: Sequence[Sample], setup: Setup) -> list[str]:
        """Times under the pinned transformers and later ones, and mixed batches; see ``Exporter.cautions``."""
        said = position_cautions(samples, setup, whole_seconds=_PINNED) + name_cautions(setup)
        if setup.target.clock == "positions":
            said.append(
                "keep the pinned transformers 4.57.0: with 5.x the trainer hands on no rate for Qwen2.5-VL, and 24 "
                "frames a second are assumed"
            )
        if len({bool(sample.videos) for sample in samples}) > 1:
            said.append(
                "rows with videos and rows without hang under DeepSpeed ZeRO-3: the script uses ZeRO-2"
            )
        return said

    def write(self, samples: Sequence[Sample], setup: Setup, folder: Path) -> None:
        """Write ``framewise.json`` and ``train.sh``."""
        write_json(folder / DATA, [qwen_row(sample) for sample in samples])
        fewest, most = frame_pixels(samples)
        write_script(
            folder / SCRIPT,
            about=[
                "Set QWEN_VL_SERIES to the folder of 2U1/Qwen-VL-Series-Finetune.",
                "fps lies above the rate of every clip, so all frames are read; nframes is not read by the trainer.",
            ],
            enter='"${QWEN_VL_SERIES:?the folder of 2U1/Qwen-VL-Series-Finetune}"',
            variables={"PYTHONPATH": Expanded("src:${PYTHONPATH:-}")},
            command="deepspeed src/train/train_sft.py",
            flags={
                "deepspeed": "scripts/zero2.json",
                "model_id": setup.target.name,
                "data_path": below(DATA),
                "image_folder": HERE,
                "remove_unused_columns": False,
                "fps": enough_fps(samples),
                "video_min_pixels": fewest,
                "video_max_pixels": most,
                "image_max_pixels": PIXELS_PER_IMAGE,
                "max_seq_length": most_tokens(samples, setup),
                "freeze_vision_tower": True,
                "freeze_llm": False,
                "freeze_merger": False,
                "bf16": True,
                "per_device_train_batch_size": 1,
                "gradient_accumulation_steps": ACCUMULATION,
                **RECIPE,
                "gradient_checkpointing": True,
                "lazy_preprocess": True,
                "output_dir": below("output"),
            },
        )

    def serve(self, folder: Path, setup: Setup) -> Iterator[Served]:
        """Apply qwen-vl-utils' rule with the script's rate; see ``Exporter.serve``."""
        flags, _ = read_script(folder / SCRIPT)
        element = _element(flags)

        def see(path: str, _: None) -> Seen:
            return serve_video(read_header(folder / path), element, setup.target)

        for row in data_rows(folder / DATA):
            yield serve(row.get("id"), each(row.get("video"), None), see)


def _element(flags: Mapping[str, str]) -> dict[str, Any]:
    """What the trainer gives qwen-vl-utils with each video.

    Raises:
        UsageError: A value is no whole number, or there is no rate.
    """
    if "fps" not in flags:
        raise UsageError(f"{SCRIPT} sets no --fps, without which the trainer stops")
    # The rate has no default; that of the type is never used.
    found = numbers(flags, {"fps": 0, **_PIXELS}, SCRIPT)
    return {key.removeprefix("video_"): value for key, value in found.items()}
