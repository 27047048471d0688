"""The stage and its two verbs: clips, settings of the model, resuming, and what the terminal says."""

import os
import sys
from pathlib import Path

import pytest
from export_dataset import Dataset, change_rows, hybrid, with_originals

from framewise._errors import FramewiseError, UsageError
from framewise._jsonl import read_json, read_rows
from framewise.cli import main
from framewise.exports import SIDECAR, verify
from framewise.exports import _export as stage


def test_clips_are_links_where_they_can_be_and_copies_where_not(tmp_path: Path, monkeypatch) -> None:
    dataset = hybrid(tmp_path)
    clip = dataset.materialised / dataset.clips[0]["path"]
    linked = dataset.export("trl") / next(iter(read_rows(dataset.root / "out" / "trl" / SIDECAR)))["path"]
    assert linked.samefile(clip)

    def refuse(*_: object) -> None:
        raise OSError("another file system")

    monkeypatch.setattr(os, "link", refuse)
    copy = dataset.export("axolotl") / "clips" / linked.relative_to(tmp_path / "out" / "trl" / "clips")
    assert not copy.samefile(clip)
    assert copy.read_bytes() == clip.read_bytes()


def test_a_killed_export_goes_on(tmp_path: Path, monkeypatch) -> None:
    dataset = hybrid(tmp_path)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(stage, "verify_folder", stop)
        with pytest.raises(KeyboardInterrupt):
            dataset.export("trl")
    manifest = tmp_path / "out" / "trl" / "manifest.json"
    assert read_json(manifest)["status"] == "interrupted"
    with pytest.raises(UsageError, match="interrupted"):
        verify(manifest.parent)
    dataset.export("trl")
    assert read_json(manifest)["status"] == "complete"


def test_an_export_that_does_not_verify_does_not_finish(tmp_path: Path) -> None:
    dataset = Dataset(tmp_path)
    dataset.add("a", (8, 4.0))
    # The run says 8 frames of a file that has 6.
    other = dataset.clip("b", 0, 6, 4.0)
    (dataset.materialised / other["path"]).replace(dataset.materialised / dataset.clips[0]["path"])
    with pytest.raises(FramewiseError, match="does not verify: a: "):
        dataset.export("trl")
    assert read_json(tmp_path / "out" / "trl" / "manifest.json")["status"] != "complete"


def test_clips_keep_a_clamped_number(tmp_path: Path) -> None:
    dataset = Dataset(tmp_path)
    dataset.add("a", (6, 4.0))
    dataset.clips[0]["clamped"] = True
    dataset.budgets[0] = type(dataset.budgets[0])(
        record_id="a", media_index=0, num_frames=64, allocator="fixed"
    )
    folder = dataset.export("trl")
    assert next(iter(read_rows(folder / SIDECAR)))["num_frames"] == 6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "Qwen/Unknown-7B"}, "the type of 'Qwen/Unknown-7B' is not known"),
        ({"model": "."}, "has no config.json"),
        ({"pixels_per_frame": 4096}, "leave it out here"),
    ],
)
def test_mistakes_are_said_before_anything_is_written(tmp_path: Path, options: dict, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        hybrid(tmp_path).export("ms_swift", **options)
    assert not (tmp_path / "out").exists()


def test_an_unknown_trainer_is_answered_with_the_closest(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="ms_swift"):
        hybrid(tmp_path).export("ms-swift")


@pytest.fixture
def run(monkeypatch, capsys):
    """``run(words) -> (code, output, error)`` of ``framewise export``."""

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["framewise", "export", *map(str, words)])
        with pytest.raises(SystemExit) as caught:
            main()
        return caught.value.code, *capsys.readouterr()

    return call


def test_the_verbs_write_and_verify(tmp_path: Path, run) -> None:
    dataset = with_originals(tmp_path)
    dataset.add("gone", (8, 4.0))
    dataset.write()
    output = tmp_path / "out"
    code, said, _ = run(dataset.records, "--budgets", dataset.budget_table, "--to", "ms_swift", "-o", output)
    assert code == 0
    assert "2 records: 2 videos (frames: 1 of 8, 1 of 16), 0 images, 0 text only" in said
    assert "1 records left out (skipped.jsonl):" in said
    assert f"export: {output}" in said
    assert run("verify", output) == (0, "2 videos in 2 records: frames and times are right\n", "")
    change_rows(output, lambda rows: rows[0]["chat_template_kwargs"].update(nframes=10))
    code, said, error = run("verify", output)
    assert code == 1
    assert "10 frames instead of 8" in said
    assert f"1 differences in {output}" in error.replace("\n", "")


def test_a_mistake_is_one_line_and_exit_2(tmp_path: Path, run) -> None:
    assert run("verify", tmp_path)[0] == 2
    dataset = Dataset(tmp_path)
    dataset.add("a", (8, 4.0))
    dataset.write()
    code, said, error = run(
        dataset.records, "--budgets", dataset.budget_table, "--to", "trl", "-o", tmp_path / "out"
    )
    assert (code, said) == (2, "")
    assert "framewise materialise" in error
