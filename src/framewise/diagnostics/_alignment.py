"""The stage ``alignment``: how gradients of videos lie to the gradient of images, by number of frames."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from framewise._artifacts import RunDirectory
from framewise._errors import UsageError
from framewise._jsonl import Row, write_json
from framewise._progress import track
from framewise.budgets import read_budgets, read_truth
from framewise.diagnostics._bound import summarise_bound
from framewise.diagnostics._inputs import recorded_inputs
from framewise.diagnostics._measure import blocks_of, fill_halves, read_block, read_images
from framewise.diagnostics._meter import GradientMeter
from framewise.diagnostics._probe import Probe, memory_words, open_probe, repeat_distance
from framewise.diagnostics._samples import Encoder, Samples, read_samples
from framewise.diagnostics._settings import AlignmentSettings
from framewise.diagnostics._single_steps import SINGLES, measure_single_steps
from framewise.diagnostics._summary import summarise
from framewise.diagnostics._table import read_image_table, read_video_table
from framewise.records import SKIPPED

IMAGES, BLOCKS, RESULT = "images.jsonl", "blocks.jsonl", "alignment.json"
_DEFAULT = AlignmentSettings()


def measure_alignment(
    model: Path | str,
    *,
    images: Path,
    videos: Path,
    output: Path,
    settings: AlignmentSettings = _DEFAULT,
    image_root: Path | None = None,
    video_root: Path | None = None,
    truth: Path | None = None,
    budgets: Path | None = None,
    dtype: torch.dtype | None = None,
    halves_on: str | None = None,
    announce: Callable[[str], None] | None = None,
    fresh: bool = False,
) -> Path:
    """Measure Definition 1 of the paper, A(m) = <g_img, g_vid(m)>, and what follows from it.

    The image gradient is accumulated in two halves. Then every video costs one backward pass a number of frames
    and offset; its inner products with both halves are taken by module while the pass runs, and its gradient is
    freed. Losses are sums over answer tokens over their mean number: the loss that training steps on.

    Args:
        model: Folder or hub name.
        images: Records of images with answers.
        videos: Records of videos with answers.
        output: The run directory: ``images.jsonl``, ``blocks.jsonl``, ``skipped.jsonl``, ``alignment.json``, and
            ``single_steps.jsonl`` where a smoothness is given.
        settings: What learns, which numbers of frames, how many samples.
        image_root: Folder of the images' media; None: that of the records.
        video_root: Folder of the videos' media; None: that of the records.
        truth: Known minimal budgets (see ``read_truth``), for the assumptions of Proposition 3.
        budgets: A budget table, for the effect of its selection.
        dtype: Type of the weights; None: the device's default, or float32 where a smoothness is given.
        halves_on: Device of the image halves; None: the model's.
        announce: Told what memory the run will hold, before it begins.
        fresh: Delete what an earlier run left and start over.

    Returns:
        ``output``.

    Raises:
        UsageError: An input cannot be used, or a smoothness is given without truth or with short floats.
        FramewiseError: The model gives other gradients for the same sample, or no image can be read.
    """
    dtype = _checked_dtype(settings, truth, dtype)
    inputs = recorded_inputs([model], images=images, videos=videos, truth=truth, budgets=budgets)
    config = {**settings.model_dump(mode="json"), "dtype": str(dtype) if dtype else None}
    if "model" not in inputs:
        config["model"] = str(model)
    with RunDirectory(
        output, stage="alignment", config=config, inputs=inputs, seed=settings.seed, fresh=fresh
    ) as run:
        if run.finished:
            return output
        started = time.monotonic()
        pictures, clips = _read_both(images, videos, settings, image_root, video_root)
        probe = open_probe(model, settings, dtype=dtype)
        if announce:
            announce(memory_words(probe, halves_on=halves_on))
        found = _run_meter(run, probe, pictures, clips, settings, halves_on)
        needed = {k[0]: m for k, m in read_truth(truth).items() if k[1] == 0} if truth else None
        given = (
            {k[0]: b.num_frames for k, b in read_budgets(budgets).items() if k[1] == 0} if budgets else None
        )
        skipped = found.skipped
        bound = None
        if settings.smoothness is not None and needed is not None:
            skipped = _joined(skipped, measure_single_steps(run, probe, pictures, clips, needed, settings))
            bound = summarise_bound(
                run.rows(SINGLES), needed, rate=settings.learning_rate, smoothness=settings.smoothness,
                seed=settings.seed,
            )  # fmt: skip
        run.write_rows(SKIPPED, [*pictures.skipped, *clips.skipped, *skipped])
        result = summarise(
            read_video_table(run.rows(BLOCKS), found.modules, found.tokens),
            read_image_table(run.rows(IMAGES), found.tokens),
            seed=settings.seed,
            half_cosine=found.half_cosine,
            truth=needed,
            budgets=given,
            bound=bound,
        )
        facts = {**_facts(probe, settings), "repeat_distance": found.floor}
        write_json(run.path / RESULT, {**facts, "num_skipped": len(run.rows(SKIPPED)), **result})
        run.complete(seconds=time.monotonic() - started)
    return output


@dataclass(frozen=True, kw_only=True)
class _Metered:
    """What the meter leaves besides its rows."""

    floor: float
    """See ``repeat_distance``."""
    tokens: tuple[int, int]
    """Answer tokens of each image half."""
    half_cosine: float | None
    modules: tuple[str, ...]
    skipped: list[Row]


def _read_both(
    images: Path, videos: Path, settings: AlignmentSettings, image_root: Path | None, video_root: Path | None
) -> tuple[Samples, Samples]:
    seed = settings.seed
    pictures = read_samples(images, "image", limit=settings.num_images, seed=seed, media_root=image_root)
    clips = read_samples(
        videos, "video", limit=settings.num_videos, seed=seed, each=settings.per_video, media_root=video_root
    )
    return pictures, clips


def _run_meter(
    run: RunDirectory,
    probe: Probe,
    pictures: Samples,
    clips: Samples,
    settings: AlignmentSettings,
    halves_on: str | None,
) -> _Metered:
    """All passes that need the meter's hooks and halves, which are gone afterwards."""
    accumulate = torch.promote_types(probe.family.model.dtype, torch.float32)
    meter = GradientMeter(probe.learned, dtype=accumulate, halves_on=halves_on)
    floor = repeat_distance(probe, meter, Encoder(probe.family, pictures).encode(pictures.samples[0])[0])
    skipped, tokens = _measure_images(run, probe, meter, pictures)
    cosine = meter.half_cosine()
    skipped += _measure_videos(run, probe, meter, clips, settings)
    meter.close()
    return _Metered(
        floor=floor, tokens=tokens, half_cosine=cosine, modules=meter.modules, skipped=skipped
    )  # fmt: skip


def _checked_dtype(
    settings: AlignmentSettings, truth: Path | None, dtype: torch.dtype | None
) -> torch.dtype | None:
    if settings.smoothness is None:
        return dtype
    if truth is None:
        raise UsageError("Eq. 28 is about known minimal budgets: give them (--truth) with --smoothness")
    if dtype in (torch.bfloat16, torch.float16):
        raise UsageError(f"a step of a small learning rate is lost in {dtype}: Eq. 28 needs float32")
    return dtype or torch.float32


def _joined(rows: Sequence[Row], more: Sequence[Row]) -> list[Row]:
    """A sample that fails in two passes is one row: the first."""
    known = {(row["record_id"], row["path"]) for row in rows}
    return [*rows, *(row for row in more if (row["record_id"], row["path"]) not in known)]


def _facts(probe: Probe, settings: AlignmentSettings) -> dict[str, Any]:
    return {
        "num_parameters": sum(item.parameter.numel() for item in probe.learned),
        "loss": "sum over answer tokens over their mean number",
        "repeats": settings.repeats,
        "trainable": list(settings.trainable),
        "lora_rank": settings.lora_rank,
    }


def _measure_images(
    run: RunDirectory, probe: Probe, meter: GradientMeter, images: Samples
) -> tuple[list[Row], tuple[int, int]]:
    """Fill the halves, which a resumed run does again, and write the rows that are missing."""
    reference = fill_halves(probe, meter, images)
    done = {(row["kind"], row["record_id"]) for row in run.open_rows(IMAGES)}
    for permuted in (False, True):
        found = read_images(probe, meter, images, reference, permuted=permuted)
        if {
            (("permuted" if permuted else "image"), s.record.id) for h in reference.halves for s in h
        } <= done:
            continue
        for row in track(found, "alignment: images", len(images.samples)):
            if (row["kind"], row["record_id"]) not in done:
                run.append(IMAGES, row)
    return reference.skipped, reference.tokens


def _measure_videos(
    run: RunDirectory, probe: Probe, meter: GradientMeter, videos: Samples, settings: AlignmentSettings
) -> list[Row]:
    encoder = Encoder(probe.family, videos)
    blocks = blocks_of(videos.samples, settings.block)
    done = len(run.open_rows(BLOCKS))
    for block in track(blocks[done:], "alignment: videos (blocks)", len(blocks) - done):
        run.append(BLOCKS, read_block(probe, meter, encoder, block, settings))
    return [row for block in run.rows(BLOCKS) for row in block["skipped"]]
