import pytest

from framewise._errors import UsageError
from framewise._jsonl import read_json, read_rows
from framewise.evaluation import score_predictions


def test_scoring_again_changes_no_byte(run, root):
    directory = run("again", lambda item: item.answer if item.item_id.endswith("0") else "blue")
    before = [(directory / name).read_bytes() for name in ("scores.jsonl", "results.json")]
    assert score_predictions(directory, data_root=root) == directory / "results.json"
    assert [(directory / name).read_bytes() for name in ("scores.jsonl", "results.json")] == before


def test_scoring_follows_the_gold_answers_of_the_data_root(run, root):
    directory = run("regraded", lambda item: item.answer)
    file = root / "benchmarks/lab_image.jsonl"
    file.write_text(file.read_text().replace('"answer": "red"', '"answer": "blue"'))
    score_predictions(directory, data_root=root)
    changed = {row["item_id"] for row in read_rows(directory / "scores.jsonl") if row["score"] == 0.0}
    assert changed == {f"image-{c}-{i}" for c in range(4) for i in range(3) if (c + i) % 3 == 0}
    assert read_json(directory / "results.json")["benchmarks"]["lab_image"]["score"] == pytest.approx(8 / 12)


def test_an_item_that_is_gone_is_named(run, root):
    directory = run("gone", lambda item: item.answer)
    file = root / "benchmarks/lab_image.jsonl"
    file.write_text(file.read_text().replace("image-2-1", "image-9-9"))
    with pytest.raises(UsageError, match="'image-2-1' of lab_image"):
        score_predictions(directory, data_root=root)


def test_standard_errors_are_clustered(run, root):
    """All questions of a cluster right or wrong together: four independent things, not twelve."""
    directory = run("clustered", lambda item: item.answer if item.cluster < "medium-2" else "none")
    found = read_json(directory / "results.json")["benchmarks"]["lab_image"]
    assert found["score"] == 0.5
    assert found["standard_error"] == pytest.approx((4 / 3 * 4 * 1.5**2) ** 0.5 / 12)
