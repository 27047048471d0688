"""The passes over images and videos that fill the tables of ``alignment``."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import numpy as np

from framewise._errors import FramewiseError
from framewise._jsonl import Row
from framewise.diagnostics._meter import GradientMeter, Half
from framewise.diagnostics._probe import Probe
from framewise.diagnostics._samples import Encoder, Sample, Samples, by_cluster, failure_row, non_finite_row
from framewise.diagnostics._settings import AlignmentSettings


class _BadSampleError(Exception):
    """A sample that has to be left out, with its row of ``skipped.jsonl``."""

    def __init__(self, sample: Sample, row: Row) -> None:
        super().__init__(row["reason"])
        self.sample, self.row = sample, row


@dataclass
class Reference:
    """The image gradient, accumulated in two halves that share no picture."""

    halves: tuple[list[Sample], list[Sample]]
    tokens: tuple[int, int] = (0, 0)
    """Answer tokens of each half."""
    skipped: list[Row] = field(default_factory=list)


def split_halves(samples: Sequence[Sample]) -> tuple[list[Sample], list[Sample]]:
    """Every second cluster, and the others."""
    halves: tuple[list[Sample], list[Sample]] = ([], [])
    for number, members in enumerate(by_cluster(samples).values()):
        halves[number % 2].extend(members)
    return halves


def fill_halves(probe: Probe, meter: GradientMeter, images: Samples) -> Reference:
    """Accumulate the image gradient in the meter's halves.

    Raises:
        FramewiseError: A half has no image that can be read.
    """
    encoder = Encoder(probe.family, images)
    reference = Reference(split_halves(images.samples))
    while True:
        meter.clear()
        try:
            tokens = [_fill_half(probe, meter, encoder, reference, half) for half in (0, 1)]
            break
        except _BadSampleError as bad:
            # What is left of its gradient in a half cannot be taken out again.
            reference.skipped.append(bad.row)
            for members in reference.halves:
                if bad.sample in members:
                    members.remove(bad.sample)
    reference.tokens = (tokens[0], tokens[1])
    return reference


def _fill_half(probe: Probe, meter: GradientMeter, encoder: Encoder, reference: Reference, half: Half) -> int:
    if not reference.halves[half]:
        why = f"; the last fault: {reference.skipped[-1]['reason']}" if reference.skipped else ""
        raise FramewiseError(f"a half of the images is empty: two or more readable pictures are needed{why}")
    total = 0
    for sample in reference.halves[half]:
        encoded, _ = _encode(encoder, sample)
        loss, tokens = probe.loss(encoded)
        if not meter.add(loss, half):
            raise _BadSampleError(sample, non_finite_row(sample, "on its image"))
        total += tokens
    return total


def read_images(
    probe: Probe, meter: GradientMeter, images: Samples, reference: Reference, *, permuted: bool
) -> Iterator[Row]:
    """A row an image: its gradient against the half that it is not in.

    Args:
        probe: The model.
        meter: With its halves filled.
        images: Where the media are.
        reference: The halves.
        permuted: Show each question the picture of another one of its half: what agrees then is not sight.
    """
    encoder = Encoder(probe.family, images)
    for half, members in enumerate(reference.halves):
        for place, sample in enumerate(members):
            looks = _other(members, place) if permuted else None
            if permuted and looks is None:
                continue
            encoded, _ = encoder.encode(sample, looks=looks)
            meter.restart()
            loss, tokens = probe.loss(encoded)
            reading = meter.read(loss)
            if reading.finite:
                yield {
                    "kind": "permuted" if permuted else "image",
                    **_facts(sample, loss, tokens),
                    "half": half,
                    "cross": reading.halves[1 - half].tolist(),
                    "square": reading.square.tolist(),
                }
    meter.restart()


def _other(members: Sequence[Sample], place: int) -> Sample | None:
    """The next sample of another picture, with as many media."""
    own = members[place]
    for step in range(1, len(members)):
        other = members[(place + step) % len(members)]
        if other.cluster != own.cluster and len(other.record.media) == len(own.record.media):
            return other
    return None


def blocks_of(samples: Sequence[Sample], size: int) -> list[list[Sample]]:
    """Samples of ``size`` clusters at a time; what is too few for a block of its own joins the last."""
    clusters = list(by_cluster(samples).values())
    starts = list(range(0, len(clusters), size))
    if len(starts) > 1 and len(clusters) - starts[-1] < 2:
        starts.pop()
    ends = [*starts[1:], len(clusters)]
    return [
        [sample for members in clusters[a:b] for sample in members] for a, b in zip(starts, ends, strict=True)
    ]


def read_block(
    probe: Probe,
    meter: GradientMeter,
    encoder: Encoder,
    samples: Sequence[Sample],
    settings: AlignmentSettings,
) -> Row:
    """All gradients of a block of videos: ``rows``, and ``skipped`` for samples that had to be left out."""
    left = list(samples)
    skipped: list[Row] = []
    while True:
        try:
            rows = [
                row
                for num_frames in settings.frames
                for repeat in range(settings.repeats)
                for row in _read_once(probe, meter, encoder, left, num_frames, repeat, settings.seed)
            ]
            return {"rows": rows, "skipped": skipped}
        except _BadSampleError as bad:
            left.remove(bad.sample)
            skipped.append(bad.row)


def _read_once(
    probe: Probe,
    meter: GradientMeter,
    encoder: Encoder,
    samples: Sequence[Sample],
    num_frames: int,
    repeat: int,
    seed: int,
) -> Iterator[Row]:
    for layer in _layers(samples):
        meter.restart()
        for number, sample in enumerate(layer):
            place = offset(sample, repeat, seed)
            encoded, shown = _encode(encoder, sample, num_frames=num_frames, place=place)
            loss, tokens = probe.loss(encoded)
            reading = meter.read(loss)
            if not reading.finite:
                raise _BadSampleError(sample, non_finite_row(sample, f"at {num_frames} frames"))
            yield {
                **_facts(sample, loss, tokens),
                "m": num_frames,
                "repeat": repeat,
                "num_frames": shown,
                "halves": reading.halves.tolist(),
                "square": reading.square.tolist(),
                "before": reading.before.tolist(),
                "num_before": number,
            }


def offset(sample: Sample, repeat: int, seed: int) -> float:
    """Where in its segment a sample's frames are taken: uniform from 0 to 1, the same at every m."""
    return float(np.random.default_rng([seed, crc32(sample.record.id.encode()), repeat]).random())


def _layers(samples: Sequence[Sample]) -> list[list[Sample]]:
    """The first samples of all clusters, the second ones, ...: no two of a layer share a video."""
    members = [list(found) for found in by_cluster(samples).values()]
    deepest = max(map(len, members), default=0)
    return [[found[k] for found in members if k < len(found)] for k in range(deepest)]


def _encode(encoder: Encoder, sample: Sample, **how: Any) -> tuple[Any, int]:
    try:
        return encoder.encode(sample, **how)
    except FramewiseError as error:
        raise _BadSampleError(sample, failure_row(sample, error)) from error


def _facts(sample: Sample, loss: Any, tokens: int) -> Row:
    return {
        "record_id": sample.record.id,
        "cluster": sample.cluster,
        "loss": float(loss.detach()),
        "num_tokens": tokens,
    }
