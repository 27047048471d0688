"""Exporter ``axolotl``: clips that the processor takes whole.

Source: axolotl-ai-cloud/axolotl @ 067b021: docs/multimodal.qmd:290-360 (rows), src/axolotl/utils/collators/
mm_chat.py:46 (no option of frames reaches the processor), src/axolotl/loaders/processor.py:26 and
utils/schemas/model.py:67 (``processor_kwargs`` do, at loading), pyproject.toml (transformers 5.14.1). Qwen2.5-VL
takes every frame; Qwen3-VL samples, at the rate in ``processor_kwargs``.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from framewise._config import read_yaml
from framewise._errors import FramewiseError, UsageError
from framewise._jsonl import Row, write_rows
from framewise.exports._cautions import position_cautions
from framewise.exports._chat import chat_messages, video_parts
from framewise.exports._exporter import Exporter, Sample, Seen, Served, Setup
from framewise.exports._header import read_header
from framewise.exports._refusals import refuse_numbers
from framewise.exports._rows import data_rows, serve
from framewise.exports._rules_transformers import all_frames, frames_at_rate, whole_blocks
from framewise.exports._settings import ACCUMULATION, RECIPE, enough_fps, most_frames, most_tokens, numbers
from framewise.exports._shell import write_script

DATA, CONFIG, SCRIPT = "framewise.jsonl", "train.yaml", "train.sh"
_TEMPLATES = {"qwen2_5_vl": "qwen2_vl", "qwen3_vl": "tokenizer_default"}
_DEFAULTS = {"fps": 2.0, "min_frames": 4, "max_frames": 768}
_PINNED = "axolotl pins transformers 5.14.1"


class Axolotl(Exporter):
    """axolotl's multimodal training, which it calls not well tested for videos."""

    clips = "required"
    default_model = "Qwen/Qwen2.5-VL-7B-Instruct"
    model_types = ("qwen2_5_vl", "qwen3_vl")

    def refuse(self, sample: Sample, setup: Setup) -> str | None:
        """Numbers that the processor would round."""
        del setup
        return refuse_numbers(sample)

    def cautions(self, samples: Sequence[Sample], setup: Setup) -> list[str]:
        """Times under the pinned transformers, sizes, and packing; see ``Exporter.cautions``."""
        return [
            *position_cautions(samples, setup, whole_seconds=_PINNED),
            "frames are resized within the checkpoint's own limits: axolotl has one setting for images and videos",
            "sample_packing must stay off: axolotl does not pack rows with media",
        ]

    def write(self, samples: Sequence[Sample], setup: Setup, folder: Path) -> None:
        """Write ``framewise.jsonl``, ``train.yaml`` and ``train.sh``."""
        write_rows(folder / DATA, (_row(sample) for sample in samples))
        settings = yaml.safe_dump(_settings(samples, setup), sort_keys=False)
        (folder / CONFIG).write_text(settings, encoding="utf-8")
        write_script(
            folder / SCRIPT,
            about=["Paths in framewise.jsonl are relative to this folder."],
            command=f"axolotl train {CONFIG}",
            flags={},
        )

    def serve(self, folder: Path, setup: Setup) -> Iterator[Served]:
        """Apply the processor's own sampling; see ``Exporter.serve``."""
        config = read_yaml(folder / CONFIG)
        rate = _rate(config)

        def see(path: str, _: None) -> Seen:
            if config.get("sample_packing"):
                raise FramewiseError("sample_packing is on, which axolotl refuses for media")
            header = read_header(folder / path)
            size = whole_blocks(header.height, header.width, setup.target.block)
            if setup.target.clock == "positions":
                return all_frames(header, size)
            return frames_at_rate(header, size, **rate)

        for row in data_rows(folder / DATA):
            yield serve(row.get("id"), ((part["path"], None) for part in video_parts(row)), see)


def _row(sample: Sample) -> Row:
    messages = chat_messages(sample.record, lambda index: {"path": sample.record.media[index].path})
    return {"id": sample.record.id, "messages": messages}


def _settings(samples: Sequence[Sample], setup: Setup) -> dict[str, Any]:
    sampled = setup.target.clock == "timestamps"
    rate = {"fps": enough_fps(samples), "min_frames": 2, "max_frames": most_frames(samples)}
    return {
        "base_model": setup.target.name,
        "processor_type": "AutoProcessor",
        **({"processor_kwargs": rate} if sampled else {}),
        "skip_prepare_dataset": True,
        "remove_unused_columns": False,
        "sample_packing": False,
        "chat_template": _TEMPLATES[setup.target.model_type],
        "datasets": [{"path": DATA, "ds_type": "json", "type": "chat_template"}],
        "dataset_prepared_path": "prepared",
        "sequence_len": most_tokens(samples, setup),
        "pad_to_sequence_len": False,
        "freeze_mm_modules": True,
        "micro_batch_size": 1,
        "gradient_accumulation_steps": ACCUMULATION,
        "num_epochs": RECIPE["num_train_epochs"],
        "learning_rate": RECIPE["learning_rate"],
        "lr_scheduler": RECIPE["lr_scheduler_type"],
        "warmup_ratio": RECIPE["warmup_ratio"],
        "optimizer": "adamw_torch",
        "bf16": True,
        "gradient_checkpointing": True,
        "output_dir": "output",
    }


def _rate(config: Mapping[str, Any]) -> dict[str, Any]:
    given = config.get("processor_kwargs") or {}
    if not isinstance(given, dict):
        raise UsageError(f"{CONFIG}: processor_kwargs must hold `key: value` lines, and is {given!r}")
    return numbers(given, _DEFAULTS, f"{CONFIG}, processor_kwargs")
