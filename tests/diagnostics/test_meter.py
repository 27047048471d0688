"""The streamed inner products against torch.autograd.grad, one sample at a time, in float64, for every family."""

import numpy as np
import pytest
import torch
from reference_gradients import products, sample_gradient, total

from framewise._errors import FramewiseError, UsageError
from framewise._plugins import plugin_names
from framewise.diagnostics import _meter
from framewise.diagnostics._measure import fill_halves, offset, read_block, read_images
from framewise.diagnostics._meter import GradientMeter
from framewise.diagnostics._modules import choose_learned
from framewise.diagnostics._probe import memory_words, open_probe, repeat_distance
from framewise.diagnostics._samples import Encoder, read_samples
from framewise.diagnostics._settings import AlignmentSettings
from framewise.families import open_family

SETTINGS = AlignmentSettings(frames=(1, 4), repeats=2, block=3)


@pytest.mark.parametrize("family", plugin_names("families"))
def test_every_reading_is_the_inner_product_of_whole_gradients(family, family_checkpoint, data):
    probe = open_probe(family_checkpoint(family), SETTINGS, dtype=torch.float64)
    images = read_samples(data.images, "image", limit=4, seed=0)
    videos = read_samples(data.videos, "video", limit=3, seed=0)
    meter = GradientMeter(probe.learned, dtype=torch.float64)
    reference = fill_halves(probe, meter, images)
    cosine = meter.half_cosine()
    rows = list(read_images(probe, meter, images, reference, permuted=False))
    block = read_block(probe, meter, Encoder(probe.family, videos), videos.samples, SETTINGS)["rows"]
    meter.close()

    see = Encoder(probe.family, images)
    by_half = [[sample_gradient(probe, see.encode(s)[0]) for s in half] for half in reference.halves]
    halves = [total([g for _, _, g in half]) for half in by_half]
    assert reference.tokens == tuple(sum(n for _, n, _ in half) for half in by_half)
    one, two, across = (
        sum(products(meter.modules, halves[a], halves[b])) for a, b in ((0, 0), (1, 1), (0, 1))
    )
    assert cosine == pytest.approx(across / (one * two) ** 0.5, rel=1e-6)
    flat = [(h, *found) for h, half in enumerate(by_half) for found in half]
    for row, (half, loss, tokens, gradient) in zip(rows, flat, strict=True):
        assert (row["half"], row["num_tokens"]) == (half, tokens)
        assert row["loss"] == pytest.approx(loss, rel=1e-9)
        assert row["cross"] == pytest.approx(
            products(meter.modules, gradient, halves[1 - half]), rel=1e-6, abs=1e-9
        )
        assert row["square"] == pytest.approx(products(meter.modules, gradient, gradient), rel=1e-6)

    watch, known = Encoder(probe.family, videos), {s.record.id: s for s in videos.samples}
    earlier: list = []
    for row in block:
        sample = known[row["record_id"]]
        where = offset(sample, row["repeat"], SETTINGS.seed)
        encoded, shown = watch.encode(sample, num_frames=row["m"], place=where)
        loss, _, gradient = sample_gradient(probe, encoded)
        earlier = [] if row["num_before"] == 0 else earlier
        expected = [products(meter.modules, gradient, half) for half in halves]
        assert np.array(row["halves"]) == pytest.approx(np.array(expected), rel=1e-6, abs=1e-9)
        assert row["square"] == pytest.approx(products(meter.modules, gradient, gradient), rel=1e-6)
        if earlier:
            before = products(meter.modules, gradient, total(earlier))
            assert row["before"] == pytest.approx(before, rel=1e-6, abs=1e-9)
        assert (row["num_before"], row["num_frames"]) == (len(earlier), shown)
        assert row["loss"] == pytest.approx(loss, rel=1e-9)
        earlier.append(gradient)


@pytest.fixture
def probe(tiny_checkpoint):
    return open_probe(tiny_checkpoint, AlignmentSettings())


@pytest.fixture
def encoded(probe, data):
    images = read_samples(data.images, "image", limit=2, seed=0)
    return Encoder(probe.family, images).encode(images.samples[0])[0]


def test_no_gradient_is_left_and_modules_partition_what_learns(probe, encoded):
    meter = GradientMeter(probe.learned)
    meter.read(probe.loss(encoded)[0])
    assert all(item.parameter.grad is None for item in probe.learned)
    assert set(meter.modules) == {
        "patch embedding", "vision 0", "vision 1", "projector", "embeddings",
        "language 0 attention", "language 0 mlp", "language 1 attention", "language 1 mlp", "language, rest",
    }  # fmt: skip
    assert len(probe.learned) == len(list(probe.family.model.parameters()))
    meter.close()
    probe.loss(encoded)[0].backward()
    assert all(item.parameter.grad is not None for item in probe.learned)


def test_parameters_may_wait_for_the_end_of_a_pass_or_not(tiny_checkpoint, data, monkeypatch):
    probe = open_probe(tiny_checkpoint, SETTINGS, dtype=torch.float64)
    images = read_samples(data.images, "image", limit=4, seed=0)
    encoded = [Encoder(probe.family, images).encode(sample)[0] for sample in images.samples[:3]]
    found = []
    for small in (0, 500, 10**9):
        monkeypatch.setattr(_meter, "_SMALL", small)
        meter = GradientMeter(probe.learned, dtype=torch.float64)
        for half in (0, 1):
            assert meter.add(probe.loss(encoded[half])[0], half)
        readings = [meter.read(probe.loss(sample)[0]) for sample in encoded]
        cosine = meter.half_cosine()
        meter.close()
        found.append([(r.halves, r.square, r.before) for r in readings])
        found[-1].append((np.array(cosine),) * 3)
    for other in found[1:]:
        for one, two in zip(found[0], other, strict=True):
            for a, b in zip(one, two, strict=True):
                assert a == pytest.approx(b, rel=1e-9, abs=1e-12)


def test_the_same_sample_twice_is_the_same_and_dropout_is_refused(probe, encoded):
    meter = GradientMeter(probe.learned)
    assert repeat_distance(probe, meter, encoded) < 1e-3
    layer = probe.family.model.model.language_model.layers[0]
    layer.register_forward_hook(lambda *a: torch.nn.functional.dropout(a[2], 0.5))
    with pytest.raises(FramewiseError, match="something in the model is random"):
        repeat_distance(probe, meter, encoded)


def test_adapters_are_measured_in_place_of_the_parts(tiny_checkpoint, data):
    settings = AlignmentSettings(trainable=("language",), lora_rank=2)
    probe = open_probe(tiny_checkpoint, settings, dtype=torch.float64)
    assert {item.name.rpartition(".lora_")[2][0] for item in probe.learned} == {"A", "B"}
    assert {item.module.split()[0] for item in probe.learned} == {"language"}
    images = read_samples(data.images, "image", limit=2, seed=0)
    encoded, _ = Encoder(probe.family, images).encode(images.samples[0])
    meter = GradientMeter(probe.learned, dtype=torch.float64)
    reading = meter.read(probe.loss(encoded)[0])
    meter.close()
    _, _, gradient = sample_gradient(probe, encoded)
    assert reading.square == pytest.approx(products(meter.modules, gradient, gradient), rel=1e-6)
    assert reading.square.sum() > 0


def test_half_precision_weights_are_summed_in_float32(tiny_checkpoint, data):
    exact, rough = (
        open_probe(tiny_checkpoint, AlignmentSettings(), dtype=d) for d in (torch.float64, torch.bfloat16)
    )
    images = read_samples(data.images, "image", limit=2, seed=0)
    found = []
    for probe in (exact, rough):
        meter = GradientMeter(
            probe.learned, dtype=torch.promote_types(probe.family.model.dtype, torch.float32)
        )
        fill_halves(probe, meter, images)
        loss = probe.loss(Encoder(probe.family, images).encode(images.samples[0])[0])[0]
        found.append(meter.read(loss))
    # bfloat16 keeps 8 bits: gradients through four layers agree to a few percent.
    assert found[1].halves.sum() == pytest.approx(found[0].halves.sum(), rel=0.1)
    assert found[1].square.sum() == pytest.approx(found[0].square.sum(), rel=0.1)


def test_memory_is_said_in_words(probe):
    said = memory_words(probe, halves_on="cpu")
    assert "two image halves" in said
    assert "on cpu" in said


def test_parts_without_parameters_are_refused(tiny_checkpoint):
    with pytest.raises(UsageError, match="no parameters in"):
        choose_learned(open_family(tiny_checkpoint), ())
