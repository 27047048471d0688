"""Answers of a model in this process: kept, never asked for twice, and the same however they are come by."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from framewise._errors import UsageError
from framewise.budgets import Budget, Request
from framewise.budgets._local_backend import LocalBackend, softmax
from framewise.budgets._model import resolved_commit
from framewise.budgets.allocators.instruction import Instruction, InstructionSettings

FILES = ("budgets.jsonl", "wishes.jsonl", "summary.json", "skipped.jsonl")
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def instruction(tiny_checkpoint, tmp_path) -> Callable[..., Instruction]:
    def make(**changes: Any) -> Instruction:
        settings = {"model": str(tiny_checkpoint), "batch_size": 3, "cache": str(tmp_path / "kept")}
        return Instruction(InstructionSettings(**(settings | changes)))

    return make


def budgets_of(allocator: Instruction, requests: list[Request], **options: Any) -> list[Budget]:
    return [b for b in allocator.allocate(requests, **options) if isinstance(b, Budget)]


@pytest.mark.parametrize(("paraphrases", "stop"), [(False, 0), (False, 1), (False, 6), (True, 4)])
def test_a_run_that_was_stopped_reads_no_question_twice_and_ends_the_same(
    instruction, make_requests, read, paraphrases, stop
):
    requests = make_requests(7)
    whole = budgets_of(instruction(paraphrases=paraphrases, cache="off"), requests)
    once = len(read)
    read.clear()
    running = instruction(paraphrases=paraphrases).allocate(requests)
    early = [next(running) for _ in range(stop)]
    running.close()
    done = {budget.key for budget in early[:-1]}
    late = budgets_of(instruction(paraphrases=paraphrases), requests, done=done)
    assert early[:-1] + late == whole
    assert len(read) == once


def test_runs_share_answers_bit_for_bit(dataset, tiny_checkpoint, read):
    settings = {"model": str(tiny_checkpoint), "cache": str(dataset.folder / "kept")}
    dataset.allocate("one", allocator="instruction", settings=settings)
    assert len(read) == 6
    dataset.allocate("two", allocator="instruction", settings=settings)
    assert len(read) == 6
    dataset.allocate("off", allocator="instruction", settings={**settings, "cache": "off"})
    assert len(read) == 12
    for name in FILES:
        files = {(dataset.folder / run / name).read_bytes() for run in ("one", "two", "off")}
        assert len(files) == 1


def test_a_model_is_not_opened_where_all_is_known(instruction, make_requests, monkeypatch):
    found = budgets_of(instruction(), make_requests(3))
    monkeypatch.setattr(LocalBackend, "open", lambda *_: pytest.fail("opened"))
    assert budgets_of(instruction(), make_requests(3)) == found


def test_more_questions_ask_for_themselves_alone(instruction, make_requests, read):
    few = {b.key: b for b in budgets_of(instruction(), make_requests(5))}
    read.clear()
    many = {b.key: b for b in budgets_of(instruction(), make_requests(9))}
    assert len(read) == 4
    assert {key: many[key] for key in few} == few
    apart = {b.key: b for b in budgets_of(instruction(cache="off", batch_size=1), make_requests(9))}
    for key, budget in many.items():
        assert budget.num_frames == apart[key].num_frames
        assert list(budget.probabilities.values()) == pytest.approx(
            list(apart[key].probabilities.values()), abs=2e-6
        )


def test_the_order_of_requests_does_not_count(instruction, make_requests):
    requests = make_requests(7)
    one = budgets_of(instruction(cache="off"), requests)
    assert budgets_of(instruction(cache="off"), requests[::-1]) == one
    assert budgets_of(instruction(), requests[::-1]) == one


def test_another_model_has_other_answers(instruction, make_requests, tiny_checkpoint, tmp_path, read):
    budgets_of(instruction(), make_requests(2))
    moved = tmp_path / "moved"
    shutil.copytree(tiny_checkpoint, moved)
    read.clear()
    budgets_of(instruction(model=str(moved)), make_requests(2))
    assert read == [], "a model is what it holds and not where it lies"
    config = json.loads((moved / "generation_config.json").read_text())
    (moved / "generation_config.json").write_text(json.dumps({**config, "note": 1}))
    budgets_of(instruction(model=str(moved)), make_requests(2))
    assert len(read) == 2
    budgets_of(instruction(options=(8, 16)), make_requests(2))
    budgets_of(instruction(dtype="bfloat16"), make_requests(2))
    budgets_of(instruction(with_answer=True), make_requests(2))
    budgets_of(instruction(prompt="rating"), make_requests(2))
    assert len(read) == 10


@pytest.mark.parametrize("num_shares", [1, 2, 5])
def test_shares_keep_batches_and_equal_questions_together(instruction, make_requests, num_shares):
    requests = make_requests(7)
    twice = [*requests, *[Request(**{**vars(r), "media_index": 1}) for r in requests]]
    shares = list(instruction().shares(twice, num_shares))
    assert len(shares) == len(twice)
    assert set(shares) <= set(range(num_shares))
    assert shares[:7] == shares[7:]
    whole = {b.key: b for b in budgets_of(instruction(cache="off"), twice)}
    for share in range(num_shares):
        others = {r.key for r, own in zip(twice, shares, strict=True) if own != share}
        part = budgets_of(instruction(), twice, done=others)
        assert {b.key: b for b in part} == {key: b for key, b in whole.items() if key not in others}


def test_a_server_is_not_spread_and_a_model_here_is(tiny_checkpoint):
    assert Instruction.spreads(InstructionSettings(model=str(tiny_checkpoint)))
    assert not Instruction.spreads(InstructionSettings(model="a", server="http://host/v1"))


@pytest.mark.slow
def test_a_hub_name_is_kept_under_its_commit(tmp_path, tiny_checkpoint):
    """As in the hub's own cache, from which a model is opened without the hub; the hub's library reads it at import."""
    repository = tmp_path / "models--owner--name"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(COMMIT)
    shutil.copytree(tiny_checkpoint, repository / "snapshots" / COMMIT)
    script = (
        "from framewise.budgets._local_backend import LocalBackend\n"
        "backend = LocalBackend('owner/name', (8, 16), batch_size=2, device='cpu', dtype='float32')\n"
        "print(backend.identity()['model'])"
    )
    environment = {**os.environ, "HF_HUB_CACHE": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment)
    assert done.stdout == f"owner/name@{COMMIT}\n", done.stderr


def test_a_hub_name_of_nothing_is_an_error(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(UsageError, match="model 'owner/nothing' cannot be opened"):
        resolved_commit("owner/nothing")


def test_a_cache_that_cannot_be_is_an_error(instruction, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be used as a cache"):
        instruction(cache=str(tmp_path / "file"))


def test_probabilities_of_large_and_small_numbers():
    assert softmax([-1000.0, -1000.0 - 1e9]) == [1.0, 0.0]
    assert sum(softmax([1e300, 1e300, -5.0])) == 1.0
