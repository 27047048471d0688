"""Directions, losses along them and the stage, against whole gradients and exact second derivatives."""

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from framewise._jsonl import read_json, read_rows
from framewise.diagnostics import StepSettings, _step, measure_step, step_table
from framewise.diagnostics._descent import Objective, curvature_along, moved, product
from framewise.diagnostics._modules import Learned
from framewise.diagnostics._probe import Probe, open_probe
from framewise.diagnostics._samples import Encoder, read_samples
from framewise.diagnostics._updates import update_direction

SETTINGS = StepSettings(
    trainable=("projector",), num_images=3, num_videos=3, frames=4, learning_rate=1e-2, batch_size=2
)


@pytest.fixture(scope="module")
def objective(tiny_checkpoint, data):
    probe = open_probe(tiny_checkpoint, SETTINGS, dtype=torch.float64)
    images = read_samples(data.images, "image", limit=4, seed=0)
    encoder = Encoder(probe.family, images)
    return Objective(probe, [encoder.encode(sample)[0] for sample in images.samples], batch_size=3)


def exact(objective, direction):
    """u'Hu by two derivatives, without fused attention."""
    parameters = [item.parameter for item in objective.probe.learned]
    with sdpa_kernel(SDPBackend.MATH):
        parts = list(objective._parts())
        loss = sum(part for part, _ in parts) / sum(n for _, n in parts)
        first = torch.autograd.grad(loss, parameters, create_graph=True)
        along = sum((g * u).sum() for g, u in zip(first, direction, strict=True))
        return product(list(torch.autograd.grad(along, parameters)), direction)


def test_batches_do_not_change_value_or_gradient(objective):
    single = Objective(objective.probe, objective.samples, batch_size=1)
    assert single.value() == pytest.approx(objective.value(), rel=1e-9)
    whole, parts = objective.gradient(), single.gradient()
    assert product(whole, whole) == pytest.approx(product(whole, parts), rel=1e-9)
    assert all(item.parameter.grad is None for item in objective.probe.learned)


def test_the_curvature_is_that_of_two_derivatives(objective):
    direction = objective.gradient()
    # The norms of these layers compute in float32 whatever the weights are: no difference is exact to more.
    assert curvature_along(objective, direction, 1e-3) == pytest.approx(exact(objective, direction), rel=1e-3)


def test_the_curvature_of_a_parabola_is_exact():
    hessian = torch.tensor([[2.0, 1.0], [1.0, -3.0]], dtype=torch.float64)
    weights = torch.nn.Parameter(torch.tensor([0.3, -0.2], dtype=torch.float64))

    class Parabola:
        probe = Probe(None, [Learned("w", "w", weights)])

        def gradient(self):
            return [hessian @ weights.detach()]

    direction = torch.tensor([1.0, 2.0], dtype=torch.float64)
    found = curvature_along(Parabola(), [direction], 0.1)
    assert found == pytest.approx(float(direction @ hessian @ direction), rel=1e-9)


def _move_and_fail(objective, direction):
    with moved(objective.probe, direction, 0.3):
        raise ZeroDivisionError


def test_a_move_is_undone_bit_for_bit_also_after_an_error(objective):
    before = [item.parameter.detach().clone() for item in objective.probe.learned]
    direction, value = objective.gradient(), objective.value()
    with moved(objective.probe, direction, 0.3):
        assert objective.value() != value
    with pytest.raises(ZeroDivisionError):
        _move_and_fail(objective, direction)
    assert all(torch.equal(b, i.parameter) for b, i in zip(before, objective.probe.learned, strict=True))


def test_sgd_moves_along_the_gradient_and_adamw_as_torch_does(objective):
    batches = [Objective(objective.probe, [sample], 1) for sample in objective.samples]
    found = update_direction(batches, "sgd", learning_rate=1.0, weight_decay=0.0)
    whole = objective.gradient()
    assert (
        product(found, found) == pytest.approx(product(found, whole)) == pytest.approx(product(whole, whole))
    )

    found = update_direction(batches, "adamw", learning_rate=1e-3, weight_decay=0.1)
    parameter = objective.probe.learned[0].parameter
    first, second = 0.0, 0.0
    for batch in batches:
        gradient = batch.gradient()[0]
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
    n = len(batches)
    expected = first / (1 - 0.9**n) / ((second / (1 - 0.999**n)).sqrt() + 1e-8) + 0.1 * parameter.detach()
    assert found[0] == pytest.approx(expected, rel=1e-6, abs=1e-7)


def test_the_stage_agrees_with_itself_and_goes_on(tiny_checkpoint, data, tmp_path, monkeypatch):
    run = {"images": data.images, "videos": data.videos, "output": tmp_path / "run", "settings": SETTINGS}
    real, calls = _step._measure, []

    def dies(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(_step, "_measure", dies)
    models = [tiny_checkpoint, str(tiny_checkpoint)]
    with pytest.raises(KeyboardInterrupt):
        measure_step(models, **run)
    measure_step(models, **run)
    assert len(calls) == 3
    found = read_json(tmp_path / "run" / "step.json")
    one, two = found["steps"]
    assert one["image"] == two["image"]
    assert list(read_rows(tmp_path / "run" / "steps.jsonl")) == found["steps"]
    for kind in ("image", "video"):
        line = one[kind]
        assert line["slope"] == pytest.approx(line["predicted_slope"], rel=0.02, abs=1e-4)
        assert len(line["losses"]) == 9
    # A step down the video gradient lowers the video loss at first, by its own squared norm.
    assert one["video"]["predicted_slope"] == pytest.approx(-one["squared_length"], rel=1e-4)
    assert step_table(found).row_count == 4
