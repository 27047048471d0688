"""What is trained on, and what is skipped before training."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from framewise._errors import UsageError
from framewise.planning import Example
from framewise.training import Recipe
from framewise.training._plan import plan_examples


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def write(path: Path, content: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in content))


def test_budgets_are_those_of_the_file(make_recipe: Callable[..., Recipe]) -> None:
    plan = plan_examples(make_recipe())
    assert [e.record.id for e in plan.examples] == [str(i) for i in range(9)]
    assert [e.group for e in plan.examples] == ["8", "4", "image", "4", "8", "image", "8", "4", "image"]
    assert plan.skipped == []


def test_what_cannot_be_used_is_listed_with_its_reason(
    make_recipe: Callable[..., Recipe], own_data: Path
) -> None:
    budgets = rows(own_data / "budgets.jsonl")
    write(own_data / "budgets.jsonl", [b for b in budgets if b["record_id"] not in ("0", "1")])
    known = {"record_id": "1", "media_index": 0, "path": "media/1.mp4", "status": "empty_window"}
    write(own_data / "skipped.jsonl", [{**known, "reason": "no frame from 3 s to 4 s"}])
    bad = {"path": "media/3.mp4", "status": "truncated", "reason": "decodes 4 of 16 frames"}
    write(own_data / "clips.jsonl", [bad, {"path": "media/4.mp4", "status": "ok"}])
    records = rows(own_data / "records.jsonl")
    records[8]["turns"] = records[8]["turns"][:1]
    write(own_data / "records.jsonl", records)
    with (own_data / "records.jsonl").open("a") as file:
        file.write("{broken\n")
    plan = plan_examples(make_recipe(own_data, clips=own_data / "clips.jsonl"))
    assert [e.record.id for e in plan.examples] == ["2", "4", "5", "6", "7"]
    assert [(row["record_id"], row["status"]) for row in plan.skipped] == [
        ("0", "no_budget"),
        ("1", "empty_window"),
        ("3", "truncated"),
        ("8", "no_answer"),
        (None, "bad_record"),
    ]
    assert plan.skipped[4]["path"] == "records.jsonl:10"
    assert plan.skipped[2]["reason"] == "decodes 4 of 16 frames"


def test_nothing_to_train_on(make_recipe: Callable[..., Recipe], own_data: Path) -> None:
    records = [r for r in rows(own_data / "records.jsonl") if r["media"][0]["kind"] == "video"]
    write(own_data / "records.jsonl", records)
    with pytest.raises(UsageError, match=r"no record of .* can be trained on; the first of 6 faults is no_b"):
        plan_examples(make_recipe(own_data, budgets=None))


def test_groups_of_several_media_and_of_none(make_recipe: Callable[..., Recipe]) -> None:
    video, image = (plan_examples(make_recipe()).examples[i].record for i in (0, 2))
    both = {"media": (*image.media, *video.media, *video.media)}
    joined = type(video)(**{**vars(video), **both, "turns": _turns("<image><video><video>")})
    assert Example(joined, (1, 16, 8)).group == "16"
    text = type(video)(**{**vars(video), "media": (), "turns": _turns("hello")})
    assert Example(text, ()).group == "text"


def _turns(text: str) -> tuple[Any, ...]:
    from framewise.records import Turn

    return (Turn(role="user", text=text), Turn(role="assistant", text="yes"))
