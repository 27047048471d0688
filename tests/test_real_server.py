"""Both uses of servers against ``transformers serve``: budgets by text, benchmarks by text and images."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from framewise._chat_client import ChatClient
from framewise._errors import FramewiseError
from framewise._jsonl import read_json, read_rows
from framewise.budgets import Budget, Request
from framewise.budgets.allocators.instruction import Instruction, InstructionSettings
from framewise.clips import Clip
from framewise.evaluation import evaluate
from framewise.lab import LabConfig, write_lab
from framewise.records import Media, Record, Turn

pytestmark = pytest.mark.slow

QUESTIONS = [
    "In this slow clip, which moves faster, the diamond or the triangle?",
    "In this quick clip, which moves faster, the diamond or the triangle?",
    "What color is the diamond?",
    "In this very quick clip, which flashed first, the square or the star?",
    "What shape is red?",
    'With <b>markup</b>, "quotes", \\n and 为什么？',
]
SERVER: dict[str, Any] = {"timeout_seconds": 60.0}


def requests_of(questions: list[str]) -> list[Request]:
    media = (Media(kind="video", path="a.mp4"),)
    clip = Clip(path="a.mp4", status="ok", num_frames=64, fps=8.0, duration_seconds=8.0)
    records = [
        Record(
            id=str(n),
            source="s",
            task="open_ended",
            media=media,
            turns=(Turn(role="user", text=f"<video>{text}"),),
        )
        for n, text in enumerate(questions)
    ]
    return [Request(record=record, media_index=0, clip=clip) for record in records]


def budgets_of(settings: dict[str, Any]) -> list[Budget]:
    found = Instruction(InstructionSettings(**settings)).allocate(requests_of(QUESTIONS))
    return sorted((b for b in found if isinstance(b, Budget)), key=lambda budget: budget.record_id)


def test_the_allocator_chooses_as_the_same_model_in_this_process(real_server, served_checkpoint):
    model = {"model": str(served_checkpoint)}
    here = budgets_of({**model, "device": "cpu"})
    there = budgets_of({**model, "server": real_server, "concurrency": 3, **SERVER})
    assert [b.num_frames for b in there] == [b.num_frames for b in here]
    assert len({b.num_frames for b in there}) > 1
    for budget in there:
        assert budget.probabilities is None, "this server lists none"
        assert budget.details == {"no_probabilities": 1.0}


def test_another_model_than_the_one_that_is_served_is_refused(real_server):
    with pytest.raises(FramewiseError, match=r"cannot be asked as model 'nobody'.*status 400.*pinned"):
        budgets_of({"model": "nobody", "server": real_server, **SERVER})


def test_images_are_answered_as_by_the_same_model_in_this_process(real_server, served_checkpoint, tmp_path):
    """Pictures as they are, so that the server's own processor changes nothing; frames of videos are images there."""
    config = LabConfig(clips_per_skill=1, still_clips=0, image_items_per_skill=4, video_items_per_skill=1)
    root = write_lab(config, output=tmp_path / "lab")
    runs = {}
    for name, server in (("here", None), ("there", ChatClient(url=real_server, **SERVER))):
        runs[name] = evaluate(
            served_checkpoint, benchmarks=["lab_image", "lab_video"], data_root=root, frames=2, limit=28,
            max_new_tokens=12, output=tmp_path / name, server=server,
        )  # fmt: skip
    said = {name: _replies(run, "lab_image") for name, run in runs.items()}
    assert len(said["here"]) == 28
    same = Counter(said["here"][item] == said["there"][item] for item in said["here"])
    assert same[True] == 28, (said, same)
    results = read_json(runs["there"] / "results.json")
    assert results["complete"]
    assert results["benchmarks"]["lab_video"]["num_failed"] == 0
    assert len(_replies(runs["there"], "lab_video")) == 5


def _replies(run: Path, benchmark: str) -> dict[str, str]:
    rows = read_rows(run / "predictions.jsonl")
    return {row["item_id"]: row["prediction"] for row in rows if row["benchmark"] == benchmark}
