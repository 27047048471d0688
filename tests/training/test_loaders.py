"""Processes that decode ahead are as many as help, and none where they would do harm."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from framewise._errors import UsageError
from framewise.training import Recipe, _loaders, train
from framewise.training._recipe import make_recipe as checked


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def set_up(*, cores: int, devices: int = 1, shared_gib: float = 16) -> None:
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))
        monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=int(shared_gib * 2**30)))
        monkeypatch.setattr(_loaders, "_SHARED", Path("/"))
        monkeypatch.setenv("LOCAL_WORLD_SIZE", str(devices))

    return set_up


@pytest.mark.parametrize(
    ("cores", "devices", "expected"), [(16, 1, 8), (4, 1, 4), (1, 1, 1), (64, 8, 8), (16, 8, 2), (4, 8, 1)]
)
def test_a_gpu_has_its_share_of_the_cores(
    make_recipe: Callable[..., Recipe], machine: Callable, cores: int, devices: int, expected: int
) -> None:
    machine(cores=cores, devices=devices)
    assert _loaders.num_loaders(make_recipe(), gpu=True) == expected
    assert _loaders.num_loaders(make_recipe(), gpu=False) == 0
    assert _loaders.num_loaders(make_recipe(num_workers=3), gpu=False) == 3
    assert _loaders.num_loaders(make_recipe(num_workers=0), gpu=True) == 0


def test_none_where_batches_have_no_room_or_the_gpu_decodes(
    make_recipe: Callable[..., Recipe], machine: Callable
) -> None:
    machine(cores=8, shared_gib=0.06)
    assert _loaders.num_loaders(make_recipe(), gpu=True) == 0
    machine(cores=8)
    on_gpu = make_recipe(decoder="torchcodec:cuda")
    assert _loaders.num_loaders(on_gpu, gpu=True) == 0
    with pytest.raises(UsageError, match="leave `num_workers` out"):
        checked({**on_gpu.model_dump(), "num_workers": 2}, place="recipe.yaml")


@pytest.mark.gpu
def test_on_a_gpu_they_change_nothing_but_time(make_recipe: Callable[..., Recipe], tmp_path: Path) -> None:
    if not torch.cuda.is_available():
        pytest.skip("no GPU")
    losses = []
    for name, changes in {"ahead": {}, "in turn": {"num_workers": 0}}.items():
        run = train(make_recipe(**changes), output=tmp_path / name)
        losses.append([json.loads(line)["loss"] for line in (run / "log.jsonl").read_text().splitlines()])
    assert losses[0] == pytest.approx(losses[1], rel=0.02)
