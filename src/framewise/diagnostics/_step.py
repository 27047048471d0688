"""The stage ``step``: Proposition 1 checked along the update that training would make."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import Field

from framewise._artifacts import RunDirectory
from framewise._errors import FramewiseError
from framewise._jsonl import Row, write_json
from framewise.diagnostics._descent import Direction, Objective, curvature_along, moved, product
from framewise.diagnostics._inputs import recorded_inputs
from framewise.diagnostics._line import along_line
from framewise.diagnostics._probe import open_probe
from framewise.diagnostics._samples import Samples, encode_all, read_samples
from framewise.diagnostics._settings import GradientSettings
from framewise.diagnostics._updates import update_direction
from framewise.records import SKIPPED

STEPS, RESULT = "steps.jsonl", "step.json"


class StepSettings(GradientSettings):
    """What ``step`` can be told."""

    num_images: int | None = Field(default=128, ge=2)
    """Most pictures, drawn at random; None: all."""
    num_videos: int | None = Field(default=64, ge=2)
    """Most videos, drawn at random; None: all."""
    frames: int = Field(default=8, ge=1)
    """Frames of each video."""
    optimizer: Literal["sgd", "adamw"] = "sgd"
    """Whose update: SGD's is the gradient of all videos (Eq. 5), AdamW's that of its last batch, with moments."""
    learning_rate: float = Field(default=1e-5, gt=0)
    """Unit of the step sizes."""
    weight_decay: float = Field(default=0.0, ge=0)
    """Of AdamW."""
    batch_size: int = Field(default=8, ge=1)
    """Samples of an update of AdamW, and of a forward pass."""


_DEFAULT = StepSettings()


def measure_step(
    models: Sequence[Path | str],
    *,
    images: Path,
    videos: Path,
    output: Path,
    settings: StepSettings = _DEFAULT,
    image_root: Path | None = None,
    video_root: Path | None = None,
    smoothness: float | None = None,
    fresh: bool = False,
) -> Path:
    """Compare image and video losses along a video update with what slope and curvature predict (Eq. 8 to 14).

    Weights are float32: an update of 1e-5 of a weight of 0.02 is lost between two numbers of bfloat16.

    Args:
        models: Checkpoints, in the order of training; each is measured on the same samples.
        images: Records of images with answers.
        videos: Records of videos with answers.
        output: The run directory: ``steps.jsonl``, ``skipped.jsonl``, ``step.json``.
        settings: What learns, with which optimizer.
        image_root: Folder of the images' media; None: that of the records.
        video_root: Folder of the videos' media; None: that of the records.
        smoothness: beta of the image loss, or a lower estimate; None: the curvature along the update itself, the
            smallest that beta can be.
        fresh: Delete what an earlier run left and start over.

    Returns:
        ``output``.

    Raises:
        UsageError: An input cannot be used.
        FramewiseError: No sample can be read, or the update is zero.
    """
    inputs = recorded_inputs(models, images=images, videos=videos)
    config = {
        **settings.model_dump(mode="json"),
        "smoothness": smoothness,
        "models": [str(model) for model in models if not Path(model).exists()],
    }
    with RunDirectory(
        output, stage="step", config=config, inputs=inputs, seed=settings.seed, fresh=fresh
    ) as run:
        if run.finished:
            return output
        started = time.monotonic()
        draw = {"seed": settings.seed}
        pictures = read_samples(images, "image", limit=settings.num_images, media_root=image_root, **draw)
        clips = read_samples(videos, "video", limit=settings.num_videos, media_root=video_root, **draw)
        skipped: list[Row] = [*pictures.skipped, *clips.skipped]
        for model in models[len(run.open_rows(STEPS)) :]:
            run.append(STEPS, _measure(model, pictures, clips, settings, smoothness))
        rows = run.rows(STEPS)
        run.write_rows(SKIPPED, [*skipped, *rows[0]["skipped"]])
        write_json(run.path / RESULT, {"optimizer": settings.optimizer, "steps": rows})
        run.complete(seconds=time.monotonic() - started)
    return output


def _measure(
    model: Path | str, pictures: Samples, clips: Samples, settings: StepSettings, smoothness: float | None
) -> Row:
    probe = open_probe(model, settings, dtype=torch.float32)
    seen, no_images = encode_all(probe.family, pictures, 1)
    watched, no_videos = encode_all(probe.family, clips, settings.frames)
    size = settings.batch_size
    batches = [Objective(probe, watched[i : i + size], size) for i in range(0, len(watched), size)]
    direction = update_direction(
        batches,
        settings.optimizer,
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
    )
    length = product(direction, direction)
    if length == 0:
        raise FramewiseError(f"{model}: the update is zero: nothing is to be measured along it")
    objectives = {"image": Objective(probe, seen, size), "video": Objective(probe, watched, size)}
    return {
        "model": str(model),
        "squared_length": length,
        "num_images": len(seen),
        "num_videos": len(watched),
        **{name: _line(o, direction, length, settings, smoothness) for name, o in objectives.items()},
        "skipped": [*no_images, *no_videos],
    }


def _line(
    objective: Objective,
    direction: Direction,
    length: float,
    settings: StepSettings,
    smoothness: float | None,
) -> dict[str, Any]:
    def loss(step: float) -> float:
        with moved(objective.probe, direction, step):
            return objective.value()

    rate = settings.learning_rate
    curvature = curvature_along(objective, direction, rate / 2)
    own = abs(curvature) / length
    report = along_line(
        loss,
        learning_rate=rate,
        predicted_slope=-product(objective.gradient(), direction),
        predicted_curvature=curvature,
        squared_length=length,
        smoothness=own if smoothness is None else max(smoothness, own),
    )
    return {**report.to_json(), "directional_curvature": curvature / length}
