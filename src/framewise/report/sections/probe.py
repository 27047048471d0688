"""What the media files really hold, and which of them cannot be used."""

import statistics
from collections import Counter
from collections.abc import Callable, Sequence

from framewise.clips import Clip
from framewise.report._format import decimal, seconds
from framewise.report._run import Run
from framewise.report._section import Page, Section

POSITION = 50
_MOST_FAULTS = 200


def build(page: Page) -> list[Section]:
    """One section for all probes."""
    return [
        Section(
            anchor="media",
            title="Media files",
            template="probe.html.jinja",
            context={"probes": [_describe(run) for run in page.of("probe")]},
        )
    ]


def _describe(run: Run) -> dict[str, object]:
    clips = [Clip.from_json(row) for row in run.rows("clips.jsonl")]
    usable = [clip for clip in clips if clip.ok]
    videos = [clip for clip in usable if clip.duration_seconds > 0]
    faults = [clip for clip in clips if not clip.ok]
    return {
        "name": run.name,
        "n": len(clips),
        "num_usable": len(usable),
        "statuses": Counter(clip.status for clip in clips).most_common(),
        "faults": faults[:_MOST_FAULTS],
        "num_hidden": max(0, len(faults) - _MOST_FAULTS),
        "bad_rows": run.json("summary.json")["bad_rows"][:_MOST_FAULTS],
        "num_videos": len(videos),
        "spreads": _spreads(videos),
        "sizes": Counter(f"{clip.width} × {clip.height}" for clip in usable).most_common(5),
        "codecs": Counter(clip.codec for clip in usable).most_common(5),
        "total_seconds": sum(clip.duration_seconds for clip in usable),
    }


def _spreads(clips: Sequence[Clip]) -> list[tuple[str, str, str, str]]:
    """Name, smallest, median and largest value of each property."""
    properties: list[tuple[str, Callable[[Clip], float], Callable[[float], str]]] = [
        ("Duration", lambda clip: clip.duration_seconds, seconds),
        ("Frames", lambda clip: clip.num_frames, lambda value: decimal(value, 0)),
        ("Frames a second", lambda clip: clip.fps, decimal),
    ]
    if not clips:
        return []
    return [
        (name, show(min(values)), show(statistics.median(values)), show(max(values)))
        for name, get, show in properties
        for values in [[get(clip) for clip in clips]]
    ]
