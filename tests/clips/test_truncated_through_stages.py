"""A truncated video goes through all stages with its good frames if the user allows it; else all list it."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from framewise._jsonl import Row, read_json, read_rows
from framewise.budgets import allocate
from framewise.clips import ClipError, check_whole, probe, read_clips
from framewise.clips.sampling import sample
from framewise.evaluation import ScriptedModel, evaluate
from framewise.exports import export
from framewise.materialise import materialise
from framewise.training import Recipe, train

WANTED = 6


@dataclass(frozen=True)
class Data:
    folder: Path
    cut: str
    allowed: bool

    def at(self, name: str) -> Path:
        return self.folder / name

    def skipped(self, run: str) -> list[tuple[str, str]]:
        rows = read_rows(self.at(run) / "skipped.jsonl")
        return [(row["record_id"], row["status"]) for row in rows]

    @property
    def names(self) -> list[str]:
        """Records that can be used."""
        return ["cut", "whole"] if self.allowed else ["whole"]


def write(path: Path, rows: list[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def truncated(folder: Path, name: str, write_clip: Callable, codec: str) -> None:
    whole = write_clip(
        folder / name, num_frames=40, codec=codec, options={"g": "10"}, faststart=name.endswith("4")
    )
    data = whole.read_bytes()
    start = max(data.find(b"mdat"), 0)
    whole.write_bytes(data[: start + (len(data) - start) * 2 // 3])


@pytest.fixture(params=["mp4 refused", "mp4 allowed", "webm allowed"])
def data(request: pytest.FixtureRequest, tmp_path: Path, write_clip: Callable, in_process: None) -> Data:
    """Probed and allocated. Decoding shows that the mp4 is cut, and its index that the webm is."""
    suffix, permission = request.param.split()
    allowed = permission == "allowed"
    codec = {"mp4": "libx264", "webm": "libvpx-vp9"}[suffix]
    cut, whole = f"cut.{suffix}", f"whole.{suffix}"
    truncated(tmp_path / "data", cut, write_clip, codec)
    write_clip(tmp_path / "data" / whole, num_frames=40, codec=codec)
    media = {name: [{"kind": "video", "path": path}] for name, path in (("cut", cut), ("whole", whole))}
    turns = [{"role": "user", "text": "<video>"}, {"role": "assistant", "text": "a square"}]
    write(
        tmp_path / "data" / "records.jsonl",
        [{"id": name, "turns": turns, "media": medium} for name, medium in media.items()],
    )
    asked = {"prompt": "<video>Choose: left, right.", "answer": "left", "choices": ["left", "right"]}
    write(
        tmp_path / "data" / "benchmarks" / "lab_video.jsonl",
        [
            {"item_id": name, "subtask": "s", "cluster": name, "media": medium, "min_frames": 2, **asked}
            for name, medium in media.items()
        ],
    )
    records = tmp_path / "data" / "records.jsonl"
    probe(records, output=tmp_path / "clips", allow_truncated=allowed)
    allocate(
        records,
        allocator="fixed",
        settings={"num_frames": WANTED},
        clips=tmp_path / "clips",
        output=tmp_path / "budgets",
    )
    return Data(tmp_path, cut, allowed)


def recipe(data: Data, model: Path) -> Recipe:
    return Recipe(
        model=str(model), records=data.at("data/records.jsonl"), budgets=data.at("budgets"), clips=data.at("clips"),
        max_steps=2, batch_size=1,
    )  # fmt: skip


def test_allocation(data: Data) -> None:
    assert [row["record_id"] for row in read_rows(data.at("budgets/budgets.jsonl"))] == data.names
    assert data.skipped("budgets") == ([] if data.allowed else [("cut", "truncated")])
    clip = read_clips(data.at("clips"))[data.cut]
    assert clip.ok == data.allowed
    assert WANTED <= clip.num_frames < 40, "the good frames are enough, so nothing is clamped"


def test_training(data: Data, tiny_checkpoint: Path) -> None:
    """The good frames are learned from: also the plan counts them."""
    from framewise.planning import plan

    planned = plan(recipe(data, tiny_checkpoint), output=data.at("plan"))
    assert [row["record_id"] for row in read_rows(data.at("plan/samples.jsonl"))] == data.names
    trained = train(recipe(data, tiny_checkpoint), output=data.at("trained"))
    card = read_json(trained / "model/run_card.json")
    assert card["budgets_histogram"] == {str(WANTED): 2}, "two steps, whatever they are of"
    expected = [] if data.allowed else [("cut", "truncated")]
    assert data.skipped("trained") == data.skipped("plan") == expected
    assert planned["num_skipped"] == len(expected)


def test_materialised_clips_and_exports(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(function: Callable, items: Iterable, **_: Any) -> Iterator[tuple[Any, Any]]:
        return ((item, function(item)) for item in items)

    monkeypatch.setattr("framewise.materialise._materialise.run_tasks", run)
    records = data.at("data/records.jsonl")
    materialise(records, budgets=data.at("budgets"), clips=data.at("clips"), output=data.at("cuts"))
    rows = {row["record_id"]: row for row in read_rows(data.at("cuts/materialised.jsonl"))}
    assert list(rows) == data.names
    if data.allowed:
        clip = read_clips(data.at("clips"))[data.cut]
        times = np.arange(clip.num_frames) / clip.fps
        assert rows["cut"]["indices"] == sample(times, WANTED).indices.tolist()
        assert max(rows["cut"]["indices"]) < clip.num_frames
    export(
        records,
        budgets=data.at("budgets"),
        to="ms_swift",
        materialised=data.at("cuts"),
        output=data.at("swift"),
    )
    assert [row["record_id"] for row in read_rows(data.at("swift/framewise_budgets.jsonl"))] == data.names


def test_originals_are_exported_whole_or_not_at_all(data: Data) -> None:
    """Other trainers know nothing of good frames: they would choose frames that are not there."""
    export(data.at("data/records.jsonl"), budgets=data.at("budgets"), to="ms_swift", output=data.at("swift"))
    assert [row["record_id"] for row in read_rows(data.at("swift/framewise_budgets.jsonl"))] == ["whole"]
    ((record, status),) = data.skipped("swift")
    assert (record, status) == ("cut", "truncated" if data.allowed else "no_budget")


def test_no_question_is_asked_about_a_part_of_its_video(data: Data, tiny_checkpoint: Path) -> None:
    run = evaluate(
        tiny_checkpoint, benchmarks=["lab_video"], data_root=data.at("data"), frames=4, output=data.at("scores"),
        open_model=lambda *_: ScriptedModel(lambda item: item.answer),
    )  # fmt: skip
    (failure,) = read_rows(run / "failures.jsonl")
    assert failure["item_id"] == "cut"
    assert failure["reason"].startswith("truncated: the file has ")
    assert [row["item_id"] for row in read_rows(run / "predictions.jsonl")] == ["whole"]


@pytest.mark.parametrize("name", ["nothing.mp4", "folder.mp4"])
def test_what_is_no_file_is_the_decoders_matter(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.mp4").mkdir()
    check_whole(tmp_path / name)


def test_a_file_that_lacks_bytes_is_told_before_decoding(tmp_path: Path, write_clip: Callable) -> None:
    whole = write_clip(tmp_path / "a.mp4", num_frames=4)
    check_whole(whole)
    whole.write_bytes(whole.read_bytes()[:-10])
    with pytest.raises(
        ClipError, match=r"truncated: the file has .* bytes: fetch it again; .*--allow-truncated"
    ):
        check_whole(whole)
