"""Samples: the frames of the budget at their own times, and failures that are no samples."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from framewise._plugins import load_plugin
from framewise.families import Family, open_family
from framewise.training import Recipe
from framewise.training._dataset import FAILURES, SAMPLES, ClipDataset, Collator
from framewise.training._plan import plan_examples


@pytest.fixture(scope="module")
def family(tiny_checkpoint: Path) -> Family:
    return open_family(tiny_checkpoint, with_model=False)


def dataset(recipe: Recipe, family: Family, order: list[int] | None = None) -> ClipDataset:
    examples = plan_examples(recipe).examples
    return ClipDataset(
        examples,
        np.array(order if order is not None else range(len(examples))),
        media_root=recipe.records.parent,
        family=family,
        decoder=load_plugin("decoders", "pyav")(),
    )


def test_samples_have_the_frames_of_their_budget(make_recipe: Callable[..., Recipe], family: Family) -> None:
    facts = [item.facts for item in map(dataset(make_recipe(), family).__getitem__, range(9))]
    assert [f.video_frames for f in facts] == [(8,), (4,), (), (4,), (8,), (), (8,), (4,), ()]
    assert [f.num_visual_tokens for f in facts] == [16, 8, 4, 8, 16, 4, 16, 8, 4]


def test_items_come_in_the_order_of_the_run(make_recipe: Callable[..., Recipe], family: Family) -> None:
    items = dataset(make_recipe(), family, [2, 0, 2])
    assert len(items) == 3
    assert [items[i].facts.group for i in range(3)] == ["image", "8", "image"]
    assert items[0].encoded.input_ids.tolist() == items[2].encoded.input_ids.tolist()


def test_a_failure_leaves_the_batch_smaller(
    make_recipe: Callable[..., Recipe], own_data: Path, family: Family
) -> None:
    (own_data / "media/0.mp4").write_bytes(b"no video")
    (own_data / "media/2.png").unlink()
    items = dataset(make_recipe(own_data), family)
    batch = Collator(family)([items[0], items[1], items[2]])
    assert [f.group for f in batch[SAMPLES]] == ["4"]
    assert len(batch["input_ids"]) == 1
    assert [(row["record_id"], row["media_index"], row["path"]) for row in batch[FAILURES]] == [
        ("0", 0, "media/0.mp4"),
        ("2", 0, "media/2.png"),
    ]
    assert all(row["status"] != "ok" and row["reason"] for row in batch[FAILURES])


def test_a_batch_of_failures_has_nothing_to_learn(
    make_recipe: Callable[..., Recipe], own_data: Path, family: Family
) -> None:
    (own_data / "media/0.mp4").write_bytes(b"")
    batch = Collator(family)([dataset(make_recipe(own_data), family)[0]])
    assert batch[SAMPLES] == []
    assert len(batch["input_ids"]) == 1
    assert (batch["labels"] < 0).all()
