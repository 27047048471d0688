"""The stage ``attention``: where the last query looks, in a model before and after, against boxes."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from zlib import crc32

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from framewise._artifacts import RunDirectory
from framewise._errors import FramewiseError, UsageError
from framewise._jsonl import Row, write_json
from framewise._progress import track
from framewise.clips import load_image
from framewise.diagnostics._attention_summary import summarise_attention
from framewise.diagnostics._boxes import Box, coverage, elsewhere, onto, paint, read_boxes, token_grid, within
from framewise.diagnostics._inputs import recorded_inputs
from framewise.diagnostics._last_query import last_query_attention
from framewise.diagnostics._loss import answer_loss
from framewise.diagnostics._maps import map_metrics, normalise, relative
from framewise.diagnostics._samples import Sample, failure_row, read_samples
from framewise.families import Encoded, Family, FamilySettings, ImageGrid, Visual, open_family
from framewise.records import SKIPPED, Turn, resolve_media

ROWS, RESULT = "attention.jsonl", "attention.json"
Array = NDArray[np.float64]


class AttentionSettings(BaseModel):
    """What ``attention`` can be told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    num_images: int | None = Field(default=None, ge=2)
    """Most pictures, drawn at random; None: all."""
    pixels_per_image: int | None = Field(default=None, ge=1)
    """Most pixels of an image; None: the checkpoint's own."""
    neutral_prompt: str = "Describe the image."
    """What attention to a question is set against."""
    num_maps: int = Field(default=6, ge=0)
    """Questions whose maps are kept for the page."""
    seed: int = Field(default=0, ge=0)
    """Of the draws, of the boxes elsewhere and of the bootstrap."""


_DEFAULT = AttentionSettings()


def measure_attention(
    models: Sequence[Path | str],
    *,
    images: Path,
    boxes: Path,
    output: Path,
    settings: AttentionSettings = _DEFAULT,
    image_root: Path | None = None,
    dtype: torch.dtype | None = None,
    fresh: bool = False,
) -> Path:
    """Compare where models look when they begin to answer a question about a thing in a picture.

    Every map is that of the last token before the answer over the image's tokens, without sink tokens, and in the
    judged numbers relative to the map of a neutral prompt about the same picture. Attention is no proof of cause: so
    the answer's loss is also measured with the box painted over, and with as large a patch elsewhere.

    Args:
        models: The one before first, then one or more after; they read the same pictures in the same tokens.
        images: Records of one image each, with answers.
        boxes: JSONL of ``record_id`` and ``boxes``; records without are left out without a word.
        output: The run directory: ``attention.jsonl``, ``skipped.jsonl``, ``attention.json``.
        settings: How many pictures, which neutral prompt.
        image_root: Folder of the images; None: that of the records.
        dtype: Type of the weights; None: the device's default.
        fresh: Delete what an earlier run left and start over.

    Returns:
        ``output``.

    Raises:
        UsageError: An input cannot be used, or the family reads pictures in tiles.
        FramewiseError: No picture can be read.
    """
    inputs = {**recorded_inputs(models, images=images), "boxes": boxes}
    config = {
        **settings.model_dump(mode="json"),
        "dtype": str(dtype) if dtype else None,
        "models": [str(model) for model in models if not Path(model).exists()],
    }
    known = read_boxes(boxes)
    with RunDirectory(
        output, stage="attention", config=config, inputs=inputs, seed=settings.seed, fresh=fresh
    ) as run:
        if run.finished:
            return output
        started = time.monotonic()
        found = read_samples(images, "image", limit=None, seed=settings.seed, media_root=image_root)
        samples = _boxed(found.samples, known, settings.num_images)
        done = {(row["model"], row["record_id"]) for row in run.open_rows(ROWS)}
        skipped: dict[str, Row] = {}
        for number, model in enumerate(models):
            left = [sample for sample in samples if (number, sample.record.id) not in done]
            if not left:
                continue
            viewer = _Viewer(_open(model, settings, dtype), found.root, settings, number)
            for sample in track(left, f"attention: model {number + 1}", len(left)):
                try:
                    keep_map = sample in samples[: settings.num_maps]
                    run.append(ROWS, viewer.row(sample, known[sample.record.id], keep_map=keep_map))
                except FramewiseError as error:
                    if isinstance(error, UsageError):
                        raise
                    skipped[sample.record.id] = failure_row(sample, error)
        run.write_rows(SKIPPED, [*found.skipped, *skipped.values()])
        summary = summarise_attention(run.rows(ROWS), num_models=len(models), seed=settings.seed)
        names = [str(model) for model in models]
        write_json(run.path / RESULT, {"models": names, "num_skipped": len(run.rows(SKIPPED)), **summary})
        run.complete(seconds=time.monotonic() - started)
    return output


def _boxed(samples: Sequence[Sample], boxes: Mapping[str, Sequence[Box]], limit: int | None) -> list[Sample]:
    """Samples of one image with boxes, of at most so many pictures."""
    fit = [s for s in samples if s.record.id in boxes and len(s.record.media) == 1]
    if not fit:
        raise UsageError("none of the records with one image has boxes: do the ids agree?")
    pictures = list(dict.fromkeys(s.cluster for s in fit))[:limit]
    return [s for s in fit if s.cluster in set(pictures)]


def _open(model: Path | str, settings: AttentionSettings, dtype: torch.dtype | None) -> Family:
    family = open_family(model, FamilySettings(pixels_per_image=settings.pixels_per_image), dtype=dtype)
    family.model.eval()
    return family


@dataclass(frozen=True)
class _Viewer:
    """One model looking at pictures."""

    family: Family
    root: Path
    settings: AttentionSettings
    number: int

    def row(self, sample: Sample, boxes: Sequence[Box], *, keep_map: bool) -> Row:
        """Every number of one question, by layer and head."""
        visual = self._picture(sample)
        asked, keep, grid = self._look(self._question(sample), visual)
        first = sample.record.turns[0]
        neutral, keep_too, _ = self._look(
            [replace(first, text=f"<image>{self.settings.neutral_prompt}")], visual
        )
        keep = keep & keep_too
        seen = within(boxes, grid.window)
        if not seen:
            raise FramewiseError("the model crops the picture, and no box is left in what it sees")
        inside = coverage(seen, grid.rows, grid.columns)
        chosen = relative(asked, neutral, keep)
        metrics = map_metrics(asked, keep, inside, chosen)
        # Over heads first, then normalised: the map of a layer.
        layers = normalise(chosen.mean(axis=1), np.ones(chosen.shape[-1], dtype=bool))
        return {
            "model": self.number,
            "record_id": sample.record.id,
            "cluster": sample.cluster,
            "area": float(inside.mean()),
            "grid": [grid.rows, grid.columns],
            "metrics": {name: values.tolist() for name, values in metrics.items()},
            "layers": layers.tolist(),
            "occlusion": self._occlusion(sample, visual, seen, grid),
            **({"boxes": [list(b) for b in seen], "path": sample.cluster} if keep_map else {}),
        }

    def _picture(self, sample: Sample) -> Visual:
        frames = load_image(resolve_media(self.root, sample.record.media[0].path))
        return Visual(kind="image", pixels=frames.pixels, times_seconds=frames.times_seconds)

    def _question(self, sample: Sample) -> list[Turn]:
        """The conversation up to the first answer."""
        turns = sample.record.turns
        end = next(i for i, turn in enumerate(turns) if turn.role == "assistant")
        return list(turns[:end])

    def _look(self, turns: Sequence[Turn], visual: Visual) -> tuple[Array, NDArray[np.bool_], ImageGrid]:
        """Attention to the image tokens [layers, H, N], which are no sinks [layers, 1, N], and their grid."""
        encoded = self.family.encode(turns, [visual], reply=True)
        places, grid = token_grid(
            self.family, encoded, self.family.model.config.image_token_id, *visual.pixels.shape[1:3]
        )
        attention, sinks = last_query_attention(self.family, encoded)
        keep = ~sinks[:, places].numpy()[:, None]
        return attention[..., places].double().numpy(), keep, grid

    @torch.no_grad()
    def _occlusion(
        self, sample: Sample, visual: Visual, boxes: Sequence[Box], grid: ImageGrid
    ) -> dict[str, float]:
        """Loss of the answer on the picture, with the boxes painted over, and with patches elsewhere."""
        rng = np.random.default_rng([self.settings.seed, crc32(sample.record.id.encode())])
        shown = {
            name: replace(visual, pixels=paint(visual.pixels, onto(places, grid.window)))
            for name, places in (("whole", ()), ("box", boxes), ("elsewhere", elsewhere(boxes, rng)))
        }
        return {name: self._loss(sample, picture) for name, picture in shown.items()}

    def _loss(self, sample: Sample, visual: Visual) -> float:
        encoded: Encoded = self.family.encode(sample.record.turns, [visual])
        loss, number = answer_loss(self.family, [encoded])
        return float(loss) / number
