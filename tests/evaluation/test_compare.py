import json

import pytest

from framewise._artifacts import read_manifest
from framewise._errors import UsageError
from framewise._jsonl import read_json, read_rows
from framewise.evaluation import compare, paired_difference


def weak(item):
    return item.answer if item.cluster == "medium-0" else "yellow"


def good_at_video(item):
    if item.media[0].kind == "image":
        return item.answer if item.item_id == "image-1-1" else "yellow"
    return item.answer


def arms_of(directory):
    comparison = read_json(directory / "comparison.json")
    return comparison, {arm["name"]: arm for arm in comparison["arms"]}


def test_comparison_says_what_changed(run, tmp_path):
    comparison, arms = arms_of(
        compare(run("base", weak), [run("tuned", good_at_video), run("same", weak)], output=tmp_path / "out")
    )
    assert comparison["before"] == "base"
    assert list(arms) == ["base", "tuned", "same"]
    video, image = arms["tuned"]["video"], arms["tuned"]["image"]
    assert (video["score"], video["before"], video["delta"]) == (1.0, 0.25, 0.75)
    assert (video["n"], video["num_clusters"], video["num_left_out"]) == (12, 4, 0)
    assert (video["num_gained"], video["num_lost"]) == (9, 0)
    assert video["mcnemar_p"] == pytest.approx(2 * 0.5**9)
    assert video["ci95"][0] <= 0.75 <= video["ci95"][1]
    assert image["delta"] == pytest.approx(-2 / 12)
    assert (image["num_gained"], image["num_lost"]) == (1, 3)
    assert set(arms["tuned"]["subtasks"]) == {
        f"lab_{kind}/{subtask}" for kind in ("image", "video") for subtask in ("colour", "order")
    }
    assert arms["tuned"]["subtasks"]["lab_video/order"]["n"] == 4
    reach = 1 - 0.025 ** (1 / 4)
    assert arms["same"]["video"]["delta"] == 0.0
    assert arms["same"]["video"]["ci95"] == pytest.approx([-reach, reach])
    assert arms["same"]["video"]["mcnemar_p"] == 1.0


def test_the_first_arm_is_the_base_without_differences(run, tmp_path):
    _, arms = arms_of(compare(run("base", weak), [run("tuned", good_at_video)], output=tmp_path / "out"))
    base = arms["base"]["image"]
    assert (base["score"], base["n"], base["num_clusters"]) == (0.25, 12, 4)
    assert base["delta"] is base["ci95"] is base["mcnemar_p"] is None
    assert arms["base"].keys() == arms["tuned"].keys()
    assert base.keys() == arms["tuned"]["image"].keys()


def test_numbers_agree_with_the_statistics_on_the_files(run, tmp_path):
    base, tuned = run("base", weak), run("tuned", good_at_video)
    _, arms = arms_of(compare(base, [tuned], output=tmp_path / "out"))
    scores = [{r["item_id"]: r for r in read_rows(d / "scores.jsonl")} for d in (base, tuned)]
    ids = sorted(name for name in scores[0] if name.startswith("image"))
    expected = paired_difference(
        *([part[name]["score"] for name in ids] for part in scores),
        [scores[0][name]["cluster"] for name in ids],
    )
    assert arms["tuned"]["image"]["ci95"] == list(expected.ci95)


def test_training_facts_come_from_the_run_card(run, tmp_path, folder):
    base = run("base", weak)
    (folder / "run_card.json").write_text(
        json.dumps({"mean_frames": 11.5, "visual_tokens": 1234, "train_seconds": 9.0})
    )
    _, arms = arms_of(compare(base, [run("tuned", weak)], output=tmp_path / "out"))
    keys = ("mean_frames", "visual_tokens", "train_seconds")
    assert [arms["base"][key] for key in keys] == [None, None, None]
    assert [arms["tuned"][key] for key in keys] == [11.5, 1234, 9.0]


def test_items_that_failed_in_either_run_are_left_out_and_counted(run, root, tmp_path):
    base = run("base", weak)
    kept = (root / "media/0.mp4").read_bytes()
    (root / "media/0.mp4").unlink()
    holed = run("holed", good_at_video)
    (root / "media/0.mp4").write_bytes(kept)
    _, arms = arms_of(compare(base, [holed], output=tmp_path / "out"))
    video = arms["holed"]["video"]
    assert (video["n"], video["num_left_out"], video["before"], video["delta"]) == (9, 3, 0.0, 1.0)
    assert arms["base"]["video"]["n"] == 12
    _, arms = arms_of(compare(holed, [base], output=tmp_path / "other"))
    assert (arms["base"]["video"]["n"], arms["base"]["video"]["num_left_out"]) == (9, 3)


def test_one_modality_alone(run, tmp_path):
    settings = {"benchmarks": ["lab_video"]}
    base, tuned = run("base", weak, **settings), run("tuned", good_at_video, **settings)
    _, arms = arms_of(compare(base, [tuned], output=tmp_path / "out"))
    assert arms["tuned"]["image"] is None
    assert arms["tuned"]["video"]["delta"] == 0.75


def test_batches_and_order_of_answers_do_not_matter(run, tmp_path):
    runs = [run(f"{name}/base", weak, batch_size=size) for name, size in (("a", 2), ("b", 7))]
    others = [run(f"{name}/tuned", good_at_video, batch_size=size) for name, size in (("a", 5), ("b", 1))]
    outputs = [
        compare(b, [a], output=tmp_path / f"out{n}")
        for n, (b, a) in enumerate(zip(runs, others, strict=True))
    ]
    assert len({(directory / "comparison.json").read_bytes() for directory in outputs}) == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"frames": 8}, "frames is 4 in base, 8 in other"),
        ({"benchmarks": ["lab_video"]}, "benchmarks is"),
        ({"limit": 3}, "limit is None in base, 3 in other"),
        ({"max_new_tokens": 5}, "max_new_tokens is 64 in base, 5 in other"),
        ({"text_position": "after_extent"}, "text_position"),
    ],
)
def test_other_settings_cannot_be_compared(run, tmp_path, changes, message):
    base, other = run("base", weak), run("other", weak, **changes)
    with pytest.raises(UsageError, match=message):
        compare(base, [other], output=tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "image-1-1",
            "image-1-9",
            r"1 items are only in base \(lab_image/image-1-1\).*1 items are only in other",
        ),
        ("Which colour", "What colour", "12 items have another question"),
        ('"green", "blue"]', '"green", "blue", "pink"]', "12 items have another question, choices or answer"),
    ],
)
def test_other_items_cannot_be_compared(run, root, tmp_path, old, new, message):
    base = run("base", weak)
    file = root / "benchmarks/lab_image.jsonl"
    file.write_text(file.read_text().replace(old, new))
    other = run("other", weak)
    with pytest.raises(UsageError, match=message):
        compare(base, [other], output=tmp_path / "out")


def test_what_is_no_finished_evaluation_is_refused(run, tmp_path):
    base = run("base", weak)
    with pytest.raises(UsageError, match="not a run directory"):
        compare(base, [tmp_path / "nowhere"], output=tmp_path / "out")
    with pytest.raises(UsageError, match="nothing to compare"):
        compare(base, [], output=tmp_path / "out")
    with pytest.raises(UsageError, match="called 'base'"):
        compare(base, [base], output=tmp_path / "out")
    manifest = read_manifest(base)
    (base / "manifest.json").write_text(json.dumps(manifest | {"status": "interrupted"}))
    with pytest.raises(UsageError, match="not finished"):
        compare(base, [base], output=tmp_path / "out")
    (base / "manifest.json").write_text(json.dumps(manifest | {"stage": "train"}))
    with pytest.raises(UsageError, match="stage 'train'"):
        compare(base, [base], output=tmp_path / "out")


def test_a_finished_comparison_is_reused_and_fresh_starts_over(run, tmp_path):
    base, tuned = run("base", weak), run("tuned", good_at_video)
    directory = compare(base, [tuned], output=tmp_path / "out")
    (directory / "comparison.json").write_text("{}")
    compare(base, [tuned], output=tmp_path / "out")
    assert read_json(directory / "comparison.json") == {}
    compare(base, [tuned], output=tmp_path / "out", fresh=True)
    assert read_json(directory / "comparison.json")["before"] == "base"
    with pytest.raises(UsageError, match="other settings"):
        compare(base, [run("third", weak)], output=tmp_path / "out")
