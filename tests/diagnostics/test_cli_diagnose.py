"""The verb ``diagnose``, and records of benchmarks with their answers."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from framewise._errors import UsageError
from framewise._jsonl import read_json, read_rows
from framewise.cli._app import build_app


def run(*arguments: object):
    return CliRunner().invoke(build_app(), [str(argument) for argument in arguments])


def test_alignment_says_its_memory_its_findings_and_where_they_are(tiny_checkpoint, data, tmp_path):
    done = run(
        "diagnose", "alignment", tiny_checkpoint, "--images", data.images, "--videos", data.videos, "--frames", "1,2",
        "--repeats", 1, "--num-images", 2, "--num-videos", 2, "--trainable", "projector", "-o", tmp_path / "run",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "memory: weights" in done.output
    assert "Only 2 different videos" in " ".join(done.output.split())
    found = read_json(tmp_path / "run" / "alignment.json")
    assert (found["frames"], found["trainable"]) == ([1, 2], ["projector"])


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (["--frames", "8,4"], "ascending"),
        (["--frames", "eight"], "frames"),
        (["--trainable", "head"], "trainable"),
        (["--images", "missing.jsonl"], "missing.jsonl"),
    ],
)
def test_what_cannot_be_is_a_usage_error(tiny_checkpoint, data, tmp_path, extra, message):
    done = run(
        "diagnose", "alignment", tiny_checkpoint, "--images", data.images, "--videos", data.videos, *extra, "-o",
        tmp_path / "run",
    )  # fmt: skip
    assert isinstance(done.exception, UsageError)
    assert message in str(done.exception)


def test_attention_wants_a_benchmark_or_records_with_boxes(tmp_path):
    for given in ([], ["--benchmark", "lab_image", "--images", "x.jsonl"], ["--images", "x.jsonl"]):
        done = run("diagnose", "attention", "a", "b", *given, "-o", tmp_path / "run")
        assert isinstance(done.exception, UsageError)
        assert "either --benchmark, or --images with --boxes" in str(done.exception)


def test_records_of_a_benchmark_have_answers_only_when_asked_for(tmp_path):
    (tmp_path / "benchmarks").mkdir()
    item = {
        "item_id": "image-0", "subtask": "attribute", "cluster": "0", "prompt": "<image>Which color?",
        "media": [{"kind": "image", "path": "0.png"}], "answer": "green", "choices": ["red", "green"],
    }  # fmt: skip
    (tmp_path / "benchmarks" / "lab_image.jsonl").write_text(json.dumps(item) + "\n")
    for extra, roles in ([], ["user"]), (["--answers"], ["user", "assistant"]):
        output = tmp_path / f"{len(roles)}.jsonl"
        done = run("records", "from-benchmark", "lab_image", "--data-root", tmp_path, *extra, "-o", output)
        assert done.exit_code == 0, done.output
        (row,) = read_rows(output)
        assert [turn["role"] for turn in row["turns"]] == roles
        assert row["turns"][-1]["text"] == ("green" if extra else "<image>Which color?")


def test_coco_boxes_are_joined_to_the_questions_of_pope(tiny_checkpoint, tmp_path, write_image):
    folder, picture = tmp_path / "data" / "pope", "COCO_val2014_000000000007.jpg"
    (folder / "val2014").mkdir(parents=True)
    write_image(folder / "val2014" / picture, np.full((32, 48, 3), 90, dtype=np.uint8))
    for split in ("random", "popular", "adversarial"):
        rows = [
            {
                "question_id": number,
                "image": picture,
                "text": f"Is there a {thing} in the image?",
                "label": label,
            }
            for number, (thing, label) in enumerate((("dog", "yes"), ("cat", "no")), start=1)
        ]
        (folder / f"coco_pope_{split}.json").write_text("".join(json.dumps(row) + "\n" for row in rows))
    coco = {
        "images": [{"id": 7, "file_name": picture, "width": 48, "height": 32}],
        "categories": [{"id": 1, "name": "dog"}, {"id": 2, "name": "cat"}],
        "annotations": [{"image_id": 7, "category_id": 1, "bbox": [0, 0, 24, 16]}],
    }
    (tmp_path / "instances.json").write_text(json.dumps(coco))
    given = ["--data-root", tmp_path / "data", "--boxes", tmp_path / "instances.json"]
    done = run(
        "diagnose", "attention", tiny_checkpoint, tiny_checkpoint, "--benchmark", "pope", *given, "-o",
        tmp_path / "run",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "boxes: 3 questions; left out 3 whose object is not in the picture" in done.output
    found = read_json(tmp_path / "run" / "attention.json")
    assert (found["n"], found["mean_area"]) == (3, pytest.approx(0.25))
    done = run(
        "diagnose", "attention", "a", "b", "--images", "x.jsonl", "--boxes", tmp_path / "instances.json", "-o",
        tmp_path / "other",
    )  # fmt: skip
    assert "give --benchmark pope" in str(done.exception)
