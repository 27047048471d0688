"""Records as samples of an image loss and of a video loss, read as their frames are needed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from framewise._errors import FramewiseError, UsageError
from framewise._jsonl import Row
from framewise._plugins import load_plugin
from framewise.clips import ClipError, read_media
from framewise.families import Encoded, Family, Visual
from framewise.records import BadRow, MediaKind, Record, default_media_root, read_records, skipped_row


@dataclass(frozen=True)
class Sample:
    """A record with the file that it shares with others."""

    record: Record
    cluster: str
    """Path of its first medium: samples of one cluster are not independent."""


@dataclass(frozen=True)
class Samples:
    """What there is of one kind, and what was left out."""

    kind: MediaKind
    root: Path
    """Folder that media paths are relative to."""
    samples: tuple[Sample, ...]
    skipped: tuple[Row, ...]


def read_samples(
    records: Path,
    kind: MediaKind,
    *,
    limit: int | None,
    seed: int,
    each: int | None = None,
    media_root: Path | None = None,
) -> Samples:
    """Records whose media are all of one kind, and that have an answer.

    Args:
        records: In any known layout.
        kind: Records with other media, or none, are left out without a word: they are not what is measured.
        limit: Most clusters, drawn at random; None: all.
        seed: Seed of the draws, and of the order of clusters.
        each: Most samples of a cluster, drawn at random; None: all.
        media_root: Folder that media paths are relative to; None: the records' own.

    Raises:
        UsageError: The records cannot be read, or none is left.
    """
    root = media_root or default_media_root(records)
    skipped: list[Row] = []

    def skip(bad: BadRow) -> None:
        place = f"{Path(bad.file).name}:{bad.line}"
        skipped.append(skipped_row(None, None, place, "bad_record", bad.reason))

    clusters: dict[str, list[Sample]] = {}
    for record in read_records(records, media_root=root, on_bad=skip):
        if not record.media or any(medium.kind != kind for medium in record.media):
            continue
        if not any(turn.role == "assistant" and turn.text for turn in record.turns):
            skipped.append(
                skipped_row(record.id, None, None, "no_answer", "the record has no answer to learn")
            )
            continue
        clusters.setdefault(record.media[0].path, []).append(Sample(record, record.media[0].path))
    if not clusters:
        raise UsageError(
            f"{records} has no record with an answer whose media are {kind}s: give records of {kind}s "
            "(those of a benchmark are written by `framewise records from-benchmark --answers`)"
        )
    names = sorted(clusters)
    rng = np.random.default_rng(seed)
    drawn = [clusters[names[i]] for i in rng.permutation(len(names))[:limit]]
    if each is not None:
        drawn = [[members[i] for i in sorted(rng.permutation(len(members))[:each])] for members in drawn]
    return Samples(kind, root, tuple(sample for members in drawn for sample in members), tuple(skipped))


class Encoder:
    """Reads the media of samples and lays them out for a model.

    Args:
        family: Encodes.
        samples: Where the media are.
    """

    def __init__(self, family: Family, samples: Samples) -> None:
        self._family, self._root = family, samples.root
        self._decoder = load_plugin("decoders", "pyav")()

    def encode(
        self, sample: Sample, *, num_frames: int = 1, place: float = 0.5, looks: Sample | None = None
    ) -> tuple[Encoded, int]:
        """A sample and how many frames its first medium really has.

        Args:
            sample: What to encode.
            num_frames: Of each video; clamped to what there is.
            place: Where in each segment its frame is taken, from 0 to below 1.
            looks: A sample whose media are shown in place of its own.

        Raises:
            FramewiseError: A medium cannot be decoded or read by the model.
        """
        media = (looks or sample).record.media
        visuals = []
        for medium in media:
            frames = read_media(
                self._root,
                medium,
                self._decoder,
                num_frames,
                multiple_of=self._family.temporal_multiple,
                place=place,
            )
            self._family.frame_size(medium.kind, *frames.pixels.shape[1:3])
            visuals.append(Visual(kind=medium.kind, pixels=frames.pixels, times_seconds=frames.times_seconds))
        return self._family.encode(sample.record.turns, visuals), len(visuals[0].pixels)


def failure_row(sample: Sample, error: FramewiseError) -> Row:
    """A row of ``skipped.jsonl`` for a sample whose media cannot be read."""
    status = error.status if isinstance(error, ClipError) else "unreadable"
    return skipped_row(sample.record.id, None, sample.cluster, status, str(error))


def non_finite_row(sample: Sample, where: str) -> Row:
    """A row of ``skipped.jsonl`` for a sample whose gradient is no number."""
    reason = f"its gradient {where} is not finite: it is left out at every number of frames"
    return skipped_row(sample.record.id, None, sample.cluster, "non_finite", reason)


def by_cluster(samples: Iterable[Sample]) -> Mapping[str, Sequence[Sample]]:
    """Samples of each cluster, in order."""
    found: dict[str, list[Sample]] = {}
    for sample in samples:
        found.setdefault(sample.cluster, []).append(sample)
    return found


def encode_all(family: Family, samples: Samples, num_frames: int) -> tuple[list[Encoded], list[Row]]:
    """All samples that can be read, and a row of ``skipped.jsonl`` for each other one.

    Args:
        family: Encodes.
        samples: Which.
        num_frames: Of each video.

    Raises:
        FramewiseError: None can be read.
    """
    encoder = Encoder(family, samples)
    found, skipped = [], []
    for sample in samples.samples:
        try:
            found.append(encoder.encode(sample, num_frames=num_frames)[0])
        except FramewiseError as error:
            skipped.append(failure_row(sample, error))
    if not found:
        raise FramewiseError(f"no {samples.kind} can be read; the first fault: {skipped[0]['reason']}")
    return found, skipped
