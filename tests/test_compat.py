"""Work-arounds of other libraries: each is needed or does nothing."""

import subprocess
import sys
import warnings

import pytest

from framewise import compat


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_torchvision_imports_after_preparing_and_schemas_are_declared_only_where_needed() -> None:
    out = run(
        "broken = False\n"
        "try:\n"
        "    import torchvision\n"
        "except RuntimeError:\n"
        "    broken = True\n"
        "from framewise import compat\n"
        "compat.prepare_torchvision(); compat.prepare_torchvision()\n"
        "import torch, torchvision\n"
        "from torchvision.transforms.v2 import functional\n"
        "print(torchvision.ops is not None, functional.resize(torch.zeros(3, 8, 8), [4, 4]).shape)\n"
        "print(broken == (compat._declared is not None))\n"
    )
    assert out == "True torch.Size([3, 4, 4])\nTrue\n"


def test_another_failure_of_torchvision_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> None:
        raise RuntimeError("compiled with different CUDA major versions")

    monkeypatch.setattr(compat, "_declared", None)
    monkeypatch.setattr(compat.importlib, "import_module", fail)
    with pytest.raises(RuntimeError, match="CUDA major versions"):
        compat.prepare_torchvision()


def test_only_the_alias_that_peft_asks_for_is_quiet() -> None:
    with compat.quiet_peft():
        warnings.warn(
            "`is_gradient_checkpointing` is deprecated and will be removed", FutureWarning, stacklevel=1
        )
        with pytest.raises(FutureWarning, match="something else"):
            warnings.warn("something else", FutureWarning, stacklevel=1)
