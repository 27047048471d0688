"""The captured rows against eager attention, and the stage."""

import numpy as np
import pytest
import torch

from framewise._errors import UsageError
from framewise._jsonl import read_json, read_rows, write_rows
from framewise._plugins import plugin_names
from framewise.diagnostics import AttentionSettings, _attention, measure_attention
from framewise.diagnostics._boxes import token_grid
from framewise.diagnostics._last_query import are_sinks, last_query_attention
from framewise.diagnostics._loss import place
from framewise.diagnostics._samples import Encoder, read_samples
from framewise.families import ImageGrid, Visual, open_family
from framewise.records import Turn


def encode(family, data):
    images = read_samples(data.images, "image", limit=2, seed=0)
    return Encoder(family, images).encode(images.samples[0])[0]


@pytest.mark.parametrize("name", plugin_names("families"))
def test_rows_are_those_of_eager_attention(name, family_checkpoint, data):
    family = open_family(family_checkpoint(name), dtype=torch.float64)
    family.model.eval()
    encoded = encode(family, data)
    rows, sinks = last_query_attention(family, encoded)
    assert rows.sum(dim=-1) == pytest.approx(torch.ones_like(rows[..., 0]), abs=1e-5)
    assert sinks.shape == (len(rows), len(encoded))
    family.model.set_attn_implementation("eager")
    inputs = place(family.collate([encoded], pad="left"), family.model)
    inputs.pop("labels")
    with torch.no_grad():
        found = family.model(**inputs, use_cache=False, output_attentions=True).attentions
    expected = torch.stack([layer[0, :, -1] for layer in found]).float()
    assert rows == pytest.approx(expected, abs=1e-5)


def test_a_value_that_stands_out_makes_a_sink():
    calm, loud = torch.ones(2, 500), torch.ones(2, 500)
    loud[1, 3] = 1000.0
    assert are_sinks(calm).tolist() == [False, False]
    assert are_sinks(loud).tolist() == [False, True]


def test_the_grid_is_read_off_the_positions(tiny_checkpoint, data):
    family = open_family(tiny_checkpoint, with_model=False)
    encoded = encode(family, data)
    places, grid = token_grid(family, encoded, family.config.image_token_id, 32, 32)
    assert grid == ImageGrid(rows=2, columns=2)
    assert len(places) == encoded.num_visual_tokens == 4


def test_llava_sees_a_square_out_of_the_middle_in_rows(family_checkpoint, data):
    family = open_family(family_checkpoint("llava"), dtype=torch.float64)
    encoded = encode(family, data)
    places, grid = token_grid(family, encoded, family.config.image_token_id, 32, 64)
    assert len(places) == grid.rows * grid.columns == encoded.num_visual_tokens
    assert grid.window == (0.25, 0, 0.75, 1)
    # What lies well outside the window cannot be seen; what lies in a cell moves its own feature most.
    pixels = np.full((1, 32, 64, 3), 100, dtype=np.uint8)
    changed = pixels.copy()
    changed[:, :, :8] = changed[:, :, 56:] = 250
    features = [_features(family, p) for p in (pixels, changed)]
    assert features[0] == pytest.approx(features[1])
    corner = pixels.copy()
    corner[:, -4:, 16:20] = 250
    moved = (_features(family, corner) - features[0]).norm(dim=-1)
    assert int(moved.argmax()) == (grid.rows - 1) * grid.columns


@torch.no_grad()
def _features(family, pixels):
    """What the image's tokens are, row after row of the sequence."""
    visual = Visual(kind="image", pixels=pixels, times_seconds=np.zeros(1))
    inputs = family.collate([family.encode([Turn(role="user", text="<image>what?")], [visual])], pad="left")
    found = family.model.model.get_image_features(inputs["pixel_values"].double(), return_dict=True)
    return torch.as_tensor(found.pooler_output[0] if hasattr(found, "pooler_output") else found[0])


def test_llava_is_measured_like_the_others(family_checkpoint, data, boxes, tmp_path):
    measure_attention(
        [family_checkpoint("llava")], images=data.images, boxes=boxes, output=tmp_path / "run",
        settings=AttentionSettings(num_images=2),
    )  # fmt: skip
    found = read_json(tmp_path / "run" / "attention.json")
    assert (found["n"], found["mean_area"]) == (2, 0.25)


def test_families_that_read_tiles_are_refused(family_checkpoint, data):
    family = open_family(family_checkpoint("llava_next_video"), with_model=False)
    with pytest.raises(UsageError, match="llava_next_video reads it in tiles"):
        token_grid(family, encode(family, data), family.config.image_token_id, 32, 32)


@pytest.fixture(scope="module")
def boxes(tmp_path_factory):
    path = tmp_path_factory.mktemp("boxes") / "boxes.jsonl"
    write_rows(path, [{"record_id": f"i{i}", "boxes": [[0, 0, 0.5, 0.5]]} for i in range(5)])
    return path


@pytest.fixture(scope="module")
def other_checkpoint(tmp_path_factory, family_checkpoint):
    """The same architecture with other weights."""
    family = open_family(family_checkpoint("qwen2_5_vl"))
    with torch.no_grad():
        for parameter in family.model.model.language_model.layers.parameters():
            parameter.mul_(1.5)
    folder = tmp_path_factory.mktemp("other") / "model"
    family.save(folder)
    return folder


def test_a_model_is_compared_and_a_killed_run_goes_on(
    tiny_checkpoint, other_checkpoint, data, boxes, tmp_path, monkeypatch
):
    run = {"images": data.images, "boxes": boxes, "settings": AttentionSettings(num_maps=2)}
    models = [tiny_checkpoint, other_checkpoint]
    measure_attention(models, output=tmp_path / "whole", **run)
    real, calls = _attention._Viewer.row, []

    def dies(*arguments, **named):
        calls.append(arguments)
        if len(calls) == 7:
            raise KeyboardInterrupt
        return real(*arguments, **named)

    monkeypatch.setattr(_attention._Viewer, "row", dies)
    with pytest.raises(KeyboardInterrupt):
        measure_attention(models, output=tmp_path / "run", **run)
    measure_attention(models, output=tmp_path / "run", **run)
    assert len(calls) == 11
    found = read_json(tmp_path / "whole" / "attention.json")
    assert read_json(tmp_path / "run" / "attention.json") == found
    assert (found["n"], found["num_clusters"], found["num_layers"], found["mean_area"]) == (5, 5, 2, 0.25)
    first, second = found["per_model"]
    assert first["divergence"] is None
    assert all(0 < layer["value"] < 1 for layer in second["divergence"])
    assert first["layers"]["lift"][0]["change"] is None
    change = second["layers"]["lift"][0]
    assert change["change"]["value"] == pytest.approx(
        change["value"]["value"] - first["layers"]["lift"][0]["value"]["value"]
    )
    assert len(found["maps"]) == 2
    assert [len(maps) for maps in found["maps"][0]["maps"]] == [4, 4]
    assert len(list(read_rows(tmp_path / "run" / "attention.jsonl"))) == 10


def test_the_same_model_twice_changes_nothing(tiny_checkpoint, data, boxes, tmp_path):
    measure_attention(
        [tiny_checkpoint, str(tiny_checkpoint)], images=data.images, boxes=boxes, output=tmp_path / "run",
        settings=AttentionSettings(num_images=3),
    )  # fmt: skip
    found = read_json(tmp_path / "run" / "attention.json")
    second = found["per_model"][1]
    changes = [layer["change"]["value"] for layers in second["layers"].values() for layer in layers]
    assert changes == pytest.approx([0] * len(changes))
    assert [d["value"] for d in second["divergence"]] == pytest.approx([0, 0], abs=1e-9)


def test_ids_that_do_not_agree_are_a_usage_error(tiny_checkpoint, data, tmp_path):
    write_rows(tmp_path / "boxes.jsonl", [{"record_id": "other", "boxes": [[0, 0, 1, 1]]}])
    with pytest.raises(UsageError, match="do the ids agree"):
        measure_attention(
            [tiny_checkpoint], images=data.images, boxes=tmp_path / "boxes.jsonl", output=tmp_path / "run"
        )
