"""Exporter ``ms_swift``: the budget stands in each row, and ms-swift reads it there.

Source: modelscope/ms-swift @ 3602360 (4.6.0), swift/template/templates/qwen.py:336-376: everything in a row's
``chat_template_kwargs`` joins the element that qwen-vl-utils reads, of every video and image of the row alike.
Rows are read by swift/dataset, and over-long or broken ones are replaced unless ``--strict true``.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from framewise._errors import UsageError
from framewise._jsonl import Row, write_rows
from framewise.exports._cautions import position_cautions
from framewise.exports._exporter import Exporter, Sample, Seen, Served, Setup
from framewise.exports._header import Header, read_header
from framewise.exports._model import Target
from framewise.exports._refusals import first_reason, refuse_numbers
from framewise.exports._rows import data_rows, each, layout_row, serve
from framewise.exports._rules_qwen_utils import (
    SPATIAL_CEILING_TOKENS,
    SPATIAL_FLOOR_TOKENS,
    Constants,
    serve_video,
)
from framewise.exports._settings import (
    ACCUMULATION,
    PIXELS_PER_IMAGE,
    RECIPE,
    all_videos,
    frame_pixels,
    most_tokens,
)
from framewise.exports._shell import read_script, write_script
from framewise.records import Media

DATA, SCRIPT = "framewise.jsonl", "train.sh"


class MSSwift(Exporter):
    """ms-swift 4.3 or later with a model of the Qwen-VL line."""

    clips = "optional"
    default_model = "Qwen/Qwen2.5-VL-7B-Instruct"
    model_types = ("qwen2_5_vl", "qwen3_vl")

    def original(self, header: Header, media: Media, num_frames: int, setup: Setup) -> Seen:
        """What qwen-vl-utils gives of the original; see ``Exporter.original``."""
        window = {"video_start": media.start_seconds, "video_end": media.end_seconds}
        element = {"nframes": num_frames, **_limits(setup), **_without_nulls(window)}
        return serve_video(header, element, setup.target)

    def refuse(self, sample: Sample, setup: Setup) -> str | None:
        """Videos of one row share one number of frames and one window."""
        del setup
        return first_reason(refuse_numbers(sample), _refuse_unequal(sample))

    def cautions(self, samples: Sequence[Sample], setup: Setup) -> list[str]:
        """What ms-swift or qwen-vl-utils does otherwise; see ``Exporter.cautions``."""
        said = position_cautions(samples, setup, whole_seconds="ms-swift also runs with older transformers")
        mixed = sum(bool(sample.videos) and sample.num_images > 0 for sample in samples)
        if mixed:
            said.append(
                f"in {mixed} records the limits of a frame's pixels hold for the images too: ms-swift has one set "
                "for a row"
            )
        if not setup.materialised and setup.target.clock == "positions":
            said += _end_caution(samples)
        return said

    def write(self, samples: Sequence[Sample], setup: Setup, folder: Path) -> None:
        """Write ``framewise.jsonl`` and ``train.sh``."""
        write_rows(folder / DATA, (_row(sample, setup) for sample in samples))
        model_type = setup.target.model_type
        write_script(
            folder / SCRIPT,
            about=[
                "ms-swift 4.3 or later with qwen-vl-utils 0.0.14 and decord or torchcodec.",
                "The number of frames of each video stands in framewise.jsonl, under chat_template_kwargs.",
                "--strict true: a row that cannot be read ends the run; without it another row takes its place.",
            ],
            variables=_variables(samples, setup),
            command="swift sft",
            flags={
                "model": setup.target.name,
                "model_type": model_type,
                "template": model_type,
                "dataset": DATA,
                "strict": True,
                "max_length": most_tokens(samples, setup),
                "tuner_type": "full",
                "freeze_vit": True,
                "freeze_aligner": False,
                "torch_dtype": "bfloat16",
                "per_device_train_batch_size": 1,
                "gradient_accumulation_steps": ACCUMULATION,
                **RECIPE,
                "output_dir": "output",
            },
        )

    def serve(self, folder: Path, setup: Setup) -> Iterator[Served]:
        """Apply qwen-vl-utils' rule to each row; see ``Exporter.serve``."""
        flags, variables = read_script(folder / SCRIPT)
        constants = _constants(flags, variables, setup.target)

        def see(path: str, options: dict[str, Any]) -> Seen:
            return serve_video(read_header(folder / path), options, setup.target, constants)

        for row in data_rows(folder / flags.get("dataset", DATA)):
            videos = each(row.get("videos"), row.get("chat_template_kwargs") or {})
            yield serve(row.get("id"), videos, see)


def _row(sample: Sample, setup: Setup) -> Row:
    said = layout_row(sample.record, "messages")
    row: Row = {key: said[key] for key in ("id", "messages", "videos", "images") if key in said}
    if not sample.videos:
        return {**row, "channel": "image" if sample.num_images else "text"}
    num_frames = sample.videos[0].num_frames
    limits = _limits(setup)
    if setup.materialised:
        fewest, most = frame_pixels([sample])
        limits = {"min_pixels": fewest, "max_pixels": most}
    options = {"nframes": num_frames, **limits, **said.get("chat_template_kwargs", {})}
    return {**row, "channel": f"video_m{num_frames}", "chat_template_kwargs": options}


def _limits(setup: Setup) -> dict[str, int]:
    """Pixels of a frame; the lower limit must lie below the upper one, or qwen-vl-utils raises."""
    if setup.pixels_per_frame is None:
        return {}
    floor = SPATIAL_FLOOR_TOKENS * setup.target.block**2
    return {"min_pixels": min(floor, setup.pixels_per_frame // 4), "max_pixels": setup.pixels_per_frame}


def _variables(samples: Sequence[Sample], setup: Setup) -> dict[str, int]:
    area = setup.target.block**2
    found = {"IMAGE_MAX_TOKEN_NUM": PIXELS_PER_IMAGE // area}
    needed = -(-frame_pixels(samples)[1] // area)
    if any(True for _ in all_videos(samples)) and needed > SPATIAL_CEILING_TOKENS:
        found["VIDEO_MAX_TOKEN_NUM"] = needed
    return found


def _constants(flags: Mapping[str, str], variables: Mapping[str, str], target: Target) -> Constants:
    """What the script's environment makes of qwen-vl-utils' constants (swift/model/models/qwen.py:708-770).

    Raises:
        UsageError: A value is no number.
    """
    given = dict(variables)
    try:
        more = json.loads(flags.get("model_kwargs", "{}"))
        given |= {key.upper(): str(value) for key, value in more.items()}
        for bound in ("MIN", "MAX"):
            pixels = given.get(f"VIDEO_{bound}_PIXELS")
            if pixels is not None:
                given.setdefault(f"VIDEO_{bound}_TOKEN_NUM", str(int(pixels) // target.block**2))
        found = {f.name: given[f.name.upper()] for f in fields(Constants) if f.name.upper() in given}
        return Constants(**{k: float(v) if k == "fps" else int(v) for k, v in found.items()})  # type: ignore[arg-type]
    except (ValueError, AttributeError) as error:
        raise UsageError(f"{SCRIPT}: a setting of qwen-vl-utils is no number: {error}") from error


def _refuse_unequal(sample: Sample) -> str | None:
    numbers = sorted({video.num_frames for video in sample.videos})
    if len(numbers) > 1:
        return (
            f"its videos have {', '.join(map(str, numbers))} frames, and ms-swift has one number for a row: "
            "split the record, or give its videos one budget"
        )
    if len({(video.start_seconds, video.end_seconds) for video in sample.videos}) > 1:
        return "its videos have different windows, and ms-swift has one for a row: use --materialised"
    return None


def _end_caution(samples: Sequence[Sample]) -> list[str]:
    """qwen-vl-utils takes the first and the last frame, and tells the model a rate of m frames in the duration."""
    gaps = [
        (v.source_times_seconds[-1] - v.source_times_seconds[0]) - (v.expected.seconds or (0.0,))[-1]
        for v in all_videos(samples)
    ]
    if not gaps:
        return []
    said = (
        "of originals qwen-vl-utils takes the first frame and the last, and tells the model an even rate over the "
        f"duration, so the last frame is said to be up to {max(gaps):.2f} s early; with --materialised the frames "
        "are those of Framewise's own trainer, and their distances in time are true"
    )
    return [said]


def _without_nulls(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
