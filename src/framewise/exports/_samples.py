"""Records, budgets and clips joined: what can be exported, and what cannot and why."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from framewise._errors import FramewiseError
from framewise._jsonl import Row
from framewise._progress import track
from framewise.budgets import Budget
from framewise.budgets import Key as BudgetKey
from framewise.clips import ClipError, check_whole
from framewise.exports._clips import CutClip, link_clip
from framewise.exports._exporter import Exporter, Sample, Seen, Setup, Video
from framewise.exports._header import read_header
from framewise.exports._rules_transformers import whole_blocks
from framewise.records import BadRow, Media, Record, read_records, resolve_media, skipped_row


class Left(Exception):  # noqa: N818 (not an error: the record is left out and counted)
    """Why a record is not exported."""

    def __init__(self, media_index: int | None, status: str, reason: str) -> None:
        super().__init__(reason)
        self.media_index, self.status, self.reason = media_index, status, reason


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the samples come from."""

    records: Path
    media_root: Path
    budgets: Mapping[BudgetKey, Budget]
    clips: Mapping[BudgetKey, CutClip] | None
    """Clips by record and medium; None: the originals are exported."""


@dataclass(frozen=True)
class Collected:
    """What is exported and what is left out."""

    samples: list[Sample] = field(default_factory=list)
    skipped: list[Row] = field(default_factory=list)
    """Rows of ``skipped.jsonl``."""


def collect(source: Source, exporter: Exporter, setup: Setup, folder: Path) -> Collected:
    """Join everything, put clips below ``folder``, and ask the exporter of each sample."""
    found = Collected()

    def skip_row(bad: BadRow) -> None:
        found.skipped.append(skipped_row(None, None, f"{bad.file}:{bad.line}", "bad_record", bad.reason))

    records = read_records(source.records, media_root=source.media_root, on_bad=skip_row)
    for record in track(records, "export"):
        try:
            sample = _sample(record, source, exporter, setup, folder)
            if reason := exporter.refuse(sample, setup):
                raise Left(None, "refused", reason)
            found.samples.append(sample)
        except Left as left:
            path = None if left.media_index is None else record.media[left.media_index].path
            found.skipped.append(skipped_row(record.id, left.media_index, path, left.status, left.reason))
    return found


def _sample(record: Record, source: Source, exporter: Exporter, setup: Setup, folder: Path) -> Sample:
    if not any(turn.role == "assistant" for turn in record.turns):
        raise Left(None, "refused", "no turn of an assistant: there is nothing to learn")
    videos = tuple(_videos(record, source, exporter, setup, folder))
    paths = {video.media_index: video for video in videos}
    media = tuple(
        _exported(medium, paths.get(index)) if medium.kind == "video" else _image(medium, index, source)
        for index, medium in enumerate(record.media)
    )
    return Sample(record=replace(record, media=media), videos=videos)


def _videos(
    record: Record, source: Source, exporter: Exporter, setup: Setup, folder: Path
) -> Iterator[Video]:
    for index, medium in enumerate(record.media):
        if medium.kind != "video":
            continue
        budget = source.budgets.get((record.id, index))
        if budget is None:
            raise Left(index, "no_budget", "it has no budget: see skipped.jsonl of the allocation")
        if source.clips is None:
            yield _original(index, medium, budget, source, exporter, setup)
            continue
        clip = source.clips.get((record.id, index))
        if clip is None:
            raise Left(index, "no_clip", "it has no clip: see skipped.jsonl of `framewise materialise`")
        yield _cut(index, medium, budget, clip, exporter, setup, folder)


def _cut(
    index: int, medium: Media, budget: Budget, clip: CutClip, exporter: Exporter, setup: Setup, folder: Path
) -> Video:
    if clip.num_frames != budget.num_frames and not (clip.clamped and clip.num_frames < budget.num_frames):
        raise Left(
            index,
            "other_budget",
            f"its clip has {clip.num_frames} frames and its budget is {budget.num_frames}: materialise these budgets",
        )
    block = setup.target.block
    size = (clip.height, clip.width)
    if block:
        size = whole_blocks(*size, block)
    told = setup.target.clock != "none"
    return Video(
        media_index=index,
        path=link_clip(clip, folder, exporter.stored_fps),
        source_path=medium.path,
        num_frames=clip.num_frames,
        duration_seconds=clip.duration_seconds,
        source_indices=clip.indices,
        source_times_seconds=clip.times_seconds,
        expected=Seen(
            num_frames=clip.num_frames,
            indices=tuple(range(clip.num_frames)),
            seconds=tuple(i * clip.duration_seconds / clip.num_frames for i in range(clip.num_frames))
            if told
            else None,
            height=size[0] if block else None,
            width=size[1] if block else None,
        ),
    )


def _original(
    index: int, medium: Media, budget: Budget, source: Source, exporter: Exporter, setup: Setup
) -> Video:
    file = resolve_media(source.media_root, medium.path)
    if medium.frames or not file.is_file():
        raise Left(index, "not_a_file", "it is no file of its own: export clips with --materialised")
    try:
        check_whole(file)
    except ClipError as fault:
        raise Left(index, fault.status, f"{fault.reason} and export with --materialised") from fault
    try:
        header = read_header(file)
        expected = exporter.original(header, medium, budget.num_frames, setup)
    except FramewiseError as error:
        raise Left(index, "refused", str(error)) from error
    if not header.constant_rate:
        raise Left(
            index, "refused", "its frame rate varies, and frames are counted, not timed: use --materialised"
        )
    start, end = medium.start_seconds or 0.0, header.num_frames / header.fps
    return Video(
        media_index=index,
        path=str(file),
        source_path=medium.path,
        num_frames=budget.num_frames,
        duration_seconds=min(end, medium.end_seconds or end) - start,
        source_indices=expected.indices,
        source_times_seconds=tuple(i / header.fps for i in expected.indices),
        expected=expected,
        start_seconds=medium.start_seconds,
        end_seconds=medium.end_seconds,
    )


def _exported(medium: Media, video: Video | None) -> Media:
    assert video is not None, "every video has been collected"
    return Media(
        kind=medium.kind, path=video.path, start_seconds=video.start_seconds, end_seconds=video.end_seconds
    )


def _image(medium: Media, index: int, source: Source) -> Media:
    file = resolve_media(source.media_root, medium.path)
    if not file.is_file():
        raise Left(index, "missing", f"there is no file {medium.path} below {source.media_root}")
    return Media(kind="image", path=str(file))
