"""The lab's data root: real files, valid rows, the same for the same seed."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from framewise.clips import sample_clip
from framewise.clips.decoders.pyav import PyAV
from framewise.evaluation.benchmarks.lab_image import LabImage
from framewise.evaluation.benchmarks.lab_video import LabVideo
from framewise.lab import LabConfig, write_lab
from framewise.lab._canvas import SIDE, draw
from framewise.lab._dataset import image_benchmark, image_boxes, training_clips, video_benchmark
from framewise.lab._motion import NUM_FRAMES, sampled
from framewise.lab._scenes import IMAGE_SKILLS
from framewise.lab._worlds import WORLDS
from framewise.records import read_records

SMALL = LabConfig(clips_per_skill=2, still_clips=3, image_items_per_skill=2, video_items_per_skill=2)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    return write_lab(SMALL, output=tmp_path_factory.mktemp("lab") / "data")


def test_records_are_read_by_the_toolkit_and_have_a_truth(lab):
    records = list(read_records(lab / "records.jsonl", require_media=True))
    truth = [json.loads(line) for line in (lab / "truth.jsonl").read_text().splitlines()]
    assert [r.id for r in records] == [t["record_id"] for t in truth]
    assert {r.source for r in records} == {*WORLDS, "still"}
    assert {t["min_frames"] for t in truth} <= {1, 2, 4, 8, 16, 32, 64}


def test_clips_are_real_h264_and_look_like_their_worlds(lab):
    decoder = PyAV()
    for medium in training_clips(SMALL)[:6]:
        path = lab / medium.path
        clip = decoder.probe(path)
        assert (clip.status, clip.codec, clip.num_frames, clip.width) == ("ok", "h264", NUM_FRAMES, SIDE)
        assert clip.duration_seconds == pytest.approx(NUM_FRAMES / medium.fps)
        frames, sample = sample_clip(decoder, path, 8)
        assert list(sample.indices) == sampled(8)
        if medium.content.__class__.__name__ != "Scene":
            truth = np.stack([draw(medium.content.sprites(t)) for t in sampled(8)])
            # Chroma at half resolution blurs the edges of small sprites, so the mean error is what counts.
            assert abs(frames.pixels.astype(int) - truth).mean() < 8


def test_benchmarks_are_read_by_their_plugins(lab):
    images, videos = list(LabImage().items(lab)), list(LabVideo().items(lab))
    assert Counter(i.subtask for i in images) == dict.fromkeys(IMAGE_SKILLS, 2)
    assert Counter(i.subtask for i in videos) == dict.fromkeys(WORLDS, 2)
    with Image.open(lab / images[0].media[0].path) as picture:
        assert picture.size == (SIDE, SIDE)


def test_training_and_benchmark_never_share_a_world():
    config = LabConfig()
    train = {repr(m.content) for m in training_clips(config)}
    assert not train & {repr(m.content) for m in video_benchmark(config)}


def test_the_same_seed_writes_the_same_bytes_and_a_killed_run_goes_on(lab, tmp_path):
    again = write_lab(SMALL, output=tmp_path / "again")
    manifest = json.loads((again / "manifest.json").read_text())
    files = sorted(p.relative_to(lab) for p in lab.rglob("*") if p.is_file() and p.name != "manifest.json")
    assert all((lab / f).read_bytes() == (again / f).read_bytes() for f in files)
    # As a kill would leave it: no completion mark, a file short, rows not written.
    (again / "manifest.json").write_text(json.dumps(manifest | {"status": "running"}))
    (again / "records.jsonl").unlink()
    (again / files[-1]).unlink()
    write_lab(SMALL, output=again)
    assert all((lab / f).read_bytes() == (again / f).read_bytes() for f in files)


def test_boxes_hold_what_image_questions_name():
    media = image_benchmark(LabConfig(image_items_per_skill=6))
    boxes = {row["record_id"].rpartition("-")[2]: row["boxes"] for row in image_boxes(media)}
    for medium in media:
        (asked,) = medium.questions
        found = boxes.get(Path(medium.path).stem, [])
        skill = asked.question.skill
        absent = skill == "existence" and asked.question.answer == "no"
        assert len(found) == (0 if skill == "count" or absent else 2 if skill == "relation" else 1)
        pixels = draw(medium.content.sprites)
        for left, top, right, bottom in found:
            inside = pixels[round(top * 64) : round(bottom * 64), round(left * 64) : round(right * 64)]
            assert inside.shape[:2] == (14, 14)
            # The background is never brighter than 112.
            assert (inside.max(axis=-1) > 120).any()


def test_most_questions_need_few_frames_as_in_the_paper(lab):
    needs = [asked.min_frames for medium in training_clips(LabConfig()) for asked in medium.questions]
    assert 0.7 < np.mean([m <= 8 for m in needs]) < 0.85
