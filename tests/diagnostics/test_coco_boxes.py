"""COCO's file joined to questions about its pictures."""

import json

import pytest

from framewise._errors import UsageError
from framewise.diagnostics import write_coco_boxes
from framewise.diagnostics._boxes import read_boxes

COCO = {
    "images": [
        {"id": 7, "file_name": "COCO_val2014_000000000007.jpg", "width": 200, "height": 100},
        {"id": 8, "file_name": "COCO_val2014_000000000008.jpg", "width": 50, "height": 50},
    ],
    "categories": [{"id": 1, "name": "dog"}, {"id": 2, "name": "hot dog"}, {"id": 3, "name": "cat"}],
    "annotations": [
        {
            "image_id": 7,
            "category_id": 1,
            "bbox": [20, 10, 40, 50],
            "segmentation": [[0.5] * 8],
            "iscrowd": 0,
        },
        {"image_id": 7, "category_id": 1, "bbox": [180, 0, 40, 100.5], "segmentation": [], "iscrowd": 1},
        {"image_id": 7, "category_id": 3, "bbox": [5, 5, 0, 10], "segmentation": []},
        {"image_id": 8, "category_id": 2, "bbox": [0, 0, 25, 25], "segmentation": []},
    ],
}


@pytest.fixture
def instances(tmp_path):
    path = tmp_path / "instances_val2014.json"
    path.write_text(json.dumps(COCO))
    return path


def test_pictures_are_joined_by_name_and_objects_by_the_longest_category(instances, tmp_path):
    picture = "COCO_val2014_000000000007"
    questions = {
        "dog": (picture, "<image>Is there a dog in the image?"),
        "with-suffix": (f"val2014/{picture}.jpg", "Is there a Dog in the image?"),
        "flat": (picture, "Is there a cat in the image?"),
        "no": (picture, "Is there a hot dog in the image?"),
        "other": ("COCO_val2014_000000000008", "Is there a hot dog in the image?"),
        "unnamed": (picture, "Is there a catalogue in the image?"),
        "unknown": ("COCO_val2014_000000000009", "Is there a dog in the image?"),
    }
    joined = write_coco_boxes(instances, questions, output=tmp_path / "boxes.jsonl")
    assert (joined.num_boxed, joined.num_absent, joined.num_unnamed, joined.num_unknown) == (3, 2, 1, 1)
    assert "3 questions; left out 2" in joined.words()
    found = read_boxes(tmp_path / "boxes.jsonl")
    assert found.keys() == {"dog", "with-suffix", "other"}
    assert found["dog"] == found["with-suffix"] == (pytest.approx((0.1, 0.1, 0.3, 0.6)), (0.9, 0, 1, 1))
    assert found["other"] == ((0, 0, 0.5, 0.5),)


@pytest.mark.parametrize(
    "text", ["[]", "{}", "no", '{"images": [], "categories": [], "annotations": []}',
             json.dumps({**COCO, "annotations": [{"image_id": 7, "category_id": 1, "bbox": [1, 2]}]}),
             json.dumps({**COCO, "annotations": [{"image_id": 99, "category_id": 1, "bbox": [1, 2, 3, 4]}]})]
)  # fmt: skip
def test_other_files_are_named(tmp_path, text):
    path = tmp_path / "instances.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"instances\.json"):
        write_coco_boxes(path, {"a": ("x", "a dog?")}, output=tmp_path / "boxes.jsonl")


def test_no_box_at_all_is_an_error_that_says_why(instances, tmp_path):
    with pytest.raises(UsageError, match="1 about other pictures"):
        write_coco_boxes(instances, {"a": ("x", "Is there a dog?")}, output=tmp_path / "boxes.jsonl")
    with pytest.raises(UsageError, match="does not exist"):
        write_coco_boxes(tmp_path / "none.json", {}, output=tmp_path / "boxes.jsonl")
