"""Decoders that hang or crash cost their file alone."""

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from framewise import _plugins
from framewise.clips import Clip, ProbeSummary, Workers, probe, read_clips

_DECODER = """
import os, sys, time
from framewise.clips import Clip, Decoder

class Faulty(Decoder):
    def probe(self, path):
        with (path.parent.parent / "begun.txt").open("a") as log:
            log.write(f"{path.name} {'torch' in sys.modules}\\n")
        if path.name == "hangs.mp4":
            time.sleep(600)
        if path.name == "crashes.mp4":
            os.abort()
        if path.name == "exits.mp4":
            os._exit(0)
        return Clip(path=str(path), status="ok", num_frames=1)

    def open(self, path):
        raise NotImplementedError
"""
_NAMES = ("a.mp4", "crashes.mp4", "exits.mp4", "hangs.mp4", "z.mp4")


@pytest.fixture
def faulty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A decoder of another distribution, which workers find as they find any."""
    site = tmp_path / "site"
    (site / "faulty-1.dist-info").mkdir(parents=True)
    (site / "faulty_decoder.py").write_text(_DECODER)
    (site / "faulty-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: faulty\nVersion: 1\n")
    points = "[framewise.decoders]\nfaulty = faulty_decoder:Faulty\n"
    (site / "faulty-1.dist-info" / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(site)
    importlib.invalidate_caches()
    _plugins._entry_points.cache_clear()
    yield "faulty"
    _plugins._entry_points.cache_clear()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    for name in _NAMES:
        (tmp_path / "data" / name).write_text("x")
    return tmp_path / "data"


def test_hanging_and_crashing_decoders(faulty: str, folder: Path, tmp_path: Path) -> None:
    def run() -> ProbeSummary:
        how = Workers(num_workers=2, timeout_seconds=5)
        return probe(folder, output=tmp_path / "run", decoder=faulty, workers=how)

    found = run()
    clips = read_clips(tmp_path / "run")
    assert list(clips) == list(_NAMES), "in the order of the paths, whichever is done first"
    assert {path: clip.status for path, clip in clips.items()} == {
        "a.mp4": "ok",
        "crashes.mp4": "crashed",
        "exits.mp4": "crashed",
        "hangs.mp4": "timeout",
        "z.mp4": "ok",
    }
    assert "within 5 s: raise --time-limit" in clips["hangs.mp4"].reason
    assert "signal 6" in clips["crashes.mp4"].reason
    assert found.statuses == {"ok": 2, "crashed": 2, "timeout": 1}
    begun = (tmp_path / "begun.txt").read_text().splitlines()
    assert sorted(begun) == [f"{name} False" for name in _NAMES], "once each, and torch is not imported"
    assert run() == found
    assert len((tmp_path / "begun.txt").read_text().splitlines()) == len(_NAMES)


def test_workers_and_this_process_find_the_same(
    tmp_path: Path, write_clip: Callable, in_process: None
) -> None:
    for number in range(3):
        write_clip(tmp_path / "data" / f"{number}.mp4", num_frames=2 + number)
    probe(tmp_path / "data", output=tmp_path / "here")
    with pytest.MonkeyPatch.context() as patch:
        from framewise._engine import run_tasks

        patch.setattr("framewise.clips._probe.run_tasks", run_tasks)
        probe(tmp_path / "data", output=tmp_path / "there", workers=Workers(num_workers=1))
    assert (tmp_path / "here" / "clips.jsonl").read_bytes() == (
        tmp_path / "there" / "clips.jsonl"
    ).read_bytes()
    assert read_clips(tmp_path / "here")["1.mp4"] == Clip(
        path="1.mp4",
        status="ok",
        duration_seconds=0.375,
        num_frames=3,
        fps=8.0,
        width=64,
        height=64,
        codec="h264",
        claimed_frames=3,
        claimed_seconds=0.375,
    )
