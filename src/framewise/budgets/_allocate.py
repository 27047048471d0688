"""The stage: a budget for every video of every record."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from framewise._artifacts import RunDirectory
from framewise._errors import FramewiseError
from framewise._jsonl import write_json
from framewise._plugins import load_plugin
from framewise._progress import track
from framewise.budgets._budget import Allocator, Budget, Failure, Key, Request
from framewise.budgets._clamp import clamp
from framewise.budgets._requests import Collected, collect_requests
from framewise.budgets._rounding import Rounding, match_histogram, raise_to_video
from framewise.budgets._settings import parse_settings
from framewise.budgets._summary import SUMMARY, summarise
from framewise.budgets._table import BUDGETS, STAGE
from framewise.budgets._tokens import TokenCount, TokenCounter
from framewise.clips import read_clips
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
        fresh: Delete what an earlier run left and start over.

    Returns:
        ``output``.

    Raises:
        UsageError: A name, a setting or a path is wrong, or no video can be used.
        FramewiseError: The allocator found no number for any video.
    """
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
            videos = collect_requests(records, media_root, read_clips(clips))
            wishes = _wish(run, plugin, chosen, videos)
            rounded = _round(videos.requests, wishes, plugin, rounding, multiple_of)
            _finish(run, videos, rounded, multiple_of, counter)
            # Not among the settings: a rerun may say the same place in other words.
            root = None if media_root is None else str(media_root)
            places = {"records": str(records), "media_root": root}
            run.complete(seconds=time.monotonic() - started, places=places)
    return output


def _clip_rows(clips: Path) -> Path:
    """The rows of a probe, which say the same whether its directory was named or its file."""
    rows = clips / CLIPS
    return rows if rows.is_file() else clips


def _wish(run: RunDirectory, plugin: type[Allocator], settings: Any, videos: Collected) -> dict[Key, Budget]:
    """What the allocator wants for every request; goes on from what ``wishes.jsonl`` has.

    Requests that it fails on move to the skipped ones.
    """
    requests = videos.requests
    wishes = {wish.key: wish for wish in map(Budget.from_json, run.open_rows(WISHES))}
    if len(wishes) < len(requests):
        # Sorted, so that nothing an allocator does with their order can depend on the order of the records.
        ordered = [requests[key] for key in sorted(requests)]
        left = plugin(settings).allocate(ordered, done=frozenset(wishes))
        for wish in track(left, "allocate", total=len(requests) - len(wishes)):
            if isinstance(wish, Failure):
                _skip(videos, wish)
            else:
                run.append(WISHES, wish.to_json())
                wishes[wish.key] = wish
    if not wishes:
        first = videos.skipped[-1]
        raise FramewiseError(f"no video has a budget; the last of them: {first['status']}, {first['reason']}")
    return wishes


def _skip(videos: Collected, failure: Failure) -> None:
    media = videos.requests.pop(failure.key).media
    videos.skipped.append(
        skipped_row(failure.record_id, failure.media_index, media.path, failure.status, failure.reason)
    )


def _round(
    requests: Mapping[Key, Request],
    wishes: Mapping[Key, Budget],
    plugin: type[Allocator],
    rounding: Rounding,
    multiple_of: int,
) -> dict[Key, Budget]:
    """Wishes as admitted numbers, in the order of the requests."""
    if rounding.histogram:
        rounded = match_histogram([wishes[key] for key in requests], rounding.histogram)
    else:
        rounded = [rounding.round(wishes[key], multiple_of, snaps=plugin.snaps) for key in requests]
    if rounding.per == "video":
        rounded = raise_to_video(rounded, requests)
    return {wish.key: wish for wish in rounded}


def _finish(
    run: RunDirectory,
    videos: Collected,
    wishes: Mapping[Key, Budget],
    multiple_of: int,
    counter: TokenCounter | None,
) -> None:
    requests = videos.requests
    budgets = [clamp(wish, requests[key], multiple_of) for key, wish in wishes.items()]
    visual_tokens = counter.count(requests, budgets) if counter else None
    run.write_rows(SKIPPED, videos.skipped)
    run.write_rows(BUDGETS, [budget.to_json() for budget in budgets])
    summary = summarise(requests, wishes, budgets, videos.skipped, visual_tokens)
    write_json(run.path / SUMMARY, summary)
