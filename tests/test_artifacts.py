import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from framewise import _artifacts
from framewise._artifacts import RunDirectory, digest, package_versions, read_manifest, require_finished
from framewise._errors import FramewiseError, UsageError
from framewise._jsonl import write_json


def open_run(path: Path, **changes: Any) -> RunDirectory:
    return RunDirectory(path, **{"stage": "probe", "config": {"a": 1}, **changes})


def finish(path: Path, **changes: Any) -> RunDirectory:
    with open_run(path, **changes) as run:
        run.append("rows.jsonl", {"n": 1})
        run.complete(seconds=1.5)
    return run


def fail(path: Path, error: type[BaseException], rows: int = 0) -> None:
    """A run that ends in an error after some rows."""
    with open_run(path) as run:
        run.open_rows("rows.jsonl")
        for n in range(1, rows + 1):
            run.append("rows.jsonl", {"n": n})
        raise error


def test_a_finished_run_tells_how_it_was_made(tmp_path):
    source = tmp_path / "in.jsonl"
    source.write_text("{}\n")
    finish(tmp_path / "run", inputs={"records": source}, seed=3)
    manifest = require_finished(tmp_path / "run", "probe")
    assert manifest["config"] == {"a": 1}
    assert manifest["inputs"] == {"records": {"path": str(source), "sha256": digest(source)}}
    assert manifest["seed"] == 3
    assert manifest["seconds"] == 1.5
    assert manifest["status"] == "complete"
    assert manifest["start"] <= manifest["end"]
    assert manifest["versions"] == package_versions()
    assert manifest["versions"]["framewise"] != "absent"


def test_what_is_not_finished_is_no_result(tmp_path):
    with pytest.raises(UsageError, match=r"is not a run directory: it has no manifest.json"):
        require_finished(tmp_path)
    with open_run(tmp_path / "run"), pytest.raises(UsageError, match="status 'running'"):
        require_finished(tmp_path / "run")
    finish(tmp_path / "run")
    with pytest.raises(UsageError, match="stage 'probe'; this needs one of 'train'"):
        require_finished(tmp_path / "run", "train")


def test_an_interrupted_run_keeps_its_rows_and_goes_on(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        fail(tmp_path / "run", KeyboardInterrupt, rows=1)
    manifest = read_manifest(tmp_path / "run")
    assert manifest["status"] == "interrupted"
    assert manifest["reason"].startswith("KeyboardInterrupt")
    with (tmp_path / "run" / "rows.jsonl").open("a") as file:
        file.write('{"n": 2')
    with open_run(tmp_path / "run") as run:
        assert not run.finished
        assert read_manifest(tmp_path / "run")["status"] == "running"
        assert run.open_rows("rows.jsonl") == [{"n": 1}]
        run.append("rows.jsonl", {"n": 2})
        run.complete()
    assert run.rows("rows.jsonl") == [{"n": 1}, {"n": 2}]
    assert "reason" not in require_finished(tmp_path / "run")


def test_a_finished_run_is_not_touched_again(tmp_path):
    finish(tmp_path / "run")
    before = (tmp_path / "run" / "manifest.json").read_bytes()
    with open_run(tmp_path / "run") as run:
        assert run.finished
    with pytest.raises(FramewiseError):
        fail(tmp_path / "run", FramewiseError)
    assert (tmp_path / "run" / "manifest.json").read_bytes() == before


def test_other_settings_are_named(tmp_path):
    source = tmp_path / "in"
    source.write_text("1")
    finish(tmp_path / "run", inputs={"records": source}, seed=1)
    finish(tmp_path / "run", inputs={"records": source}, seed=1)
    source.write_text("2")
    with pytest.raises(UsageError) as caught:
        open_run(tmp_path / "run", config={"b": 2}, inputs={"records": source}, seed=2)
    for part in (
        "config.a: 1 before, None now",
        "config.b: None before, 2 now",
        "inputs.records",
        "seed: 1 before",
    ):
        assert part in str(caught.value)
    with pytest.raises(UsageError, match="stage 'probe'"):
        open_run(tmp_path / "run", stage="train")


def test_the_same_input_elsewhere_is_the_same_input(tmp_path, monkeypatch):
    (tmp_path / "in").write_text("1")
    finish(tmp_path / "run", inputs={"records": tmp_path / "in"})
    monkeypatch.chdir(tmp_path)
    assert open_run(Path("run"), inputs={"records": Path("in")}).finished


def test_settings_that_json_writes_in_another_way_are_the_same(tmp_path):
    finish(tmp_path / "run", config={"options": (8, 16), "names": {1: "one"}})
    assert open_run(tmp_path / "run", config={"options": (8, 16), "names": {1: "one"}}).finished


def test_a_wrong_request_leaves_no_trace_but_work_stays(tmp_path):
    with pytest.raises(UsageError):
        fail(tmp_path / "run", UsageError)
    assert not (tmp_path / "run").exists()
    with pytest.raises(UsageError):
        fail(tmp_path / "run", UsageError, rows=1)
    assert read_manifest(tmp_path / "run")["status"] == "interrupted"
    with pytest.raises(FramewiseError):
        fail(tmp_path / "other", FramewiseError)
    assert read_manifest(tmp_path / "other")["status"] == "interrupted"


def test_fresh_starts_over(tmp_path):
    run = finish(tmp_path / "run")
    (run.path / "model").mkdir()
    (run.path / "model" / "weights").write_text("w")
    with open_run(tmp_path / "run", config={"a": 2}, fresh=True) as run:
        assert not run.finished
        assert [p.name for p in run.path.iterdir()] == ["manifest.json"]


def test_fresh_deletes_no_run_of_another_stage_and_no_other_files(tmp_path):
    finish(tmp_path / "run")
    with pytest.raises(UsageError, match="holds a run of stage 'probe'"):
        open_run(tmp_path / "run", stage="train", fresh=True)
    (tmp_path / "thesis.tex").write_text("years of work")
    for fresh in (False, True):
        with pytest.raises(UsageError, match="files that are no run"):
            open_run(tmp_path, fresh=fresh)
        with pytest.raises(UsageError, match="is a file"):
            open_run(tmp_path / "thesis.tex", fresh=fresh)
    assert (tmp_path / "run" / "rows.jsonl").exists()


def test_fresh_follows_no_link_out_of_the_run(tmp_path):
    run = finish(tmp_path / "run")
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("1")
    (run.path / "link").symlink_to(precious)
    open_run(run.path, fresh=True)
    assert (precious / "file").exists()
    assert not (run.path / "link").exists()


@pytest.mark.parametrize("kept", range(3))
def test_a_kill_while_starting_over_never_leaves_a_finished_run(tmp_path, monkeypatch, kept):
    run = finish(tmp_path / "run")
    (run.path / "model").mkdir()
    deleted = []

    def killed_after(do: Any) -> Any:
        def step(path: Path, *args: Any, **kwargs: Any) -> None:
            if len(deleted) == kept:
                raise SystemExit
            deleted.append(path)
            do(path, *args, **kwargs)

        return step

    monkeypatch.setattr(Path, "unlink", killed_after(Path.unlink))
    monkeypatch.setattr(shutil, "rmtree", killed_after(shutil.rmtree))
    with pytest.raises(SystemExit):
        open_run(run.path, fresh=True)
    monkeypatch.undo()
    with pytest.raises(UsageError, match="not finished"):
        require_finished(run.path)
    with open_run(run.path) as again:
        assert not again.finished
        assert again.open_rows("rows.jsonl") == []


def test_a_run_that_was_killed_before_its_manifest_can_begin(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "manifest.json.part").write_text("{")
    finish(tmp_path / "run")
    assert not (tmp_path / "run" / "manifest.json.part").exists()


def test_a_manifest_that_is_not_json_is_named(tmp_path):
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(UsageError, match=r"manifest\.json: not JSON"):
        open_run(tmp_path)


def test_digest_sees_names_and_bytes_but_not_the_manifest(tmp_path):
    folder = tmp_path / "f"
    (folder / "sub").mkdir(parents=True)
    (folder / "a").write_text("1")
    (folder / "sub" / "b").write_text("2")
    seen = {digest(folder)}
    write_json(folder / "manifest.json", {"start": 1})
    assert digest(folder) in seen
    (folder / "a").write_text("3")
    seen.add(digest(folder))
    (folder / "a").rename(folder / "c")
    seen.add(digest(folder))
    shutil.move(folder / "sub" / "b", folder / "b")
    seen.add(digest(folder))
    assert len(seen) == 4
    with pytest.raises(UsageError, match="does not exist"):
        digest(tmp_path / "none")


def test_digest_of_a_file_is_its_sha256(tmp_path):
    (tmp_path / "empty").write_bytes(b"")
    assert digest(tmp_path / "empty") == hashlib.sha256().hexdigest()


def test_whole_files_replace_what_was_there(tmp_path):
    with open_run(tmp_path / "run") as run:
        run.write_rows("a.jsonl", [{"n": 1}, {"n": 2}])
        run.write_rows("a.jsonl", [{"n": 3}])
    assert run.rows("a.jsonl") == [{"n": 3}]
    assert sorted(os.listdir(run.path)) == ["a.jsonl", "manifest.json"]


def test_a_missing_package_is_recorded_as_absent(monkeypatch):
    monkeypatch.setattr(_artifacts, "_PACKAGES", ("no-such-package",))
    assert package_versions() == {"no-such-package": "absent"}
