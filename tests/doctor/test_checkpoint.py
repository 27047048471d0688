"""Checks of a model's folder, each with its fault simulated."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from framewise._plugins import plugin_names
from framewise.doctor._checkpoint import checkpoint, context, frame_times, pixels, weights
from framewise.families import Family, open_family


@pytest.fixture
def folder(tiny_checkpoint: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_checkpoint, tmp_path / "model"))


def faults(model: Path) -> list[str]:
    return [finding.name for finding in checkpoint(str(model)) if finding.status == "fault"]


@pytest.mark.parametrize("name", plugin_names("families"))
def test_good_checkpoints_have_no_faults(name: str, family_checkpoint: Callable[[str], Path]) -> None:
    assert faults(family_checkpoint(name)) == []


def test_pickled_weights(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    finding = weights(folder)
    assert finding.status == "fault"
    assert "pytorch_model.bin" in finding.found
    (folder / "pytorch_model.bin").unlink()
    assert weights(folder).found == "there are none"


def test_a_file_that_was_cut(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    assert faults(folder) == ["weights"]


@pytest.mark.parametrize(
    "index", ['{"weight_map": {"a": "model-00001-of-00002.safetensors"}}', "{broken", "[]"]
)
def test_an_index_that_leads_nowhere(folder: Path, index: str) -> None:
    (folder / "model.safetensors.index.json").write_text(index)
    assert weights(folder).status == "fault"


def test_no_chat_template(folder: Path) -> None:
    (folder / "chat_template.jinja").unlink()
    assert faults(folder) == ["chat template"]


def test_a_folder_that_is_no_model(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert faults(tmp_path / "empty") == ["weights", "model"]
    assert faults(tmp_path / "nowhere") == ["model"]
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "other"}))
    assert faults(folder) == ["model"]


@pytest.fixture
def family(folder: Path) -> Family:
    return open_family(folder, device="cpu", with_model=False)


def test_frames_that_shrink_with_their_number(family: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(family, "num_visual_tokens", lambda *_: 64)
    assert pixels(family).status == "fault"


def test_frames_that_share_a_time(family: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    assert frame_times(family).status == "ok"
    original = family.lay_out

    def frozen(*arguments: object) -> object:
        encoded = original(*arguments)  # type: ignore[arg-type]
        encoded.positions[0] = 0
        return encoded

    monkeypatch.setattr(family, "lay_out", frozen)
    assert frame_times(family).status == "fault"


def test_budgets_that_do_not_fit_the_context(
    family: Family, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(family, "num_visual_tokens", lambda _k, frames, *_s: 100_000 * frames)
    finding = context(family, str(folder))
    assert finding.status == "warning"
    assert finding.advice == "8 frames do not fit: fewer frames, or lower pixels_per_frame"
    monkeypatch.setattr(family, "pools_frames", True)
    assert "rope_scaling" in context(family, str(folder)).advice
