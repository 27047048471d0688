"""Eq. 28 on a quadratic image loss, where it is an equality, and on a tiny model against plain torch."""

import json
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from framewise._errors import UsageError
from framewise._jsonl import read_json, read_rows, write_rows
from framewise.diagnostics import AlignmentSettings, _single_steps, measure_alignment
from framewise.diagnostics._bound import summarise_bound, upper_bound
from framewise.diagnostics._descent import Objective
from framewise.diagnostics._findings import _bound
from framewise.diagnostics._measure import offset
from framewise.diagnostics._probe import open_probe
from framewise.diagnostics._samples import Encoder, encode_all, read_samples
from framewise.diagnostics._single_steps import one_step

BETA, RATE = 3.0, 0.05


@dataclass
class Quadratic:
    """smoothness / 2 |theta - target|^2."""

    probe: SimpleNamespace
    target: torch.Tensor
    smoothness: float = 1.0

    @property
    def theta(self):
        return self.probe.learned[0].parameter

    def value(self):
        return float(self.smoothness / 2 * (self.theta.detach() - self.target).square().sum())

    def gradient(self):
        return [self.smoothness * (self.theta.detach() - self.target)]


def quadratic_rows(needed: int) -> list[dict]:
    """Twenty samples; beyond the need alignment falls and the norm grows with m (Eq. 25 and 26)."""
    rng = np.random.default_rng(0)
    parameter = torch.nn.Parameter(torch.zeros(3, dtype=torch.float64))
    probe = SimpleNamespace(learned=[SimpleNamespace(parameter=parameter)])
    image = Quadratic(probe, torch.tensor([1.0, 0, 0], dtype=torch.float64), BETA)
    rows = []
    for number in range(20):
        for place, m in enumerate((1, 2, 4, 8)):
            beyond = max(0, place - needed)
            target = torch.tensor([1 - 0.2 * beyond, 1 + beyond, rng.normal()], dtype=torch.float64)
            video = Quadratic(probe, target)
            found = one_step(video, image, image.gradient(), image.value(), RATE)
            facts = {"record_id": str(number), "cluster": str(number), "m": m, "repeat": 0}
            rows.append({**facts, **found})
    assert parameter.abs().sum() == 0
    return rows


def test_on_a_quadratic_the_bound_is_the_change_and_the_need_minimises_both():
    truth = {str(i): 2 for i in range(20)}
    found = summarise_bound(quadratic_rows(needed=1), truth, rate=RATE, smoothness=BETA, seed=0)
    assert found["smallest_beta"] == pytest.approx(BETA)
    assert found["n"] == 20
    for row in [*found["per_frames"], *found["per_ratio"]]:
        assert row["bound"]["value"] == pytest.approx(row["measured"]["value"])
    # Closed form: -rate beta x + beta / 2 rate^2 |target|^2 with target (x, y, z); z is drawn anew, y is 1 + beyond.
    first, second = found["per_ratio"]
    assert (first["ratio"], second["ratio"]) == (2, 4)
    assert found["minimised"] == {
        "n": 20, "bound": found["minimised"]["measured"], "measured": found["minimised"]["measured"],
        "by_chance": pytest.approx(20 / 3),
    }  # fmt: skip
    assert found["minimised"]["bound"] >= 18
    assert second["measured"]["ci95"][0] > 0


def test_without_noise_the_numbers_are_the_closed_form():
    alignment, square = np.array([2.0, 1.0, -1.0]), np.array([1.0, 4.0, 9.0])
    assert upper_bound(alignment, square, rate=0.1, smoothness=2.0) == pytest.approx([-0.19, -0.06, 0.19])
    rows = [
        {
            "record_id": "a",
            "cluster": "a",
            "m": m,
            "repeat": repeat,
            "alignment": a,
            "square": s,
            "change": c,
            "rounding": 1e-9,
        }
        for repeat in (0, 1)
        for m, a, s, c in zip((1, 2, 4), alignment, square, (-0.2, 0.0, 0.1), strict=True)
    ]
    found = summarise_bound(rows, {"a": 1}, rate=0.1, smoothness=2.0, seed=0)
    assert [row["bound"]["value"] for row in found["per_ratio"]] == pytest.approx([0.13, 0.38])
    assert [row["measured"]["value"] for row in found["per_ratio"]] == pytest.approx([0.2, 0.3])
    assert found["share_held"] == pytest.approx(2 / 3)
    assert found["smallest_beta"] == pytest.approx(2 * 0.1 / (0.01 * 4))
    assert found["rank_correlation"]["value"] == pytest.approx(1)
    assert found["minimised"] == {"n": 1, "bound": 1, "measured": 1, "by_chance": pytest.approx(1 / 3)}


def test_a_sample_that_lacks_a_step_is_left_out_whole():
    row = {
        "record_id": "a", "cluster": "a", "repeat": 0, "alignment": 1.0, "square": 1.0, "change": 0.0,
        "rounding": 1e-9,
    }  # fmt: skip
    rows = [{**row, "m": 1}, {**row, "m": 2}, {**row, "record_id": "b", "m": 1}]
    found = summarise_bound(rows, {"a": 2, "b": 1}, rate=0.1, smoothness=1.0, seed=0)
    assert (found["n"], found["per_ratio"], found["minimised"]["n"]) == (1, [], 0)
    assert found["rank_correlation"] is None
    assert summarise_bound(rows[2:], {"b": 1}, rate=0.1, smoothness=1.0, seed=0) is not None
    assert summarise_bound([], {"b": 1}, rate=0.1, smoothness=1.0, seed=0) is None


def test_what_rounding_may_have_made_is_not_judged():
    row = {"record_id": "a", "cluster": "a", "repeat": 0, "alignment": 0.0, "square": 1e-8, "change": 1e-8}
    rows = [{**row, "m": m, "rounding": 1e-8} for m in (1, 2)]
    found = summarise_bound(rows, {"a": 1}, rate=0.1, smoothness=1.0, seed=0)
    assert (found["num_judged"], found["share_held"], found["smallest_beta"]) == (0, None, None)
    assert found["minimised"]["n"] == 0
    assert "less than rounding" in _bound(found)


@pytest.fixture(scope="module")
def stage(tiny_checkpoint, data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bound")
    rows = [{"record_id": f"v{i}", "media_index": 0, "min_frames": 2} for i in range(7)]
    write_rows(folder / "truth.jsonl", rows)
    settings = AlignmentSettings(
        frames=(2, 4), repeats=1, block=4, smoothness=5.0, learning_rate=0.01, num_stepped=3, num_images=4,
        num_videos=3,
    )  # fmt: skip
    return measure_alignment(
        tiny_checkpoint, images=data.images, videos=data.videos, truth=folder, output=folder / "run",
        settings=settings,
    ), settings  # fmt: skip


def test_steps_are_what_plain_torch_takes(stage, tiny_checkpoint, data):
    run, settings = stage
    rows = read_rows(run / "single_steps.jsonl")
    assert {row["m"] for row in rows} == {2, 4}
    probe = open_probe(tiny_checkpoint, settings, dtype=torch.float32)
    images = read_samples(data.images, "image", limit=settings.num_images, seed=0)
    seen = Objective(probe, encode_all(probe.family, images, 1)[0])
    before = seen.value()
    parameters = [item.parameter for item in probe.learned]
    toward = [g.double() for g in seen.gradient()]
    videos = read_samples(data.videos, "video", limit=settings.num_videos, seed=0)
    first = next(iter(read_rows(run / "single_steps.jsonl")))
    sample = next(s for s in videos.samples if s.record.id == first["record_id"])
    encoded, _ = Encoder(probe.family, videos).encode(sample, num_frames=2, place=offset(sample, 0, 0))
    loss, number = probe.loss(encoded)
    gradients = torch.autograd.grad(loss / number, parameters, allow_unused=True)
    pairs = [(a, g.double()) for a, g in zip(toward, gradients, strict=True) if g is not None]
    assert first["alignment"] == pytest.approx(
        float(sum((a * g).sum() for a, g in pairs)), rel=1e-4, abs=1e-7
    )
    assert first["square"] == pytest.approx(float(sum((g * g).sum() for _, g in pairs)), rel=1e-4)
    with torch.no_grad():
        for parameter, gradient in zip(parameters, gradients, strict=True):
            if gradient is not None:
                parameter -= settings.learning_rate * gradient
    assert first["change"] == pytest.approx(seen.value() - before, abs=1e-6)
    found = read_json(run / "alignment.json")["bound"]
    assert (found["n"], found["smoothness"], found["learning_rate"]) == (3, 5.0, 0.01)


def test_what_it_needs_is_said_before_anything_runs(tiny_checkpoint, data, tmp_path):
    settings = AlignmentSettings(frames=(2,), smoothness=1.0)
    run = {"images": data.images, "videos": data.videos, "output": tmp_path / "run", "settings": settings}
    with pytest.raises(UsageError, match="--truth"):
        measure_alignment(tiny_checkpoint, **run)
    with pytest.raises(UsageError, match=r"lost in torch\.bfloat16"):
        measure_alignment(tiny_checkpoint, truth=tmp_path, dtype=torch.bfloat16, **run)


def test_a_killed_run_goes_on_and_a_video_that_cannot_be_read_is_one_row(
    tiny_checkpoint, data, tmp_path, monkeypatch
):
    rows = [json.loads(line) for line in data.videos.read_text().splitlines()]
    rows[4]["media"][0]["path"] = "missing.mp4"
    write_rows(tmp_path / "videos.jsonl", rows)
    needs = [{"record_id": f"v{i}", "media_index": 0, "min_frames": 2} for i in range(7)]
    write_rows(tmp_path / "truth.jsonl", needs)
    given = {
        "images": data.images, "videos": tmp_path / "videos.jsonl", "video_root": data.videos.parent,
        "truth": tmp_path, "settings": AlignmentSettings(frames=(2, 4), repeats=1, per_video=1, smoothness=5.0),
    }  # fmt: skip
    real, calls = _single_steps.one_step, []

    def dies(*arguments):
        calls.append(arguments)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(_single_steps, "one_step", dies)
    with pytest.raises(KeyboardInterrupt):
        measure_alignment(tiny_checkpoint, output=tmp_path / "run", **given)
    measure_alignment(tiny_checkpoint, output=tmp_path / "run", **given)
    # Four readable videos at two numbers of frames, and the one that was broken off.
    assert len(calls) == 9
    measure_alignment(tiny_checkpoint, output=tmp_path / "whole", **given)
    for name in ("single_steps.jsonl", "skipped.jsonl", "alignment.json"):
        assert (tmp_path / "run" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert [row["record_id"] for row in read_rows(tmp_path / "run" / "skipped.jsonl")] == ["v4"]
    assert read_json(tmp_path / "run" / "alignment.json")["bound"]["n"] == 4
