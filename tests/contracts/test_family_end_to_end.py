"""Every family is trained and evaluated through the package's own stages, on its tiny checkpoint."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from framewise._errors import FramewiseError
from framewise._jsonl import read_json, read_rows, write_rows
from framewise._plugins import plugin_names
from framewise.evaluation import evaluate
from framewise.families import FamilySettings, open_family
from framewise.training import LoraSettings, Recipe, train

PIXELS = 32 * 32


@pytest.fixture(params=plugin_names("families"))
def folder(request: pytest.FixtureRequest, family_checkpoint: Callable[[str], Path]) -> Path:
    return family_checkpoint(request.param)


@pytest.fixture(scope="module")
def data(
    tmp_path_factory: pytest.TempPathFactory,
    write_clip: Callable[..., Path],
    write_image: Callable[..., Path],
) -> Path:
    """Six records of images, videos, both and text, with budgets of 4, 8 and 16 frames, and one sliver."""
    root = tmp_path_factory.mktemp("end-to-end")
    for number, count in enumerate((16, 16, 20)):
        write_clip(root / f"{number}.mp4", num_frames=count, fps=8.0, height=48, width=64)
    write_image(root / "0.png", height=48, width=64)
    write_image(root / "sliver.png", np.zeros((1, 900, 3), np.uint8))
    video = [{"kind": "video", "path": f"{n}.mp4"} for n in range(3)]
    still = {"kind": "image", "path": "0.png"}
    media = [
        [video[0]],
        [video[1]],
        [still],
        [still, video[2]],
        [],
        [{"kind": "image", "path": "sliver.png"}],
    ]
    rows = []
    for number, listed in enumerate(media):
        question = "".join(f"<{m['kind']}>" for m in listed) + "what moves?"
        turns = [{"role": "user", "text": question}, {"role": "assistant", "text": "a red square"}]
        rows.append({"id": str(number), "source": "s", "task": "open_ended", "media": listed, "turns": turns})
    write_rows(root / "records.jsonl", rows)
    budgets = [("0", 0, 4), ("1", 0, 8), ("3", 1, 16)]
    keys = ("record_id", "media_index", "num_frames")
    write_rows(root / "budgets.jsonl", [dict(zip(keys, b, strict=True), allocator="fixed") for b in budgets])
    (root / "benchmarks").mkdir()
    items = [
        {"item_id": f"{n}", "subtask": "motion", "cluster": m["path"], "media": [m], "answer": "left",
         "prompt": f"<{m['kind']}>Where does it go? Choose: left, right.", "choices": ["left", "right"],
         "min_frames": 2}
        for n, m in enumerate(video)
    ]  # fmt: skip
    write_rows(root / "benchmarks/lab_video.jsonl", items)
    return root


def run(folder: Path, data: Path, output: Path, **changes: Any) -> Path:
    values: dict[str, Any] = {
        "model": str(folder), "records": data / "records.jsonl", "budgets": data / "budgets.jsonl",
        "learning_rate": 1e-3, "max_steps": 3, "batch_size": 4, "logging_steps": 1, "pixels_per_frame": PIXELS,
    }  # fmt: skip
    return train(Recipe(**values | changes), output=output)


def losses(run: Path) -> list[float]:
    return [row["loss"] for row in read_rows(run / "log.jsonl")]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return {name: p.detach() for name, p in open_family(folder).model.named_parameters()}


def moved(before: Path, after: Path) -> set[str]:
    old, new = weights(before), weights(after)
    return {name for name, tensor in old.items() if not torch.equal(tensor, new[name])}


def test_every_part_learns_from_mixed_budgets_and_the_result_is_evaluated(
    folder: Path, data: Path, tmp_path: Path
) -> None:
    trained = run(
        folder, data, tmp_path / "trained", trainable=("vision", "projector", "language"), max_steps=4
    )
    assert all(map(math.isfinite, losses(trained)))
    card = read_json(trained / "model/run_card.json")
    assert set(card["budgets_histogram"]) == {"4", "8", "16"}
    changed = moved(folder, trained / "model")
    parts = open_family(folder).parts()
    assert all(changed & set(names) for names in parts.values())

    result = evaluate(
        trained, benchmarks=["lab_video"], data_root=data, frames=8, output=tmp_path / "scores",
        pixels_per_frame=PIXELS, max_new_tokens=4,
    )  # fmt: skip
    predictions = list(read_rows(result / "predictions.jsonl"))
    assert [p["frames"] for p in predictions] == [8, 8, 8]
    reader = open_family(folder, FamilySettings(pixels_per_frame=PIXELS), with_model=False)
    assert {p["visual_tokens"] for p in predictions} == {reader.num_visual_tokens("video", 8, 48, 64)}
    assert card["reading"] == read_json(result / "results.json")["reading"] == reader.reading()


def test_what_a_family_cannot_read_is_counted_and_the_run_goes_on(
    folder: Path, data: Path, tmp_path: Path
) -> None:
    reader = open_family(folder, with_model=False)
    try:
        reader.frame_size("image", 1, 900)
        expected = []
    except FramewiseError as error:
        expected = [("5", "unreadable", str(error))]
    trained = run(folder, data, tmp_path / "trained", epochs=1, max_steps=None)
    rows = [(r["record_id"], r["status"], r["reason"]) for r in read_rows(trained / "skipped.jsonl")]
    assert rows == expected
    assert read_json(trained / "model/run_card.json")["num_samples"] == 6 - len(expected)


def test_gradient_checkpointing_changes_nothing(folder: Path, data: Path, tmp_path: Path) -> None:
    settings = {"trainable": ("vision", "projector", "language"), "max_steps": 2}
    plain = run(folder, data, tmp_path / "plain", **settings)
    saving = run(folder, data, tmp_path / "saving", gradient_checkpointing=True, **settings)
    np.testing.assert_allclose(losses(saving), losses(plain), rtol=1e-5)


def test_adapters_move_the_layers_of_their_parts_alone(folder: Path, data: Path, tmp_path: Path) -> None:
    lora = LoraSettings(r=2, alpha=4, parts=("vision", "language"))
    trained = run(folder, data, tmp_path / "trained", trainable=("vision", "language"), lora=lora)
    assert (trained / "adapter/adapter_model.safetensors").is_file()
    changed, parts = moved(folder, trained / "model"), open_family(folder).parts()
    assert changed & set(parts["vision"])
    assert changed & set(parts["language"])
    assert not changed & set(parts["projector"])
