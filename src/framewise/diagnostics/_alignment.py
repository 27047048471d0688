"""The stage ``alignment``: how gradients of videos lie to the gradient of images, by number of frames."""

import time
from collections.abc import Callable
from pathlib import Path

import torch

from framewise._artifacts import RunDirectory
from framewise._jsonl import Row, write_json
from framewise._progress import track
from framewise.budgets import read_budgets, read_truth
from framewise.diagnostics._inputs import recorded_inputs
from framewise.diagnostics._measure import blocks_of, fill_halves, read_block, read_images
from framewise.diagnostics._meter import GradientMeter
from framewise.diagnostics._probe import Probe, memory_words, open_probe, repeat_distance
from framewise.diagnostics._samples import Encoder, Samples, read_samples
from framewise.diagnostics._settings import AlignmentSettings
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
        output: The run directory: ``images.jsonl``, ``blocks.jsonl``, ``skipped.jsonl``, ``alignment.json``.
        settings: What learns, which numbers of frames, how many samples.
        image_root: Folder of the images' media; None: that of the records.
        video_root: Folder of the videos' media; None: that of the records.
        truth: Known minimal budgets (see ``read_truth``), for the assumptions of Proposition 3.
        budgets: A budget table, for the effect of its selection.
        dtype: Type of the weights; None: the device's default.
        halves_on: Device of the image halves; None: the model's.
        announce: Told what memory the run will hold, before it begins.
        fresh: Delete what an earlier run left and start over.

    Returns:
        ``output``.

    Raises:
        UsageError: An input cannot be used.
        FramewiseError: The model gives other gradients for the same sample, or no image can be read.
    """
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
        draw = {"seed": settings.seed}
        pictures = read_samples(images, "image", limit=settings.num_images, media_root=image_root, **draw)
        clips = read_samples(videos, "video", limit=settings.num_videos, media_root=video_root, **draw)
        probe = open_probe(model, settings, dtype=dtype)
        if announce:
            announce(memory_words(probe, halves_on=halves_on))
        accumulate = torch.promote_types(probe.family.model.dtype, torch.float32)
        meter = GradientMeter(probe.learned, dtype=accumulate, halves_on=halves_on)
        floor = repeat_distance(probe, meter, Encoder(probe.family, pictures).encode(pictures.samples[0])[0])
        skipped, tokens = _measure_images(run, probe, meter, pictures)
        half_cosine = meter.half_cosine()
        skipped += _measure_videos(run, probe, meter, clips, settings)
        run.write_rows(SKIPPED, [*pictures.skipped, *clips.skipped, *skipped])
        meter.close()
        result = summarise(
            read_video_table(run.rows(BLOCKS), meter.modules, tokens),
            read_image_table(run.rows(IMAGES), tokens),
            seed=settings.seed,
            half_cosine=half_cosine,
            truth={key[0]: m for key, m in read_truth(truth).items() if key[1] == 0} if truth else None,
            budgets={k[0]: b.num_frames for k, b in read_budgets(budgets).items() if k[1] == 0}
            if budgets
            else None,
        )
        facts = {
            "repeat_distance": floor,
            "num_skipped": len(run.rows(SKIPPED)),
            "num_parameters": sum(item.parameter.numel() for item in probe.learned),
            "loss": "sum over answer tokens over their mean number",
            "repeats": settings.repeats,
            "trainable": list(settings.trainable),
            "lora_rank": settings.lora_rank,
        }
        write_json(run.path / RESULT, {**facts, **result})
        run.complete(seconds=time.monotonic() - started)
    return output


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
