"""The stage: from records and budgets to a plan, against a real training run."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from framewise._errors import UsageError
from framewise.budgets import allocate
from framewise.cli._app import build_app
from framewise.clips import probe
from framewise.lab import LabConfig, write_lab
from framewise.planning import Machine, plan
from framewise.records import Media, Record, Turn
from framewise.training import Recipe, train

TINY = LabConfig(seed=0, clips_per_skill=1, still_clips=2, image_items_per_skill=1, video_items_per_skill=1)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("plan")
    write_lab(TINY, output=root / "lab")
    picture = next((root / "lab" / "media" / "image").iterdir()).relative_to(root / "lab").as_posix()
    turns = (Turn(role="user", text="<image>what is it?"), Turn(role="assistant", text="a red square"))
    media = (Media(kind="image", path=picture),)
    record = Record(id="picture", source="lab", task="open_ended", media=media, turns=turns)
    with (root / "lab" / "records.jsonl").open("a") as file:
        file.write(json.dumps(record.to_json()) + "\n")
    records = root / "lab" / "records.jsonl"
    probe(records, output=root / "clips")
    allocate(
        records, allocator="fixed", settings={"num_frames": 8}, clips=root / "clips", output=root / "budgets"
    )
    budgets = [json.loads(line) for line in (root / "budgets" / "budgets.jsonl").read_text().splitlines()]
    mixed = [{**row, "num_frames": (2, 4, 8, 16)[i % 4]} for i, row in enumerate(budgets)]
    (root / "hybrid.jsonl").write_text("".join(json.dumps(row) + "\n" for row in mixed))
    return root


@pytest.fixture
def recipe(data: Path, tiny_checkpoint: Path) -> Callable[..., Recipe]:
    def make(**changes: Any) -> Recipe:
        values = {
            "model": str(tiny_checkpoint),
            "records": data / "lab" / "records.jsonl",
            "budgets": data / "hybrid.jsonl",
            "clips": data / "clips",
            "batch_size": 3,
        }
        return Recipe(**{**values, **changes})

    return make


def test_a_plan_is_what_a_training_run_takes(recipe: Callable[..., Recipe], tmp_path: Path) -> None:
    chosen = recipe(gradient_accumulation=2, epochs=1.5)
    found = plan(chosen, output=tmp_path / "plan")
    card = json.loads((train(chosen, output=tmp_path / "run") / "model" / "run_card.json").read_text())
    assert found["run"]["visual_tokens"] == card["visual_tokens"] > 0
    assert found["run"]["num_draws"] == card["num_samples"]
    assert found["run"]["optimizer_steps"] == card["optimizer_steps"]
    rows = [json.loads(line) for line in (tmp_path / "plan" / "samples.jsonl").read_text().splitlines()]
    assert len(rows) == found["num_samples"]
    assert json.loads((tmp_path / "plan" / "plan.json").read_text()) == found
    assert plan(chosen, output=tmp_path / "plan") == found
    groups = [row["budget"] for row in found["budgets"]]
    assert groups == ["2", "4", "8", "16", "image", "all"]
    assert sum(row["visual_tokens"] for row in found["budgets"][:-1]) == found["budgets"][-1]["visual_tokens"]


def test_media_that_were_not_probed_are_counted_skips(
    recipe: Callable[..., Recipe], data: Path, tmp_path: Path
) -> None:
    rows = (data / "clips" / "clips.jsonl").read_text().splitlines()
    (tmp_path / "clips.jsonl").write_text("\n".join(rows[:-1]) + "\n")
    missing = json.loads(rows[-1])["path"]
    found = plan(recipe(clips=tmp_path / "clips.jsonl"), output=tmp_path / "plan")
    assert set(found["skipped"]) == {"not_probed"}
    skipped = [json.loads(line) for line in (tmp_path / "plan" / "skipped.jsonl").read_text().splitlines()]
    assert {row["path"] for row in skipped} == {missing}
    assert len(skipped) == found["num_skipped"]


def test_clips_are_found_through_the_budgets(recipe: Callable[..., Recipe], data: Path) -> None:
    found = plan(recipe(clips=None, budgets=data / "budgets"))
    assert found["num_skipped"] == 0
    with pytest.raises(UsageError, match="names no clips: give what `framewise probe` left"):
        plan(recipe(clips=None))


def test_what_fits_depends_on_the_memory(recipe: Callable[..., Recipe]) -> None:
    def verdict(gib: float | None) -> Any:
        return plan(recipe(), machine=Machine(gpu_memory_gib=gib))["memory"]["kept"]["fits"]

    assert [verdict(gib) for gib in (None, 1e-4, 1.0, 80.0)] == [None, "no", "tight", "yes"]


def test_a_measured_rate_takes_the_place_of_a_peak(recipe: Callable[..., Recipe]) -> None:
    found = plan(recipe(), machine=Machine(tokens_per_second=100))["time"]
    assert found["hours"][0] == found["hours"][1] == found["tokens"] / 100 / 3600
    assumed = plan(recipe(), machine=Machine(tflops=100))["time"]
    assert assumed["hours"][1] == pytest.approx(assumed["operations"] / (0.2 * 100e12) / 3600)


def test_the_verb(data: Path, tiny_checkpoint: Path, tmp_path: Path) -> None:
    arguments = ["plan", str(data / "lab" / "records.jsonl"), "--budgets", str(data / "budgets")]
    shown = CliRunner().invoke(
        build_app(), [*arguments, "--model", str(tiny_checkpoint), "--gpu-memory-gib", "80"]
    )
    assert shown.exit_code == 0, shown.output
    for words in ("visual tokens", "fits in 80 GiB", "with gradient checkpointing", "assumed", "padding"):
        assert words in " ".join(shown.output.split())
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(
        f"model: {tiny_checkpoint}\nrecords: {data}/lab/records.jsonl\nbudgets: {data}/budgets\nbatch_size: 2\n"
    )
    shown = CliRunner().invoke(build_app(), ["plan", "--recipe", str(recipe), "--batch-size", "5"])
    assert "batches of 5" in shown.output
    help_text = CliRunner().invoke(build_app(), ["plan", "--help"]).output
    assert "framewise plan records.jsonl" in help_text
