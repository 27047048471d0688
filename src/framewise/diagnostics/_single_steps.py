"""SGD steps on single videos, each really taken: what Eq. 28 bounds, and what the image loss does."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from framewise._artifacts import RunDirectory
from framewise._errors import FramewiseError, UsageError
from framewise._jsonl import Row
from framewise._progress import track
from framewise.diagnostics._descent import Direction, Objective, moved, product
from framewise.diagnostics._measure import offset
from framewise.diagnostics._probe import Probe
from framewise.diagnostics._samples import (
    Encoder,
    Sample,
    Samples,
    by_cluster,
    encode_all,
    failure_row,
    non_finite_row,
)
from framewise.diagnostics._settings import AlignmentSettings

SINGLES = "single_steps.jsonl"


def measure_single_steps(
    run: RunDirectory,
    probe: Probe,
    images: Samples,
    videos: Samples,
    truth: Mapping[str, int],
    settings: AlignmentSettings,
) -> list[Row]:
    """Write a row for each step that is missing; returns those of ``skipped.jsonl``.

    One question of each video, with a known minimal budget among the measured ones, is a batch of its own: at every
    number of frames and offset its gradient is one step of SGD from the model's weights. Two gradients and a copy of
    the weights that learn are held, no more than the halves and the sum that are done with.

    Args:
        run: Where rows are kept.
        probe: The model, in float32 at least, without hooks.
        images: The first pictures of these are the image loss.
        videos: The first videos of these are stepped on.
        truth: Smallest sufficient number of frames by record id.
        settings: How many of each, and the learning rate.

    Raises:
        UsageError: No video has a known minimal budget that was measured.
    """
    chosen = _first_of_each(videos.samples, truth, settings)
    few = replace(images, samples=tuple(_of_first_clusters(images.samples, settings.num_step_images)))
    seen, skipped = encode_all(probe.family, few, 1)
    done = {(row["record_id"], row["m"], row["repeat"]) for row in run.open_rows(SINGLES)}
    objective, encoder = Objective(probe, seen, 32), Encoder(probe.family, videos)
    image_gradient, loss = objective.gradient(), objective.value()
    for sample in track(chosen, "alignment: single steps", len(chosen)):
        try:
            for m, repeat in _times(settings):
                if (sample.record.id, m, repeat) in done:
                    continue
                place = offset(sample, repeat, settings.seed)
                encoded, _ = encoder.encode(sample, num_frames=m, place=place)
                numbers = one_step(
                    Objective(probe, [encoded]), objective, image_gradient, loss, settings.learning_rate
                )
                facts = {"record_id": sample.record.id, "cluster": sample.cluster, "m": m, "repeat": repeat}
                if not np.isfinite(list(numbers.values())).all():
                    skipped.append(non_finite_row(sample, f"or its step at {m} frames"))
                    break
                run.append(SINGLES, {**facts, **numbers})
        except FramewiseError as error:
            skipped.append(failure_row(sample, error))
    return skipped


def one_step(
    video: Objective, image: Objective, image_gradient: Direction, image_loss: float, rate: float
) -> dict[str, float]:
    """The two parts of the bound, and the change of the image loss that one step really makes.

    Args:
        video: Loss of the sample alone.
        image: The image loss.
        image_gradient: Its gradient at the present weights.
        image_loss: Its value there.
        rate: Learning rate.

    Returns:
        ``alignment`` <g_img, g_vid>, ``square`` |g_vid|^2, ``change`` L_img(theta - rate g_vid) - L_img(theta), and
        ``rounding``, about how far float32 alone may put that change: each loss is off by four roundings.
    """
    gradient = video.gradient()
    with moved(image.probe, gradient, rate):
        after = image.value()
    return {
        "alignment": product(image_gradient, gradient),
        "square": product(gradient, gradient),
        "change": after - image_loss,
        "rounding": 2 * 4 * 2.0**-22 * abs(image_loss),
    }


def _times(settings: AlignmentSettings) -> Iterator[tuple[int, int]]:
    return ((m, repeat) for m in settings.frames for repeat in range(settings.repeats))


def _first_of_each(
    samples: Sequence[Sample], truth: Mapping[str, int], settings: AlignmentSettings
) -> list[Sample]:
    known = [sample for sample in samples if truth.get(sample.record.id) in settings.frames]
    if not known:
        raise UsageError(
            "Eq. 28 is about samples with a known minimal budget among --frames, and no video that is measured has one"
        )
    return [members[0] for members in by_cluster(known).values()][: settings.num_stepped]


def _of_first_clusters(samples: Iterable[Sample], number: int) -> Iterator[Sample]:
    for members in list(by_cluster(samples).values())[:number]:
        yield from members
