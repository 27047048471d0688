"""Exporter ``trl``: TRL's SFTTrainer with a collator of ours, for its own knows no video.

Source: huggingface/trl @ f2cd577, trl/trainer/sft_trainer.py: ``DataCollatorForVisionLanguageModeling`` reads
images alone; 1250-1263: preparation of the data is skipped on request. The collator
(``shipped/trl_collator.py``) reads videos with qwen-vl-utils and hands the processor their metadata.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from framewise._errors import FramewiseError
from framewise._jsonl import Row, write_rows
from framewise.exports._cautions import position_cautions
from framewise.exports._chat import chat_messages, video_parts
from framewise.exports._exporter import Exporter, Sample, Seen, Served, Setup
from framewise.exports._header import read_header
from framewise.exports._refusals import refuse_numbers
from framewise.exports._rows import data_rows, serve
from framewise.exports._rules_qwen_utils import serve_video
from framewise.exports._settings import ACCUMULATION, PIXELS_PER_IMAGE, RECIPE
from framewise.exports._shell import write_script
from framewise.exports._shipped import is_shipped, ship

DATA, COLLATOR, TRAINER, SCRIPT = "framewise.jsonl", "trl_collator.py", "trl_train.py", "train.sh"


class TRL(Exporter):
    """TRL with transformers 5.18 or later and qwen-vl-utils 0.0.14."""

    clips = "required"
    default_model = "Qwen/Qwen2.5-VL-7B-Instruct"
    model_types = ("qwen2_5_vl", "qwen3_vl")

    def refuse(self, sample: Sample, setup: Setup) -> str | None:
        """Numbers that qwen-vl-utils would round."""
        del setup
        return refuse_numbers(sample)

    def cautions(self, samples: Sequence[Sample], setup: Setup) -> list[str]:
        """What positions lose; see ``Exporter.cautions``."""
        said = position_cautions(samples, setup)
        return [*said, f"only with {COLLATOR}: TRL's own collator drops videos without a word"]

    def write(self, samples: Sequence[Sample], setup: Setup, folder: Path) -> None:
        """Write ``framewise.jsonl``, the collator, the program and ``train.sh``."""
        write_rows(folder / DATA, (_row(sample) for sample in samples))
        ship(COLLATOR, folder)
        ship(TRAINER, folder)
        write_script(
            folder / SCRIPT,
            about=["TRL, transformers 5.18 or later, and qwen-vl-utils 0.0.14 with decord or torchcodec."],
            command=f"accelerate launch {TRAINER}",
            flags={
                "model_name_or_path": setup.target.name,
                "per_device_train_batch_size": 1,
                "gradient_accumulation_steps": ACCUMULATION,
                **RECIPE,
                "bf16": True,
                "output_dir": "output",
            },
        )

    def serve(self, folder: Path, setup: Setup) -> Iterator[Served]:
        """Apply qwen-vl-utils' rule to each part; see ``Exporter.serve``."""
        changed = [name for name in (COLLATOR, TRAINER) if not is_shipped(name, folder)]

        def see(path: str, part: Row) -> Seen:
            if changed:
                raise FramewiseError(f"{changed[0]} is not the one that was exported: its rule is not known")
            return serve_video(read_header(folder / path), _element(part), setup.target)

        for row in data_rows(folder / DATA):
            yield serve(row.get("id"), ((part["video"], part) for part in video_parts(row)), see)


def _row(sample: Sample) -> Row:
    videos = {video.media_index: video for video in sample.videos}

    def part(index: int) -> dict[str, Any]:
        path = sample.record.media[index].path
        if index not in videos:
            return {"image": path, "max_pixels": PIXELS_PER_IMAGE}
        video = videos[index]
        pixels = (video.expected.height or 0) * (video.expected.width or 0)
        return {"video": path, "nframes": video.num_frames, "min_pixels": pixels, "max_pixels": pixels}

    return {"id": sample.record.id, "messages": chat_messages(sample.record, part)}


def _element(part: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in part.items() if key not in ("type", "video")}
