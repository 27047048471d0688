"""The stage: what it writes, that a stopped run goes on, and what it leaves out."""

import json

import pytest
import torch

from framewise._errors import FramewiseError, UsageError
from framewise._jsonl import read_json, read_rows
from framewise.diagnostics import AlignmentSettings, _alignment, _measure, measure_alignment
from framewise.diagnostics._probe import Probe
from framewise.diagnostics._samples import read_samples

SETTINGS = AlignmentSettings(frames=(1, 4), repeats=1, block=2)
FILES = ("images.jsonl", "blocks.jsonl", "skipped.jsonl", "alignment.json")


def contents(folder):
    return [(folder / name).read_bytes() for name in FILES]


@pytest.fixture(scope="module")
def whole(tiny_checkpoint, data, tmp_path_factory):
    """A run that nothing stopped, and what it announced."""
    said: list[str] = []
    output = tmp_path_factory.mktemp("alignment") / "whole"
    measure_alignment(
        tiny_checkpoint,
        images=data.images,
        videos=data.videos,
        output=output,
        settings=SETTINGS,
        announce=said.append,
    )
    return output, said


def test_it_writes_a_row_for_every_sample_and_number_of_frames(whole):
    output, said = whole
    rows = [row for block in read_rows(output / "blocks.jsonl") for row in block["rows"]]
    assert sorted((row["record_id"], row["m"]) for row in rows) == [
        (f"v{i}", m) for i in range(7) for m in (1, 4)
    ]
    assert {row["kind"] for row in read_rows(output / "images.jsonl")} == {"image", "permuted"}
    found = read_json(output / "alignment.json")
    assert (found["n"], found["num_clusters"], found["num_images"], found["num_skipped"]) == (7, 5, 6, 0)
    assert [row["m"] for row in found["per_frames"]] == [1, 4]
    assert found["repeat_distance"] < 1e-3
    assert "Only 5 different videos" in found["findings"][0]
    assert len(said) == 1
    assert said[0].startswith("memory: weights")


def test_a_killed_run_goes_on_to_the_same_files(whole, tiny_checkpoint, data, tmp_path, monkeypatch):
    real, calls = _alignment.read_block, []

    def dies(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*arguments)

    run = {"images": data.images, "videos": data.videos, "output": tmp_path / "run", "settings": SETTINGS}
    monkeypatch.setattr(_alignment, "read_block", dies)
    with pytest.raises(KeyboardInterrupt):
        measure_alignment(tiny_checkpoint, **run)
    measure_alignment(tiny_checkpoint, **run)
    assert len(calls) == 3
    assert contents(tmp_path / "run") == contents(whole[0])
    measure_alignment(tiny_checkpoint, **run)
    assert len(calls) == 3


def test_what_is_no_number_or_cannot_be_read_is_listed_and_left_out(
    tiny_checkpoint, data, tmp_path, monkeypatch
):
    real = _measure._facts
    bad = {"i1", "v2"}
    spoilt = Probe.loss

    def loss(probe, encoded):
        value, tokens = spoilt(probe, encoded)
        return (value * float("nan") if current[0] in bad else value), tokens

    current = [""]
    encode = _measure.Encoder.encode

    def remember(encoder, sample, **how):
        current[0] = sample.record.id
        return encode(encoder, sample, **how)

    monkeypatch.setattr(_measure.Encoder, "encode", remember)
    monkeypatch.setattr(Probe, "loss", loss)
    rows = [json.loads(line) for line in data.videos.read_text().splitlines()]
    rows[4]["media"][0]["path"] = "missing.mp4"
    videos = tmp_path / "videos.jsonl"
    videos.write_text("".join(json.dumps(row) + "\n" for row in rows))
    output = measure_alignment(
        tiny_checkpoint, images=data.images, videos=videos, output=tmp_path / "run", settings=SETTINGS,
        video_root=data.videos.parent,
    )  # fmt: skip
    assert real is _measure._facts
    found = read_json(output / "alignment.json")
    assert (found["n"], found["num_images"], found["num_skipped"]) == (5, 5, 3)
    skipped = {row["record_id"]: row["status"] for row in read_rows(output / "skipped.jsonl")}
    assert skipped.keys() == {"i1", "v2", "v4"}
    assert (skipped["i1"], skipped["v2"]) == ("non_finite", "non_finite")


def test_a_random_model_is_refused_before_anything_is_measured(tiny_checkpoint, data, tmp_path, monkeypatch):
    loss = Probe.loss

    def random(probe, encoded):
        value, tokens = loss(probe, encoded)
        return value * torch.rand(()), tokens

    monkeypatch.setattr(Probe, "loss", random)
    with pytest.raises(FramewiseError, match="cannot be measured"):
        measure_alignment(
            tiny_checkpoint,
            images=data.images,
            videos=data.videos,
            output=tmp_path / "run",
            settings=SETTINGS,
        )


def test_records_of_the_wrong_kind_are_a_usage_error(data):
    with pytest.raises(UsageError, match="no record with an answer whose media are images"):
        read_samples(data.videos, "image", limit=None, seed=0)


@pytest.mark.parametrize("frames", [(), (0, 1), (2, 1), (1, 1)])
def test_numbers_of_frames_ascend(frames):
    with pytest.raises(ValueError, match="ascending"):
        AlignmentSettings(frames=frames)


def test_samples_of_a_video_stay_together(data):
    samples = read_samples(data.videos, "video", limit=None, seed=3)
    blocks = _measure.blocks_of(samples.samples, 2)
    assert [len({s.cluster for s in block}) for block in blocks] == [2, 3]
    assert sum(map(len, blocks)) == 7
    for layer in _measure._layers(blocks[1]):
        assert len({s.cluster for s in layer}) == len(layer)
    assert read_samples(data.videos, "video", limit=2, seed=3).samples == tuple(blocks[0])
