"""Opening a checkpoint: which family, which device, and what is said when it cannot be opened."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from framewise._errors import UsageError
from framewise.families import open_family


def test_defaults_on_this_machine(tiny_checkpoint: Path) -> None:
    family = open_family(str(tiny_checkpoint))
    gpu = torch.cuda.is_available()
    assert family.model.device.type == ("cuda" if gpu else "cpu")
    assert family.model.dtype == (torch.bfloat16 if gpu and torch.cuda.is_bf16_supported() else torch.float32)


def test_without_model_loads_no_weights(tiny_checkpoint: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_checkpoint, tmp_path / "copy")
    (folder / "model.safetensors").unlink()
    family = open_family(folder, with_model=False)
    assert family.num_visual_tokens("video", 8, 64, 64) == 4 * 16
    with pytest.raises(UsageError, match=r"cannot be opened as a model: .*safetensors"):
        open_family(folder)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("/no/such/folder", "does not exist"),
        ("/missing", "does not exist"),
        ("a/b/c", "does not exist, and it is not a hub name"),
        ("tests/no-such-run", "does not exist"),
    ],
)
def test_missing_folder(name: str, message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=message):
        open_family(name)


def test_a_hub_name_goes_to_transformers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import transformers

    asked = []

    def refuse(name: str) -> None:
        asked.append(name)
        raise OSError("no network here")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(transformers.PretrainedConfig, "get_config_dict", refuse)
    with pytest.raises(UsageError, match=r"Qwen/Qwen2\.5-VL-7B-Instruct cannot be opened .*no network here"):
        open_family("Qwen/Qwen2.5-VL-7B-Instruct")
    assert asked == ["Qwen/Qwen2.5-VL-7B-Instruct"]


def test_folder_without_config(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"it has no config\.json"):
        open_family(tmp_path)


def test_unknown_model_type(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama"}))
    with pytest.raises(UsageError, match=r"model_type 'llama', which no family reads\. Known: .*qwen2_5_vl"):
        open_family(tmp_path)


def test_broken_weights(tiny_checkpoint: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_checkpoint, tmp_path / "copy")
    (folder / "model.safetensors").write_bytes(b"\x00" * 40)
    with pytest.raises(UsageError, match="cannot be opened as a model"):
        open_family(folder)


def test_broken_config(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(UsageError, match="cannot be opened as a model"):
        open_family(tmp_path)


def test_pickled_weights_are_not_read(tiny_checkpoint: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_checkpoint, tmp_path / "copy")
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")
    with pytest.raises(UsageError, match="cannot be opened as a model"):
        open_family(folder)
