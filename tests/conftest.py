"""Fixtures of the whole suite."""

import importlib.util
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from types import ModuleType

import pytest

from framewise.compat import prepare_torchvision

# Doctests import every module of the package by itself, also those that name transformers' classes on top.
prepare_torchvision()


@pytest.fixture(scope="session", autouse=True)
def cache_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Iterator[Path]]:
    """Folders for what is kept across runs: tests leave nothing at home, and find nothing there."""
    root = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(root))
        yield (root / str(number) for number in count())


@pytest.fixture(autouse=True)
def _own_cache(cache_home: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """No test finds what another left."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(next(cache_home)))


@pytest.fixture(scope="session")
def family_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Folder of a tiny random checkpoint of a family, written by ``tests/families/test_<family>.py``."""
    written: dict[str, Path] = {}

    def checkpoint(family: str) -> Path:
        if family not in written:
            folder = tmp_path_factory.mktemp(f"tiny-{family}")
            written[family] = _load(f"families/test_{family}.py").write_tiny_checkpoint(folder)
        return written[family]

    return checkpoint


@pytest.fixture(scope="session")
def tiny_checkpoint(family_checkpoint: Callable[[str], Path]) -> Path:
    """A tiny random Qwen2.5-VL checkpoint in the official file format, the weights of its head tied."""
    return family_checkpoint("qwen2_5_vl")


def _load(path: str) -> ModuleType:
    file = Path(__file__).parent / path
    spec = importlib.util.spec_from_file_location(f"_loaded_{file.stem}", file)
    assert spec is not None
    assert spec.loader is not None, f"every family needs {file} with write_tiny_checkpoint(folder)"
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_media = _load("media_fixtures.py")
write_clip = _media.write_clip
write_image = _media.write_image
frame_numbers = _media.frame_numbers

_servers = _load("chat_server.py")
chat_server = _servers.chat_server
_real = _load("real_server.py")
served_checkpoint = _real.served_checkpoint
real_server = _real.real_server
