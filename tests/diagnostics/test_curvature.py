"""The stage ``curvature``."""

import pytest
import torch

from framewise._errors import UsageError
from framewise._jsonl import read_json, read_rows
from framewise.diagnostics import CurvatureSettings, _curvature, measure_curvature
from framewise.families import open_family

SETTINGS = CurvatureSettings(
    trainable=("projector",), num_images=2, num_eigenvalues=1, points=(0.0, 1.0), steps=(0.1, 0.03, 0.01)
)


@pytest.fixture(scope="module")
def moved_checkpoint(tmp_path_factory, family_checkpoint):
    family = open_family(family_checkpoint("qwen2_5_vl"))
    with torch.no_grad():
        for name in family.parts()["projector"]:
            family.model.get_parameter(name).mul_(1.05)
    folder = tmp_path_factory.mktemp("moved") / "model"
    family.save(folder)
    return folder


def test_points_of_a_segment_are_looked_at_and_a_killed_run_goes_on(
    tiny_checkpoint, moved_checkpoint, data, tmp_path, monkeypatch
):
    run = {
        "images": data.images,
        "output": tmp_path / "run",
        "settings": SETTINGS,
        "towards": moved_checkpoint,
    }
    real, calls = _curvature._measure, []

    def dies(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(_curvature, "_measure", dies)
    with pytest.raises(KeyboardInterrupt):
        measure_curvature(tiny_checkpoint, **run)
    measure_curvature(tiny_checkpoint, **run)
    assert len(calls) == 3
    found = read_json(tmp_path / "run" / "curvature.json")
    assert [point["place"] for point in found["points"]] == [0.0, 1.0]
    assert found["points"] == list(read_rows(tmp_path / "run" / "points.jsonl"))
    assert found["lower_estimate_of_beta"] == max(abs(point["eigenvalues"][0]) for point in found["points"])
    for point in found["points"]:
        assert point["residuals"][0] < 0.1 * abs(point["eigenvalues"][0])
        # No direction is more curved than the largest eigenvalue says.
        assert abs(point["curvature_along_gradient"][-1]) < 1.1 * abs(point["eigenvalues"][0])
    # The end of the segment is the other model.
    end = measure_curvature(moved_checkpoint, images=data.images, output=tmp_path / "end", settings=SETTINGS)
    assert read_json(end / "curvature.json")["points"][0]["loss"] == pytest.approx(
        found["points"][1]["loss"], rel=1e-5
    )


def test_a_segment_needs_models_of_one_shape(tiny_checkpoint, family_checkpoint, data, tmp_path):
    with pytest.raises(UsageError, match="two models of one shape"):
        measure_curvature(
            tiny_checkpoint, images=data.images, output=tmp_path / "run", settings=SETTINGS,
            towards=family_checkpoint("qwen3_vl"),
        )  # fmt: skip
