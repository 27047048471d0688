"""Allocations over several workers."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from framewise._artifacts import read_manifest
from framewise._engine import TaskFault
from framewise._errors import FramewiseError, UsageError
from framewise.budgets import Failure
from framewise.budgets.allocators.by_duration import ByDuration
from framewise.budgets.allocators.shuffled import Shuffled

FILES = ("wishes.jsonl", "budgets.jsonl", "skipped.jsonl", "summary.json")


def assert_same(run: Path, other: Path) -> None:
    for file in FILES:
        assert (run / file).read_bytes() == (other / file).read_bytes()


@pytest.fixture
def many(empty_dataset, rows):
    """60 questions about 12 videos from 2 sources, one of them not probed."""
    record, clip = rows
    records = [record(n, source="ab"[n % 2], question=f"why {n % 7}?") for n in range(60)]
    for n, row in enumerate(records):
        row["media"][0]["path"] = f"{n % 12}.mp4"
    empty_dataset.write(records[::-1], [clip(n, 5 + 10 * n) for n in range(11)])
    return empty_dataset


@pytest.fixture
def workers(monkeypatch) -> list[int]:
    """Workers that run here, in turn; how many wishes each had sent."""
    sent: list[int] = []

    def run(function: Callable[[int], Any], shares: Iterable[int], **_: Any) -> Iterator[tuple[int, Any]]:
        for share in shares:
            for found in function(share):
                sent.append(len(found))
                yield share, found

    monkeypatch.setattr("framewise.budgets._spread.run_tasks", run)
    return sent


@pytest.mark.parametrize("engine", ["processes", "ray"])
def test_an_engine_changes_nothing(many, engine):
    here = many.allocate("here", "by_duration")
    there = many.allocate("there", "by_duration", engine=engine, num_workers=2)
    assert_same(here, there)
    assert read_manifest(here)["config"] == read_manifest(there)["config"]


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["processes", "ray"])
def test_a_models_budgets_are_the_same_too(many, engine, tiny_checkpoint: Path):
    settings = {"model": str(tiny_checkpoint), "batch_size": "2", "cache": "off"}
    here = many.allocate("here", "instruction", settings=settings)
    there = many.allocate("there", "instruction", settings=settings, engine=engine, num_workers=2)
    assert_same(here, there)


def test_what_an_interrupted_run_has_is_not_decided_again(many, workers, monkeypatch):
    decided: list[str] = []
    original = ByDuration.allocate

    def allocate(self: ByDuration, requests: Any, *, done: Any = ()) -> Iterator[Any]:
        for wish in original(self, requests, done=done):
            if len(decided) == stop:
                raise KeyboardInterrupt
            decided.append(wish.record_id)
            yield wish

    monkeypatch.setattr(ByDuration, "allocate", allocate)
    monkeypatch.setattr("framewise.budgets._spread._CHUNK_WISHES", 4)
    stop = 30
    with pytest.raises(KeyboardInterrupt):
        many.allocate("run", "by_duration", engine="ray", num_workers=3)
    kept = sum(workers)
    assert 20 < kept <= 30
    assert len(many.rows("run", "wishes.jsonl")) == kept
    stop = 99
    decided.clear()
    run = many.allocate("run", "by_duration", engine="processes", num_workers=2)
    assert len(decided) == 55 - kept
    monkeypatch.undo()
    assert_same(run, many.allocate("here", "by_duration"))


def test_what_needs_all_videos_together_runs_here(many, monkeypatch, workers):
    table = many.allocate("table", "by_duration")
    run = many.allocate("run", "shuffled", settings={"budgets": str(table)}, engine="ray", num_workers=2)
    assert not workers
    assert not Shuffled.spreads(None)
    assert len(many.rows("run")) == 55
    assert run.is_dir()


def test_failures_of_workers_are_listed_in_one_order(many, workers, monkeypatch):
    original = ByDuration.allocate

    def failing(self: ByDuration, requests: Any, *, done: Any = ()) -> Iterator[Any]:
        for wish in original(self, requests, done=done):
            odd = int(wish.record_id[1:]) % 5 == 0
            yield Failure(record_id=wish.record_id, media_index=0, status="odd", reason="so") if odd else wish

    monkeypatch.setattr(ByDuration, "allocate", failing)
    here = many.allocate("here", "by_duration")
    assert_same(here, many.allocate("there", "by_duration", engine="ray", num_workers=4))
    failed = [row["record_id"] for row in many.rows("here", "skipped.jsonl") if row["status"] == "odd"]
    assert failed == sorted(failed)
    assert len(failed) == 11


@pytest.mark.parametrize(
    ("fault", "error", "message"),
    [
        (TaskFault("error", "no such model", usage=True), UsageError, "^no such model$"),
        (TaskFault("error", "not numbers"), FramewiseError, "^not numbers$"),
        (TaskFault("crash", "signal 9"), FramewiseError, "worker 1 of 2: signal 9; run the command again"),
    ],
)
def test_a_lost_worker_ends_the_run_which_can_go_on(many, monkeypatch, fault, error, message):
    with monkeypatch.context() as patch:
        patch.setattr("framewise.budgets._spread.run_tasks", lambda *_, **__: ((n, fault) for n in range(2)))
        with pytest.raises(error, match=message):
            many.allocate("run", "by_duration", engine="processes", num_workers=2)
    # What is wrong with the request leaves no run; all else is gone on with.
    assert (many.folder / "run").exists() == (error is FramewiseError)
    assert_same(many.allocate("run", "by_duration"), many.allocate("here", "by_duration"))


def test_workers_without_an_engine_are_refused(many):
    with pytest.raises(UsageError, match="name one, processes or ray"):
        many.allocate("run", "by_duration", num_workers=2)


SCRIPT = """
import sys, time
from pathlib import Path
from framewise.budgets import allocate

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    allocate(
        folder / "records.jsonl", allocator="motion", settings={}, clips=folder / "clips.jsonl",
        output=folder / sys.argv[2], engine=sys.argv[3], num_workers=2,
    )
"""


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["processes", "ray"])
def test_a_killed_run_goes_on_with_an_engine(many, rows, write_clip, tmp_path, engine):
    record, clip = rows
    many.write([record(n) for n in range(60)], [clip(n, 64) for n in range(60)])
    write_clip(tmp_path / "0.mp4", num_frames=64, width=320, height=240)
    for n in range(1, 60):
        os.link(tmp_path / "0.mp4", tmp_path / f"{n}.mp4")
    command = [sys.executable, "-c", SCRIPT, str(tmp_path), "run", engine]
    parent = subprocess.Popen(command, start_new_session=True)
    wishes = tmp_path / "run" / "wishes.jsonl"
    deadline = time.monotonic() + 120
    while not (wishes.exists() and wishes.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.01)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    kept = wishes.read_bytes()
    assert kept.count(b"\n") > 0
    assert read_manifest(tmp_path / "run")["status"] == "running"
    subprocess.run(command, check=True, timeout=200)
    assert_same(tmp_path / "run", many.allocate("here", "motion"))
