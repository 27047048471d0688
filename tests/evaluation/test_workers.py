"""Items spread over workers: the same files, and a death that costs one batch."""

import json
import sys
from pathlib import Path

import pytest

from framewise._artifacts import read_manifest
from framewise._errors import UsageError
from framewise._jsonl import read_json, read_rows
from framewise.evaluation import evaluate
from framewise.lab import checkpoint_folder


@pytest.fixture(autouse=True)
def models(monkeypatch):
    """The models, for this process and for the workers, which get its path."""
    monkeypatch.syspath_prepend(Path(__file__).parent)
    import importable_models

    yield importable_models
    sys.modules.pop("importable_models")


def files_of(directory):
    return {p.name: p.read_bytes() for p in sorted(directory.iterdir()) if p.name != "manifest.json"}


def test_workers_go_on_where_one_process_was_killed(run, models):
    whole = run("whole", models.open_gold(None, None))
    torn = run("torn", models.open_gold(None, None))
    predictions = (torn / "predictions.jsonl").read_bytes().splitlines(keepends=True)
    (torn / "predictions.jsonl").write_bytes(b"".join(predictions[8:14]) + predictions[14][:40])
    for name in ("scores.jsonl", "results.json"):
        (torn / name).unlink()
    (torn / "manifest.json").write_text(json.dumps(read_manifest(torn) | {"status": "running"}))
    again = run("torn", "", open_model=models.open_gold, engine="processes", num_workers=2)
    assert files_of(again) == files_of(whole)


def test_a_worker_that_dies_costs_its_batch(run, models):
    directory = run(
        "dead", "", open_model=models.open_deadly, engine="processes", num_workers=1, batch_size=6
    )
    failures = list(read_rows(directory / "failures.jsonl"))
    assert len(failures) == 6
    assert "video-2-1" in {row["item_id"] for row in failures}
    assert all("asked it together with 5 others" in row["reason"] for row in failures)
    assert all("signal 9 (Killed)" in row["reason"] for row in failures)
    assert {row["benchmark"] for row in failures} == {"lab_video"}
    results = read_json(directory / "results.json")
    assert not results["complete"]
    assert results["benchmarks"]["lab_image"]["score"] == 1.0
    again = run("dead", models.open_gold(None, None), batch_size=6)
    assert files_of(again) == files_of(run("whole", models.open_gold(None, None)))


def test_what_is_wrong_with_the_request_ends_the_run(run, models):
    with pytest.raises(UsageError, match="replicate=3: the model reads 2 frames"):
        run("odd", "", open_model=models.open_pairs, engine="processes", num_workers=1, replicate=3)


def test_workers_without_an_engine_are_refused(run, models):
    with pytest.raises(UsageError, match="name one, processes or ray"):
        run("none", models.open_gold(None, None), num_workers=2)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["processes", "ray"])
def test_a_real_checkpoint_says_the_same_in_workers(tmp_path, root, engine, monkeypatch):
    """Byte for byte, each process with one thread, as Ray gives its own."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    found = [
        evaluate(
            checkpoint_folder(), benchmarks=["lab_image", "lab_video"], data_root=root, frames=4,
            output=tmp_path / name, batch_size=3, max_new_tokens=8, **settings,
        )
        for name, settings in (("alone", {}), ("spread", {"engine": engine, "num_workers": 2}))
    ]  # fmt: skip
    torch.set_num_threads(threads)
    assert files_of(found[1]) == files_of(found[0])
