"""Broken and odd media for the tests of this folder, and a probe without worker processes."""

import importlib.util
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


def _load_odd_media() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "_loaded_odd_media", Path(__file__).with_name("odd_media.py")
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_odd_media = _load_odd_media()


@pytest.fixture(scope="session")
def odd_media(
    tmp_path_factory: pytest.TempPathFactory, write_clip: Callable[..., Path]
) -> tuple[Path, dict[str, str]]:
    """A folder of broken and odd media, and the status that each must get by its path."""
    root = tmp_path_factory.mktemp("odd") / "media"
    root.mkdir()
    return root, _odd_media.write_odd_media(root, write_clip)


@pytest.fixture(scope="session")
def write_with_longer_sound() -> Callable[..., None]:
    """``write_with_longer_sound(path, codec=, sound=, options=)``: 1 s of pictures, 3 s of sound."""
    return _odd_media.write_with_longer_sound


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Probe in this process: starting workers takes longer than a test's clips do."""

    def run(function: Callable, items: Iterable, **_: Any) -> Iterator[tuple[Any, Any]]:
        return ((item, function(item)) for item in items)

    monkeypatch.setattr("framewise.clips._probe.run_tasks", run)
