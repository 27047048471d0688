"""The stage from files to a model, stopped and gone on."""

import json
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner

from framewise._artifacts import read_manifest
from framewise._errors import FramewiseError, UsageError
from framewise.clips.decoders.pyav import PyAV, PyAVClip
from framewise.families import open_family
from framewise.training import Recipe, train

LORA = {"r": 2, "alpha": 4, "dropout": 0.3}


def weights(run: Path) -> dict[str, torch.Tensor]:
    return load_file(run / "model/model.safetensors")


def card(run: Path) -> dict[str, Any]:
    return json.loads((run / "model/run_card.json").read_text())


def rows(run: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / name).read_text().splitlines()]


def assert_equal_weights(first: Path, second: Path) -> None:
    a, b = weights(first), weights(second)
    assert a.keys() == b.keys()
    assert all(torch.equal(a[name], b[name]) for name in a)


def stop_after(num_batches: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Raise in the middle of training, as Ctrl-C would."""
    from framewise.training._trainer import BudgetTrainer

    original, seen = BudgetTrainer.compute_loss, []

    def step(self: Any, *arguments: Any, **named: Any) -> Any:
        seen.append(1)
        if len(seen) > num_batches:
            raise KeyboardInterrupt
        return original(self, *arguments, **named)

    monkeypatch.setattr(BudgetTrainer, "compute_loss", step)


def test_what_a_run_leaves(make_recipe: Callable[..., Recipe], tiny_checkpoint: Path, tmp_path: Path) -> None:
    run = train(make_recipe(max_steps=None, epochs=1), output=tmp_path / "run")
    assert sorted(p.name for p in run.iterdir()) == ["log.jsonl", "manifest.json", "model", "skipped.jsonl"]
    found = card(run)
    assert found["num_samples"] == 9
    assert found["optimizer_steps"] == 5
    assert found["num_skipped"] == 0
    assert found["visual_tokens"] == 3 * 16 + 3 * 8 + 3 * 4
    assert found["mean_frames"] == 6.0
    assert found["budgets_histogram"] == {"4": 3, "8": 3}
    assert list(found["loss_by_budget"]) == ["4", "8", "image"]
    assert set(found["inputs"]) == {"model", "records/records.jsonl", "budgets"}
    assert found["recipe"]["epochs"] == 1
    log = rows(run, "log.jsonl")
    assert [row["step"] for row in log] == [1, 2, 3, 4, 5]
    assert log[-1]["num_samples"] == 9
    assert read_manifest(run)["train_seconds"] == found["train_seconds"] > 0
    before, after = (json.loads((f / "config.json").read_text()) for f in (tiny_checkpoint, run / "model"))
    assert after.keys() - before.keys() <= {"dtype"}
    trained = open_family(run / "model")
    assert type(trained.model).__name__ == "Qwen2_5_VLForConditionalGeneration"


def test_frozen_parts_stay_and_others_move(
    make_recipe: Callable[..., Recipe], tiny_checkpoint: Path, tmp_path: Path
) -> None:
    run = train(make_recipe(trainable=["projector"]), output=tmp_path / "run")
    before, after = load_file(tiny_checkpoint / "model.safetensors"), weights(run)
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved
    assert all("visual.merger." in name for name in moved)


def test_training_lowers_the_loss(make_recipe: Callable[..., Recipe], tmp_path: Path) -> None:
    log = rows(train(make_recipe(max_steps=40, batch_size=4), output=tmp_path / "run"), "log.jsonl")
    assert log[-1]["loss"] < 0.5 * log[0]["loss"]


@pytest.mark.filterwarnings(
    "ignore:This DataLoader will create 2 worker processes"
)  # On one core torch warns.
@pytest.mark.parametrize(
    ("changes", "num_batches"),
    [
        ({}, 3),
        ({"gradient_accumulation": 2, "max_steps": 5, "save_steps": 2, "logging_steps": 3}, 7),
        ({"lora": LORA, "num_workers": 2}, 3),
        ({"max_steps": None, "epochs": 1.5}, 5),
        ({}, 1),
    ],
    ids=["plain", "accumulation", "adapters with dropout", "second pass", "before a checkpoint"],
)
def test_a_stopped_run_ends_like_one_that_was_not(
    make_recipe: Callable[..., Recipe],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
    num_batches: int,
) -> None:
    recipe = make_recipe(**changes)
    whole = train(recipe, output=tmp_path / "whole")
    with monkeypatch.context() as patch:
        stop_after(num_batches, patch)
        with pytest.raises(KeyboardInterrupt):
            train(recipe, output=tmp_path / "stopped")
    assert read_manifest(tmp_path / "stopped")["status"] == "interrupted"
    (tmp_path / "stopped/checkpoints/checkpoint-99").mkdir(parents=True, exist_ok=True)
    with (tmp_path / "stopped/log.jsonl").open("a") as file:
        file.write('{"step": 98}\n{"ste')
    stopped = train(recipe, output=tmp_path / "stopped")
    assert_equal_weights(whole, stopped)
    for name in ("log.jsonl", "skipped.jsonl"):
        assert rows(whole, name) == rows(stopped, name)
    differ = {"name", "train_seconds"}
    assert {k: v for k, v in card(whole).items() if k not in differ} == {
        k: v for k, v in card(stopped).items() if k not in differ
    }


def test_killed_while_the_model_is_written(
    make_recipe: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from framewise.families.qwen2_5_vl import Qwen25VL

    whole = train(make_recipe(), output=tmp_path / "whole")

    def full(self: Any, folder: Path) -> None:
        (folder / "config.json").write_text("{}")
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Qwen25VL, "save", full)
        with pytest.raises(OSError, match="No space left"):
            train(make_recipe(), output=tmp_path / "stopped")
    assert not (tmp_path / "stopped/model").exists()
    assert_equal_weights(whole, train(make_recipe(), output=tmp_path / "stopped"))
    assert not (tmp_path / "stopped/model.part").exists()


def test_accumulated_batches_weigh_tokens_not_batches(
    make_recipe: Callable[..., Recipe], tmp_path: Path
) -> None:
    """Answers have 4 to 13 tokens: a mean of means would differ."""
    together = train(make_recipe(batch_size=4, max_steps=2), output=tmp_path / "together")
    apart = train(make_recipe(batch_size=1, gradient_accumulation=4, max_steps=2), output=tmp_path / "apart")
    a, b = weights(together), weights(apart)
    for name in a:
        torch.testing.assert_close(a[name], b[name], atol=2e-5, rtol=1e-4)
    losses = [[row["loss"] for row in rows(run, "log.jsonl")] for run in (together, apart)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_gradient_checkpointing_changes_nothing(make_recipe: Callable[..., Recipe], tmp_path: Path) -> None:
    plain = train(make_recipe(max_steps=2), output=tmp_path / "plain")
    saving = train(make_recipe(max_steps=2, gradient_checkpointing=True), output=tmp_path / "saving")
    a, b = weights(plain), weights(saving)
    for name in a:
        torch.testing.assert_close(a[name], b[name], atol=1e-6, rtol=1e-5)


def test_unreadable_media_are_listed_and_not_replaced(
    make_recipe: Callable[..., Recipe], own_data: Path, tmp_path: Path
) -> None:
    (own_data / "media/4.mp4").write_bytes(b"")
    (own_data / "media/5.png").write_bytes(b"no image")
    recipe = make_recipe(own_data, max_steps=None, epochs=2, batch_size=1)
    run = train(recipe, output=tmp_path / "run")
    assert sorted(row["record_id"] for row in rows(run, "skipped.jsonl")) == ["4", "5"]
    found = card(run)
    assert found["num_samples"] == 2 * 7
    assert found["num_skipped"] == 2
    assert found["optimizer_steps"] == 18


def test_all_media_unreadable(make_recipe: Callable[..., Recipe], own_data: Path, tmp_path: Path) -> None:
    for file in (own_data / "media").iterdir():
        file.write_bytes(b"")
    with pytest.raises(FramewiseError, match=r"no sample could be decoded; the first fault is \w+ at media/"):
        train(make_recipe(own_data), output=tmp_path / "run")


def test_a_loss_that_is_no_number_stops_the_run(make_recipe: Callable[..., Recipe], tmp_path: Path) -> None:
    recipe = make_recipe(optimizer="sgd", learning_rate=1e30, max_grad_norm=0, max_steps=8)
    with pytest.raises(
        FramewiseError, match=r"the loss is no number any more at step \d: lower learning_rate"
    ):
        train(recipe, output=tmp_path / "run")


def test_adapter_is_merged_and_kept(
    make_recipe: Callable[..., Recipe], tiny_checkpoint: Path, tmp_path: Path
) -> None:
    run = train(make_recipe(lora=LORA, learning_rate=1e-2), output=tmp_path / "run")
    before, after = load_file(tiny_checkpoint / "model.safetensors"), weights(run)
    assert before.keys() == after.keys()
    adapter = load_file(run / "adapter/adapter_model.safetensors")
    name = "layers.0.self_attn.q_proj"
    a, b = (next(v for k, v in adapter.items() if f"{name}.lora_{x}" in k) for x in "AB")
    merged = before[f"model.{name}.weight"] + 2.0 * b @ a
    torch.testing.assert_close(after[f"model.{name}.weight"], merged)
    assert not torch.equal(before["visual.merger.mlp.0.weight"], after["visual.merger.mlp.0.weight"])


def test_finished_runs_are_kept_and_others_refused(
    make_recipe: Callable[..., Recipe], tmp_path: Path
) -> None:
    run = train(make_recipe(), output=tmp_path / "run")
    written = (run / "model/model.safetensors").stat().st_mtime_ns
    train(make_recipe(num_workers=1, save_steps=7), output=run)
    assert (run / "model/model.safetensors").stat().st_mtime_ns == written
    with pytest.raises(UsageError, match=r"config\.batch_size: 2 before, 3 now"):
        train(make_recipe(batch_size=3), output=run)
    train(make_recipe(batch_size=3), output=run, fresh=True)
    assert card(run)["recipe"]["batch_size"] == 3


def test_data_that_was_moved_is_the_same_data(
    make_recipe: Callable[..., Recipe], shared_data: Path, tmp_path: Path
) -> None:
    run = train(make_recipe(max_steps=1), output=tmp_path / "run")
    moved = shutil.copytree(shared_data, tmp_path / "moved")
    train(make_recipe(moved, max_steps=1), output=run)


def test_images_alone_need_no_budgets(
    make_recipe: Callable[..., Recipe], own_data: Path, tmp_path: Path
) -> None:
    images = [row for row in rows(own_data, "records.jsonl") if row["media"][0]["kind"] == "image"]
    (own_data / "records.jsonl").write_text("".join(json.dumps(row) + "\n" for row in images))
    run = train(make_recipe(own_data, budgets=None), output=tmp_path / "run")
    assert card(run)["mean_frames"] == 0.0
    assert list(card(run)["loss_by_budget"]) == ["image"]


def test_bf16_where_there_is_none(make_recipe: Callable[..., Recipe], tmp_path: Path) -> None:
    if torch.cuda.is_available() and torch.cuda.is_bf16_supported():
        pytest.skip("this machine has bfloat16")
    with pytest.raises(UsageError, match="no GPU with bfloat16"):
        train(make_recipe(bf16=True), output=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_videos_are_read_by_the_decoder_that_is_named(
    make_recipe: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="did you mean 'pyav'"):
        train(make_recipe(decoder="pyaw"), output=tmp_path / "run")
    read: list[str] = []

    class Recorder(PyAV):
        def open(self, path: Path) -> AbstractContextManager[PyAVClip]:
            read.append(path.name)
            return super().open(path)

    monkeypatch.setattr(
        "framewise.training._session.make_decoder", {"pyav": PyAV(), "torchcodec": Recorder()}.__getitem__
    )
    train(make_recipe(decoder="torchcodec", max_steps=1), output=tmp_path / "run")
    assert read
    assert all(name.endswith(".mp4") for name in read)


def test_command_line(
    tiny_checkpoint: Path, shared_data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    import typer

    from framewise.cli._train import train as command

    app = typer.Typer()
    app.command()(command)
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(
        f"model: {tiny_checkpoint}\nrecords: {shared_data}/records.jsonl\n"
        f"budgets: {shared_data}/budgets.jsonl\nmax_steps: 1\nbatch_size: 2\n"
    )
    done = CliRunner().invoke(app, [str(recipe), "-o", str(tmp_path / "run")], catch_exceptions=False)
    assert done.exit_code == 0
    assert "trained on 2 samples" in done.output
    assert "0 skipped" in done.output
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""


def test_help_shows_a_recipe() -> None:
    import typer

    from framewise.cli._train import train as command

    app = typer.Typer()
    app.command()(command)
    shown = CliRunner().invoke(app, ["--help"]).output
    assert "framewise train recipe.yaml -o runs/hybrid" in shown
    assert "budgets: runs/budgets" in shown
