import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from framewise._artifacts import RunDirectory, digest, read_manifest
from framewise._errors import UsageError
from framewise._jsonl import read_rows
from framewise.budgets import Budget, TokenCount, read_budgets
from framewise.budgets.allocators.fixed import Fixed


def frames(rows: list[dict[str, Any]]) -> list[int]:
    return [row["num_frames"] for row in rows]


def test_every_video_has_a_budget_in_record_order(dataset):
    run = dataset.allocate(settings={"num_frames": 16})
    assert [row["record_id"] for row in dataset.rows()] == [f"r{n}" for n in range(6)]
    assert frames(dataset.rows()) == [16, 16, 16, 4, 1, 16]
    assert read_manifest(run)["status"] == "complete"


def test_a_clamp_is_recorded_and_counted(dataset):
    run = dataset.allocate(settings={"num_frames": "32"})
    by_id = {row["record_id"]: row for row in dataset.rows()}
    assert "wished 32, clamped to 30 (the clip has 31, a multiple of 2)" in by_id["r2"]["reason"]
    assert "clamped to 1 (the clip has 1)" in by_id["r4"]["reason"]
    assert "clamped" not in by_id["r0"]["reason"]
    assert json.loads((run / "summary.json").read_text())["num_clamped"] == 3
    assert frames(dataset.rows(file="wishes.jsonl")) == [32] * 6


def test_the_window_of_a_sample_bounds_its_frames(empty_dataset, rows):
    record, clip = rows
    windows = [{}, {"start_seconds": 1.0, "end_seconds": 2.0}, {"start_seconds": 7.5}, {"start_seconds": 8.0}]
    records = [record(n) for n in range(4)]
    for row, window in zip(records, windows, strict=True):
        row["media"][0] |= window
    empty_dataset.write(records, [clip(n) for n in range(4)])
    empty_dataset.allocate(settings={"num_frames": 64})
    assert frames(empty_dataset.rows()) == [64, 8, 4]
    (skipped,) = empty_dataset.rows(file="skipped.jsonl")
    assert (skipped["record_id"], skipped["status"]) == ("r3", "empty_window")


def test_what_gets_no_budget_is_listed_and_counted_never_replaced(dataset, rows):
    record, clip = rows
    dataset.write(
        [record(n) for n in range(4)],
        [clip(0), clip(1, status="not_decodable", reason="moov atom not found"), clip(3)],
    )
    with dataset.records.open("a") as file:
        file.write("{broken\n")
    run = dataset.allocate()
    assert [row["record_id"] for row in dataset.rows()] == ["r0", "r3"]
    skipped = dataset.rows(file="skipped.jsonl")
    assert [row["status"] for row in skipped] == ["not_decodable", "not_probed", "bad_record"]
    assert skipped[0] == {
        "record_id": "r1", "media_index": 0, "path": "1.mp4", "status": "not_decodable",
        "reason": "moov atom not found",
    }  # fmt: skip
    assert skipped[2]["path"].endswith("records.jsonl:5")
    summary = json.loads((run / "summary.json").read_text())
    assert summary["num_skipped"] == 3
    assert summary["skipped"] == {"bad_record": 1, "not_decodable": 1, "not_probed": 1}


def test_images_have_no_budget_and_every_video_has_its_own(empty_dataset, rows):
    record, clip = rows
    row = record(0)
    row["media"] = [
        {"kind": "image", "path": "i.png"},
        {"kind": "video", "path": "0.mp4"},
        {"kind": "video", "path": "1.mp4"},
    ]
    row["turns"][0]["text"] = "<image>compare<video>with<video>"
    empty_dataset.write([row], [clip(0), clip(1, 6)])
    empty_dataset.allocate()
    assert list(read_budgets(empty_dataset.folder / "run")) == [("r0", 1), ("r0", 2)]
    assert frames(empty_dataset.rows()) == [8, 6]


def test_the_order_of_the_records_changes_nothing_but_the_order(dataset, rows):
    record, clip = rows
    records = [record(n) for n in range(20)]
    clips = [clip(n, 8 + n) for n in range(20)]
    dataset.write(records, clips)
    dataset.allocate("straight", settings={"num_frames": 16})
    random.Random(0).shuffle(records)
    dataset.write(records, clips[::-1])
    dataset.allocate("mixed", settings={"num_frames": 16})
    straight, mixed = (read_budgets(dataset.folder / name) for name in ("straight", "mixed"))
    assert straight == mixed
    assert list(mixed) == [(row["id"], 0) for row in records]
    assert digest(dataset.folder / "straight" / "wishes.jsonl") == digest(
        dataset.folder / "mixed" / "wishes.jsonl"
    )


def test_an_interrupted_run_goes_on_where_it_was(dataset, monkeypatch):
    decided: list[str] = []

    def until(stop: int) -> None:
        original = Fixed.allocate

        def allocate(self: Fixed, requests: Any, *, done: Any = ()) -> Iterator[Budget]:
            for count, budget in enumerate(original(self, requests, done=done)):
                if count == stop:
                    raise KeyboardInterrupt
                decided.append(budget.record_id)
                yield budget

        monkeypatch.setattr(Fixed, "allocate", allocate)

    with monkeypatch.context():
        until(4)
        with pytest.raises(KeyboardInterrupt):
            dataset.allocate()
    monkeypatch.undo()
    run = dataset.folder / "run"
    assert read_manifest(run)["status"] == "interrupted"
    with pytest.raises(UsageError, match="not finished"):
        read_budgets(run)
    with (run / "wishes.jsonl").open("a") as file:
        file.write('{"record_id": "r4", "med')  # what SIGKILL in the middle of a write leaves

    until(99)
    dataset.allocate()
    monkeypatch.undo()
    assert sorted(decided) == [f"r{n}" for n in range(6)]
    dataset.allocate("whole")
    for name in ("wishes.jsonl", "budgets.jsonl", "skipped.jsonl", "summary.json"):
        assert (run / name).read_bytes() == (dataset.folder / "whole" / name).read_bytes()
    assert "reason" not in read_manifest(run)


def test_a_finished_run_is_reused_and_fresh_starts_over(dataset, monkeypatch):
    run = dataset.allocate()
    before = (run / "manifest.json").read_bytes()
    monkeypatch.setattr(Fixed, "allocate", None)  # whoever calls it fails
    assert dataset.allocate() == run
    assert (run / "manifest.json").read_bytes() == before
    monkeypatch.undo()
    (run / "wishes.jsonl").write_text("rubbish\n")
    dataset.allocate(fresh=True)
    assert len(dataset.rows(file="wishes.jsonl")) == 6


def test_other_settings_or_inputs_need_another_directory(dataset):
    dataset.allocate()
    with pytest.raises(
        UsageError, match=r"config.settings: \{'num_frames': 8\} before, \{'num_frames': 16\} now"
    ):
        dataset.allocate(settings={"num_frames": 16})
    with pytest.raises(UsageError, match=r"config.multiple_of: 2 before, 4 now"):
        dataset.allocate(multiple_of=4)
    dataset.clips.write_text(dataset.clips.read_text() + "\n")
    with pytest.raises(UsageError, match=r"inputs.clips"):
        dataset.allocate()


def test_the_same_files_under_other_names_are_the_same_run(dataset, monkeypatch):
    run = dataset.allocate(media_root=dataset.folder)
    places = {"records": str(dataset.records), "media_root": str(dataset.folder)}
    assert read_manifest(run)["places"] == places
    before = (run / "manifest.json").read_bytes()
    monkeypatch.chdir(dataset.folder)
    dataset.records, dataset.clips = Path(dataset.records.name), Path("..", run.parent.name, "clips.jsonl")
    assert dataset.allocate(media_root=Path("..", run.parent.name)) == run
    assert (run / "manifest.json").read_bytes() == before


def test_a_probe_counts_by_its_rows_named_as_directory_or_file(dataset):
    probe = dataset.folder / "probe"
    with RunDirectory(probe, stage="probe", config={}) as done:
        done.write_rows("clips.jsonl", read_rows(dataset.clips))
        done.complete()
    dataset.clips = probe
    run = dataset.allocate()
    assert read_manifest(run)["inputs"]["clips"]["path"] == str(probe / "clips.jsonl")
    dataset.clips = probe / "clips.jsonl"
    assert dataset.allocate() == run


def test_a_wrong_request_leaves_no_run_behind(dataset):
    for options in ({"allocator": "fixd"}, {"settings": {"num_frame": 8}}, {"settings": {"num_frames": 0}}):
        with pytest.raises(UsageError):
            dataset.allocate(**options)
    with pytest.raises(UsageError, match="not a hub name"):
        dataset.allocate(tokens=TokenCount(model="nowhere"))
    assert not (dataset.folder / "run").exists()


def test_a_dataset_without_usable_videos_is_an_error(empty_dataset, rows):
    record, clip = rows
    empty_dataset.write([record(0)], [clip(7)])
    with pytest.raises(UsageError, match=r"no video that can be used.*not_probed at 0.mp4"):
        empty_dataset.allocate()
    text_only = {**record(0), "media": [], "turns": [{"role": "user", "text": "hello"}]}
    empty_dataset.write([text_only], [clip(0)])
    with pytest.raises(UsageError, match="nothing to give a budget to"):
        empty_dataset.allocate()


def test_visual_tokens_are_counted_under_a_model(dataset, tiny_checkpoint: Path):
    from framewise.families import FamilySettings, open_family

    run = dataset.allocate(tokens=TokenCount(model=str(tiny_checkpoint), pixels_per_frame=32 * 32))
    family = open_family(tiny_checkpoint, FamilySettings(pixels_per_frame=32 * 32), with_model=False)
    expected = sum(family.num_visual_tokens("video", m, 48, 64) for m in frames(dataset.rows()))
    assert expected > 0
    assert json.loads((run / "summary.json").read_text())["visual_tokens"] == expected
    assert json.loads((dataset.allocate("plain") / "summary.json").read_text())["visual_tokens"] is None


def test_a_model_that_reads_frames_in_pairs_refuses_odd_budgets(dataset, tiny_checkpoint: Path):
    with pytest.raises(UsageError, match="reads frames 2 at a time: use --multiple-of 2"):
        dataset.allocate(multiple_of=3, tokens=TokenCount(model=str(tiny_checkpoint)))


def test_a_folder_of_records_does_not_hash_its_media(dataset):
    folder = dataset.folder / "data"
    folder.mkdir()
    dataset.records.rename(folder / "train.jsonl")
    (folder / "0.mp4").write_bytes(b"big")
    dataset.records = folder
    run = dataset.allocate()
    assert list(read_manifest(run)["inputs"]) == ["records/data/train.jsonl", "clips"]
