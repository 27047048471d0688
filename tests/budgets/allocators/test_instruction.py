import json
import math
from itertools import combinations
from pathlib import Path

import pytest
import transformers

from framewise._artifacts import read_manifest
from framewise._errors import FramewiseError, UsageError
from framewise.budgets import Request
from framewise.budgets._model import open_text_model
from framewise.budgets._option_scorer import OptionScorer
from framewise.budgets._options import encode_prompt, option_log_probabilities
from framewise.budgets._prompt import PROMPTS, question_prompt
from framewise.budgets.allocators.instruction import Instruction, InstructionSettings
from framewise.clips import Clip
from framewise.records import Media, Record, Turn


def example_settings(folder: Path, requests: list[Request], tiny_checkpoint: Path) -> dict[str, object]:
    """Settings for the contract of all allocators."""
    return {"model": str(tiny_checkpoint), "batch_size": 3, "cache": "off"}


def requests_of(*questions: str) -> list[Request]:
    clip = Clip(path="a.mp4", status="ok", num_frames=64, fps=8.0, duration_seconds=8.0)
    media = (Media(kind="video", path="a.mp4"),)
    return [
        Request(
            record=Record(
                id=f"r{n}", source="s", task="open_ended", media=media,
                turns=(Turn(role="user", text=f"<video>{question}"), Turn(role="assistant", text="secret")),
            ),
            media_index=0,
            clip=clip,
        )
        for n, question in enumerate(questions)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def tokenizer(tiny_checkpoint: Path):
    return transformers.AutoTokenizer.from_pretrained(tiny_checkpoint)


@pytest.fixture(scope="module")
def allocator(tiny_checkpoint: Path) -> Instruction:
    return Instruction(InstructionSettings(model=str(tiny_checkpoint), batch_size=2, cache="off"))


def test_the_budget_is_the_most_probable_option(allocator, tiny_checkpoint):
    questions = ["what color?", "which came first?", "how many times does it jump?", "why?"]
    budgets = {b.record_id: b for b in allocator.allocate(requests_of(*questions))}
    options = (8, 16, 32, 64)
    prompts = [question_prompt(q, options) for q in questions]
    model, tokenizer = open_text_model(str(tiny_checkpoint), device="cpu", dtype="float32")
    rows = option_log_probabilities(model, tokenizer, prompts, options, 1)
    for n, row in enumerate(rows):
        budget = budgets[f"r{n}"]
        total = sum(math.exp(x) for x in row)
        shares = [math.exp(x) / total for x in row]
        assert list(budget.probabilities.values()) == pytest.approx(shares, abs=1e-5)
        assert list(budget.probabilities) == ["8", "16", "32", "64"]
        assert budget.num_frames == options[shares.index(max(shares))]
        assert budget.score == pytest.approx(
            sum(o * s for o, s in zip(options, shares, strict=True)), abs=1e-3
        )
        entropy = -sum(s * math.log(s) for s in shares)
        assert f"entropy {entropy:.2f} of at most 1.39 nats" in budget.reason


def test_equal_questions_are_read_once(allocator, read):
    budgets = list(allocator.allocate(requests_of("why?", "what?", "why?", "why?", "what?")))
    assert len(read) == 2
    assert len(budgets) == 5
    assert len({b.score for b in budgets}) == 2


def test_only_the_question_is_read(allocator, tokenizer, read):
    list(allocator.allocate(requests_of("what?")))
    assert read == [encode_prompt(tokenizer, question_prompt("what?", (8, 16, 32, 64)))]


def test_the_answer_is_read_where_it_is_asked_for_and_the_summary_says_so(
    dataset, tiny_checkpoint, tokenizer, read
):
    settings = {"model": str(tiny_checkpoint), "with_answer": "true"}
    run = dataset.allocate(allocator="instruction", settings=settings)
    assert "\nAnswer: yes" in tokenizer.decode(read[0])
    assert json.loads((run / "summary.json").read_text())["num_with_answer"] == 6
    assert "question and answer make" in dataset.rows()[0]["reason"]


def test_all_wordings_and_their_agreement(dataset, tiny_checkpoint):
    plain = dataset.allocate("plain", allocator="instruction", settings={"model": str(tiny_checkpoint)})
    settings = {"model": str(tiny_checkpoint), "paraphrases": "true"}
    run = dataset.allocate(allocator="instruction", settings=settings)
    assert [row["num_frames"] for row in dataset.rows()] == [
        row["num_frames"] for row in dataset.rows("plain")
    ]
    assert "agreement" not in json.loads((plain / "summary.json").read_text())
    agreement = json.loads((run / "summary.json").read_text())["agreement"]
    assert set(agreement) == {f"{a}, {b}" for a, b in combinations(sorted(PROMPTS), 2)}
    for row in dataset.rows(file="wishes.jsonl"):
        assert row["details"]["prompt:aspects"] == row["num_frames"]
    for name in ("rating", "saving", "detailed"):
        alone = {"model": str(tiny_checkpoint), "prompt": name}
        dataset.allocate(name, allocator="instruction", settings=alone)
        for both, one in zip(
            dataset.rows(file="wishes.jsonl"), dataset.rows(name, "wishes.jsonl"), strict=True
        ):
            assert both["details"][f"prompt:{name}"] == one["num_frames"]


def test_a_resumed_run_reads_only_the_batches_that_are_left(allocator, read):
    requests = requests_of("a b c d e f g?", "why?", "who did it and where is the ball?", "what is it?")
    whole = list(allocator.allocate(requests))
    read.clear()
    done = {b.key for b in whole[:3]}
    assert list(allocator.allocate(requests, done=done)) == whole[3:]
    assert len(read) < 4


def test_probabilities_that_are_not_numbers_stop_the_run(allocator, monkeypatch):
    monkeypatch.setattr(OptionScorer, "score", lambda s, prompts: [[math.nan] * 4 for _ in prompts])
    with pytest.raises(FramewiseError, match="try dtype=float32"):
        list(allocator.allocate(requests_of("what?")))


def test_the_models_files_are_inputs_of_the_run(dataset, tiny_checkpoint, monkeypatch):
    run = dataset.allocate(allocator="instruction", settings={"model": str(tiny_checkpoint)})
    assert read_manifest(run)["inputs"]["model"]["path"] == str(tiny_checkpoint)
    assert "model" not in read_manifest(run)["config"]["settings"]
    monkeypatch.chdir(tiny_checkpoint.parent)
    assert dataset.allocate(allocator="instruction", settings={"model": tiny_checkpoint.name}) == run
    assert {row["allocator"] for row in dataset.rows()} == {"instruction"}


def test_a_hub_name_is_no_input():
    assert InstructionSettings(model="Qwen/Qwen2.5-VL-7B-Instruct").inputs() == {}


def test_a_wrong_model_is_a_usage_error(dataset):
    with pytest.raises(UsageError, match="'nowhere' does not exist"):
        dataset.allocate(allocator="instruction", settings={"model": "nowhere"})
    assert not (dataset.folder / "run").exists()
