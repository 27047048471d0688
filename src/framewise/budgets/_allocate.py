"""The stage: a budget for every video of every record."""

import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from framewise._artifacts import RunDirectory
from framewise._engine import Engine
from framewise._errors import FramewiseError, UsageError
from framewise._jsonl import Row, write_json
from framewise._keyed import KeyedRows, Spool
from framewise._plugins import load_plugin
from framewise._progress import track
from framewise.budgets._budget import Allocator, Budget, Failure, Key, Request
from framewise.budgets._clamp import clamp
from framewise.budgets._requests import Collected, collect_requests
from framewise.budgets._rounding import Rounding, Wishes, round_wishes
from framewise.budgets._settings import parse_settings
from framewise.budgets._spread import Job, decide
from framewise.budgets._summary import SUMMARY, Tally
from framewise.budgets._table import BUDGETS, STAGE, keyed_budgets
from framewise.budgets._tokens import TokenCount, TokenCounter
from framewise.clips import open_clips
from framewise.records import SKIPPED, record_inputs, skipped_row

CLIPS = "clips.jsonl"
WISHES = "wishes.jsonl"


def allocate(
    records: Path,
    *,
    allocator: str,
    settings: Mapping[str, Any],
    clips: Path,
    output: Path,
    media_root: Path | None = None,
    multiple_of: int = 2,
    rounding: Rounding | None = None,
    tokens: TokenCount | None = None,
    engine: Engine | None = None,
    num_workers: int | None = None,
    fresh: bool = False,
) -> Path:
    """Give every video of a dataset its number of frames.

    Leaves ``wishes.jsonl`` (what the allocator wants, appended as it is known), ``budgets.jsonl`` (what each
    video gets, in record order), ``skipped.jsonl`` (what gets none, and why) and ``summary.json``. Images
    have no budget.

    Args:
        records: The dataset, in any known layout.
        allocator: Name of the plugin.
        settings: Its settings; texts are read as the type that the setting has.
        clips: What ``framewise probe`` left for the same records.
        output: The run directory.
        media_root: Folder that media paths are relative to; None: the one that the records lie in.
        multiple_of: Frames that the family reads together (2 for Qwen models): budgets are rounded down to a
            multiple of it, unless the wish or the clip has fewer.
        rounding: Which numbers are admitted; None: the allocator's own, or for one that gives fractions the
            next larger one of the paper's four.
        tokens: Count visual tokens under this model too.
        engine: Who spreads the allocator over several workers, which changes nothing of what is written; None: it
            works in this process, as do those that see all videos together (see ``Allocator.spreads``).
        num_workers: Workers of the engine; None: one for each core of this machine.
        fresh: Delete what an earlier run left and start over.

    Returns:
        ``output``.

    Raises:
        UsageError: A name, a setting or a path is wrong, or no video can be used.
        FramewiseError: The allocator found no number for any video, or a worker died.
    """
    if num_workers is not None and engine is None:
        raise UsageError("workers are an engine's: name one, processes or ray")
    rounding = rounding or Rounding()
    plugin: type[Allocator] = load_plugin("allocators", allocator)
    chosen = parse_settings(allocator, plugin.settings_type, settings)
    config = {
        "allocator": allocator,
        # What they name counts by its content, among the inputs.
        "settings": chosen.model_dump(
            mode="json", exclude={role.partition("/")[0] for role in chosen.inputs()}
        ),
        "multiple_of": multiple_of,
        "tokens": vars(tokens) if tokens else None,
        **rounding.config(),
    }
    inputs = {**record_inputs(records), "clips": _clip_rows(clips), **chosen.inputs()}
    with RunDirectory(output, stage=STAGE, config=config, inputs=inputs, fresh=fresh) as run:
        if not run.finished:
            started = time.monotonic()
            counter = TokenCounter(tokens, multiple_of) if tokens else None
            videos = collect_requests(records, media_root, open_clips(clips))
            job = Job(
                allocator=allocator, settings=chosen, records=records, media_root=media_root, clips=clips,
                num_shares=num_workers or len(os.sched_getaffinity(0)), folder=Path.cwd(),
            )  # fmt: skip
            left = partial(decide, job, engine, videos.requests.sorted())
            wishes = partial(_in_record_order, videos, _wish(run, left, videos))
            rounded = round_wishes(wishes, rounding, multiple_of, snaps=plugin.snaps)
            _finish(run, videos, rounded, multiple_of, Tally(counter))
            # Not among the settings: a rerun may say the same place in other words.
            root = None if media_root is None else str(media_root)
            places = {"records": str(records), "media_root": root}
            run.complete(seconds=time.monotonic() - started, places=places)
    return output


def _clip_rows(clips: Path) -> Path:
    """The rows of a probe, which say the same whether its directory was named or its file."""
    rows = clips / CLIPS
    return rows if rows.is_file() else clips


def _wish(
    run: RunDirectory, decide_rest: Callable[[Collection[Key]], Iterator[Budget | Failure]], videos: Collected
) -> KeyedRows[Key, Budget]:
    """What the allocator wants for every request; goes on from what ``wishes.jsonl`` has.

    Requests that it fails on are among the skipped ones. When all is known the wishes are sorted by key, as they may
    come in any order.
    """
    requests, failures = videos.requests, Spool()
    wishes = keyed_budgets(map(Budget.from_json, run.stream_rows(WISHES)))
    if len(wishes) < len(requests):
        for wish in track(decide_rest(wishes), "allocate", total=len(requests) - len(wishes)):
            if isinstance(wish, Failure):
                failures.append(vars(wish))
            else:
                run.append(WISHES, wish.to_json())
        wishes = keyed_budgets(map(Budget.from_json, run.stream_rows(WISHES)))
    if len(wishes) + len(failures) != len(requests):
        raise RuntimeError(f"{len(requests)} videos got {len(wishes)} wishes and {len(failures)} failures")
    _skip(videos, failures)
    if not wishes:
        last = videos.skipped.last or {}
        raise FramewiseError(f"no video has a budget; the last of them: {last['status']}, {last['reason']}")
    if not wishes.is_sorted():
        run.write_rows(WISHES, (wish.to_json() for wish in wishes.sorted()))
    return wishes


def _skip(videos: Collected, failures: Iterable[Row]) -> None:
    failed = KeyedRows((((row["record_id"], row["media_index"]), row) for row in failures), dict)
    for row in failed.sorted():
        path = videos.requests[row["record_id"], row["media_index"]].media.path
        videos.skipped.append(skipped_row(path=path, **row))


def _finish(run: RunDirectory, videos: Collected, wishes: Wishes, multiple_of: int, tally: Tally) -> None:
    def budgets() -> Iterator[Row]:
        for request, wish in wishes():
            budget = clamp(wish, request, multiple_of)
            tally.add(request, wish, budget)
            yield budget.to_json()

    run.write_rows(SKIPPED, videos.skipped)
    run.write_rows(BUDGETS, budgets())
    write_json(run.path / SUMMARY, tally.result(videos.skipped.statuses))


def _in_record_order(videos: Collected, wishes: Mapping[Key, Budget]) -> Iterator[tuple[Request, Budget]]:
    for request in videos.requests.in_row_order():
        wish = wishes.get(request.key)
        if wish is not None:
            yield request, wish
