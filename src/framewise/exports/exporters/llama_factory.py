"""Exporter ``llama_factory``: clips that hold exactly their budget, and a rate above that of each.

Source: hiyouga/LLaMA-Factory @ ff6d4d1: data/README.md (layout ``sharegpt``, ``dataset_info.json``),
src/llamafactory/data/mm_plugin.py (see ``_rules_llama_factory``), data/converter.py:223 (a column that is named
and in no row ends the run), pyproject.toml:43 (transformers up to 5.8).
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from framewise._config import read_yaml
from framewise._errors import UsageError
from framewise._jsonl import Row, read_json, write_json
from framewise.exports._cautions import position_cautions
from framewise.exports._exporter import Exporter, Sample, Seen, Served, Setup
from framewise.exports._header import read_header
from framewise.exports._refusals import first_reason, refuse_numbers, refuse_roles
from framewise.exports._rows import data_rows, each, layout_row, serve
from framewise.exports._rules_llama_factory import serve_video
from framewise.exports._settings import (
    ACCUMULATION,
    PIXELS_PER_IMAGE,
    RECIPE,
    all_videos,
    enough_fps,
    frame_pixels,
    most_frames,
    most_tokens,
    numbers,
)
from framewise.exports._shell import write_script

NAME = "framewise"
DATA, REGISTRY, CONFIG, SCRIPT = "framewise.json", "dataset_info.json", "train.yaml", "train.sh"
TEMPLATES = {"qwen2_5_vl": "qwen2_vl", "qwen3_vl": "qwen3_vl_nothink", "llava_next_video": "llava_next_video"}
_DEFAULTS = {"video_fps": 2.0, "video_maxlen": 128, "video_max_pixels": 65536, "video_min_pixels": 256}
"""hparams/model_args.py:321-336."""
_PINNED = "LLaMA-Factory pins transformers to at most 5.8"
_RELEASED_QWEN3_CEILING = 24576 * 32 * 32
"""Pixels of all frames of a video together, above which the released processor shrinks them."""


class LLaMAFactory(Exporter):
    """LLaMA-Factory's v0 engine (``llamafactory-cli train``)."""

    clips = "required"
    default_model = "Qwen/Qwen2.5-VL-7B-Instruct"
    model_types = ("qwen2_5_vl", "qwen3_vl", "llava_next_video")

    def refuse(self, sample: Sample, setup: Setup) -> str | None:
        """User and assistant in turn, and even numbers where the model reads pairs."""
        even = refuse_numbers(sample) if setup.target.block else None
        return first_reason(even, refuse_roles(sample.record, system=True), _refuse_unequal(sample, setup))

    def cautions(self, samples: Sequence[Sample], setup: Setup) -> list[str]:
        """Times under the transformers that LLaMA-Factory pins, and sizes in Qwen3-VL."""
        said = position_cautions(samples, setup, whole_seconds=_PINNED)
        if setup.target.model_type == "qwen3_vl":
            large = sum(
                v.num_frames * (v.expected.height or 0) * (v.expected.width or 0) > _RELEASED_QWEN3_CEILING
                for v in all_videos(samples)
            )
            if large:
                said.append(
                    f"{large} videos have more than {_RELEASED_QWEN3_CEILING} pixels in all frames together: the "
                    "released Qwen3-VL processor shrinks their frames, and LLaMA-Factory has no setting for it"
                )
        if setup.target.model_type == "llava_next_video":
            said.append(
                "LLaMA-Factory counts the tokens of a batch by its first video: per_device_train_batch_size is 1"
            )
        return said

    def write(self, samples: Sequence[Sample], setup: Setup, folder: Path) -> None:
        """Write the rows, ``dataset_info.json``, ``train.yaml`` and ``train.sh``."""
        rows = [_row(sample) for sample in samples]
        media = [key for key in ("videos", "images") if any(key in row for row in rows)]
        write_json(folder / DATA, [{**{key: [] for key in media}, **row} for row in rows])
        columns = {"messages": "conversations", **{key: key for key in media}}
        entry = {"file_name": DATA, "formatting": "sharegpt", "columns": columns}
        write_json(folder / REGISTRY, {NAME: entry})
        settings = yaml.safe_dump(_settings(samples, setup), sort_keys=False)
        (folder / CONFIG).write_text(settings, encoding="utf-8")
        write_script(
            folder / SCRIPT,
            about=[
                "LLaMA-Factory 0.9.4 or later.",
                "video_fps lies above the rate of every clip: all frames are read.",
            ],
            command=f"llamafactory-cli train {CONFIG}",
            flags={},
        )

    def serve(self, folder: Path, setup: Setup) -> Iterator[Served]:
        """Apply LLaMA-Factory's rule with the settings of ``train.yaml``; see ``Exporter.serve``."""
        config = read_yaml(folder / CONFIG)
        video = numbers(config, _DEFAULTS, CONFIG)
        entry = _entry(folder, config)
        columns = entry["columns"]
        fault = _batch_fault(config, folder / entry["file_name"], setup)

        def see(path: str, _: None) -> Seen:
            return serve_video(read_header(folder / path), setup.target, **video)

        for row in data_rows(folder / entry["file_name"]):
            videos = row.get(columns["videos"]) if "videos" in columns else None
            if fault and videos:
                yield Served(record_id=str(row.get("id")), fault=fault)
            else:
                yield serve(row.get("id"), each(videos, None), see)


def _row(sample: Sample) -> Row:
    said = layout_row(sample.record, "sharegpt")
    return {key: said[key] for key in ("id", "conversations", "videos", "images") if key in said}


def _settings(samples: Sequence[Sample], setup: Setup) -> dict[str, Any]:
    return {
        "model_name_or_path": setup.target.name,
        "stage": "sft",
        "do_train": True,
        "finetuning_type": "full",
        "freeze_vision_tower": True,
        "freeze_multi_modal_projector": False,
        "template": TEMPLATES[setup.target.model_type],
        "dataset": NAME,
        "dataset_dir": ".",
        "media_dir": ".",
        "video_fps": float(enough_fps(samples)),
        "video_maxlen": most_frames(samples),
        **_pixels(samples, setup),
        "image_max_pixels": PIXELS_PER_IMAGE,
        "cutoff_len": most_tokens(samples, setup),
        "per_device_train_batch_size": 1,
        "gradient_accumulation_steps": ACCUMULATION,
        **RECIPE,
        "bf16": True,
        "output_dir": "output",
        "report_to": "none",
    }


def _pixels(samples: Sequence[Sample], setup: Setup) -> dict[str, int]:
    if setup.target.block == 0:
        # The model has one size of frame; the limits only must not change what it resizes.
        return {"video_max_pixels": 1 << 26, "video_min_pixels": 1}
    fewest, most = frame_pixels(samples)
    return {"video_max_pixels": most, "video_min_pixels": min(fewest, int(_DEFAULTS["video_min_pixels"]))}


def _entry(folder: Path, config: Mapping[str, Any]) -> dict[str, Any]:
    """The dataset that the settings name.

    Raises:
        UsageError: It is not in ``dataset_info.json``.
    """
    file = folder / str(config.get("dataset_dir", ".")) / REGISTRY
    if not file.is_file():
        raise UsageError(f"{file} is missing: export again")
    entry = dict(read_json(file)).get(config.get("dataset"))
    if not (isinstance(entry, dict) and "file_name" in entry and isinstance(entry.get("columns"), dict)):
        raise UsageError(f"{file} has no dataset {config.get('dataset')!r} with file_name and columns")
    return entry


def _refuse_unequal(sample: Sample, setup: Setup) -> str | None:
    if setup.target.block == 0 and len({v.num_frames for v in sample.videos}) > 1:
        return "its videos have different numbers of frames, which LLaVA-NeXT-Video's processor cannot stack"
    return None


def _batch_fault(config: Mapping[str, Any], data: Path, setup: Setup) -> str:
    if setup.target.block == 0 and config.get("per_device_train_batch_size", 1) != 1:
        return f"{data.name}: per_device_train_batch_size must be 1, or videos of a batch are counted as the first"
    return ""
