"""Pre-training runs on the real classes, resumes, and what it learns from is what the benchmarks ask."""

import json
import math

import numpy as np
import pytest
import torch

from framewise.families import open_family
from framewise.lab import _pretrain, checkpoint_folder
from framewise.lab._lessons import lesson
from framewise.lab._pretrain import LessonBatches, PretrainConfig, pretrain
from framewise.lab._scenes import random_scene
from framewise.lab._sight import cell_labels

TINY = PretrainConfig(sight_steps=2, lesson_steps=2, review_steps=1, batch_size=2)


@pytest.mark.filterwarnings("default")
def test_pretraining_leaves_an_official_checkpoint_and_a_log(tmp_path):
    output = pretrain(TINY, output=tmp_path / "run")
    family = open_family(output / "model")
    assert 1e6 < sum(p.numel() for p in family.model.parameters()) < 4e6
    assert json.loads((output / "model" / "pretrain.json").read_text())["recipe"] == TINY.model_dump()
    before = (output / "model" / "model.safetensors").read_bytes()
    assert pretrain(TINY, output=output) == output
    assert (output / "model" / "model.safetensors").read_bytes() == before


@pytest.mark.filterwarnings("default")
def test_stopped_in_the_lessons_it_goes_on_to_the_same_weights(tmp_path, monkeypatch):
    config = TINY.model_copy(update={"lesson_steps": 6})
    arguments, step, done = _pretrain._arguments, torch.optim.AdamW.step, []
    monkeypatch.setattr(_pretrain, "_arguments", lambda *a: {**arguments(*a), "save_steps": 2})
    whole = pretrain(config, output=tmp_path / "whole")

    def stop_after_five(*args, **kwargs):
        if len(done) == config.sight_steps + 5:
            raise KeyboardInterrupt
        done.append(None)
        return step(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(torch.optim.AdamW, "step", stop_after_five)
        with pytest.raises(KeyboardInterrupt):
            pretrain(config, output=tmp_path / "stopped")
    assert [p.name for p in (tmp_path / "stopped/lessons").iterdir()] == ["checkpoint-4"]
    stopped = pretrain(config, output=tmp_path / "stopped")
    models = [(run / "model/model.safetensors").read_bytes() for run in (whole, stopped)]
    assert models[0] == models[1]


def test_batches_depend_on_the_seed_and_their_number_alone():
    family = open_family(checkpoint_folder(), with_model=False)
    config = PretrainConfig(sight_steps=1, lesson_steps=20, batch_size=2)
    forwards = LessonBatches(family, config)
    backwards = LessonBatches(family, config)
    a = [forwards[i] for i in range(18)]
    b = [backwards[i] for i in reversed(range(18))][::-1]
    assert all(
        torch.equal(x.input_ids, y.input_ids)
        for p, q in zip(a, b, strict=True)
        for x, y in zip(p, q, strict=True)
    )


def test_lessons_start_with_one_thing_and_fill_up():
    rng = np.random.default_rng(0)
    early = [lesson(rng, progress=0.0, allocator_share=0.0) for _ in range(100)]
    late = [lesson(rng, progress=0.9, allocator_share=0.0) for _ in range(100)]
    assert np.mean([len(one.turns) for one in early]) < np.mean([len(one.turns) for one in late])
    assert all(one.visuals for one in early)


def test_cell_labels_say_what_stands_where():
    scene = random_scene(np.random.default_rng(0), count=5, need=("letter", "badge"))
    names, colors = cell_labels(scene)
    assert sum(n > 0 for n in names) == sum(c > 0 for c in colors) == 5
    for sprite in scene.sprites:
        assert names[sprite.y // 16 * 4 + sprite.x // 16] > 0


def test_the_shipped_checkpoint_is_small_and_safe():
    folder = checkpoint_folder()
    assert (folder / "model.safetensors").stat().st_size <= 8 * 2**20
    assert not list(folder.glob("*.bin")) + list(folder.glob("*.pt")) + list(folder.glob("*.pkl"))
    assert math.isfinite(sum(float(p.detach().abs().sum()) for p in open_family(folder).model.parameters()))
