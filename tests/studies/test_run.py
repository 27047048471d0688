"""A study from data to report, on a tiny data root with the lab's checkpoint."""

import pytest

from framewise._artifacts import read_manifest
from framewise._errors import UsageError
from framewise._jsonl import read_json
from framewise.budgets import read_budgets
from framewise.lab import LabConfig, checkpoint_folder, write_lab
from framewise.studies import Arm, Study, Subject, run_study

LAB = LabConfig(seed=0, clips_per_skill=2, still_clips=2, image_items_per_skill=1, video_items_per_skill=1)

PIXELS = {"pixels_per_frame": 40 * 40, "pixels_per_image": 36 * 36}


def make_study(**changes):
    study = {
        "arms": [{"name": "fixed-2", "allocator": "fixed", "settings": {"num_frames": 2}}],
        "training": {"max_steps": 1, "batch_size": 2, **PIXELS},
        "evaluation": {"benchmarks": ["lab_image", "lab_video"], "frames": 2, "max_new_tokens": 2},
    }
    return Study.model_validate(study | changes)


@pytest.fixture(scope="module")
def subject(tmp_path_factory):
    data = write_lab(LAB, output=tmp_path_factory.mktemp("study") / "lab")
    return Subject(
        model=checkpoint_folder(), records=data / "records.jsonl", media_root=data, data_root=data, seed=3
    )


@pytest.fixture(scope="module")
def finished(subject, tmp_path_factory):
    """Folder of a finished study, and what was announced."""
    output, announced = tmp_path_factory.mktemp("runs"), []
    assert (
        run_study(make_study(), subject, output=output, announce=announced.append) == output / "report.html"
    )
    return output, announced


def contents(output):
    """Bytes of every file but the page, which says when it was written."""
    return {p: p.read_bytes() for p in output.rglob("*") if p.is_file() and p.name != "report.html"}


def test_every_stage_leaves_its_finished_directory(finished):
    output, _ = finished
    places = {
        "clips": "probe", "budgets/fixed-2": "allocate", "training/fixed-2": "train",
        "evaluation/base": "evaluate", "evaluation/fixed-2": "evaluate", "comparison": "compare",
    }  # fmt: skip
    for place, stage in places.items():
        manifest = read_manifest(output / place)
        assert (manifest["stage"], manifest["status"]) == (stage, "complete")


def test_the_stages_are_given_what_the_study_says(finished, subject):
    output, _ = finished
    assert {budget.num_frames for budget in read_budgets(output / "budgets" / "fixed-2").values()} == {2}
    card = read_json(output / "training" / "fixed-2" / "model" / "run_card.json")
    assert (card["mean_frames"], card["optimizer_steps"], card["num_samples"]) == (2.0, 1, 2)
    assert (card["recipe"]["seed"], card["recipe"]["model"]) == (3, str(subject.model))
    settings = [
        read_json(output / "evaluation" / name / "results.json")["settings"] for name in ("base", "fixed-2")
    ]
    assert settings[0] == settings[1]
    assert (settings[0]["frames"], settings[0]["max_new_tokens"]) == (2, 2)
    for stated in (card["reading"], *settings):
        assert {key: stated[key] for key in PIXELS} == PIXELS
    assert read_json(output / "budgets" / "fixed-2" / "summary.json")["visual_tokens"] > 0


def test_the_comparison_is_on_top_and_says_the_same(finished):
    output, _ = finished
    comparison = read_json(output / "comparison.json")
    assert comparison == read_json(output / "comparison" / "comparison.json")
    assert [arm["name"] for arm in comparison["arms"]] == ["base", "fixed-2"]
    assert comparison["arms"][1]["mean_frames"] == 2.0
    assert comparison["arms"][1]["image"]["n"] == 7
    assert comparison["arms"][1]["video"]["n"] == 5


def test_the_report_shows_the_arm(finished):
    assert "fixed-2" in (finished[0] / "report.html").read_text(encoding="utf-8")


def test_what_begins_is_announced(finished):
    assert finished[1] == [
        "probing every clip",
        "frame budgets: fixed-2",
        "fine-tuning: fixed-2",
        "evaluation: base",
        "evaluation: fixed-2",
        "comparison and report",
    ]


def test_a_second_call_reuses_everything(finished, subject):
    output, _ = finished
    before = contents(output)
    run_study(make_study(), subject, output=output)
    assert contents(output) == before


def test_another_study_needs_another_folder(finished, subject):
    output, _ = finished
    before = contents(output)
    with pytest.raises(UsageError, match="started with other settings"):
        run_study(make_study(training={"max_steps": 2, "batch_size": 2}), subject, output=output)
    assert contents(output) == before


def test_a_later_arm_is_added_to_what_is_there(finished, subject, monkeypatch):
    """A control deals the first arm's budgets; nothing of the first arm is done again."""
    output, _ = finished
    before = contents(output)

    def train(*_, **__):
        raise RuntimeError("the budgets are all that this test is about")

    monkeypatch.setattr("framewise.training.train", train)
    arms = [*make_study().arms, Arm(name="dealt", allocator="shuffled", deals="fixed-2")]
    with pytest.raises(RuntimeError, match="all that this test"):
        run_study(make_study(arms=arms), subject, output=output)
    dealt = read_manifest(output / "budgets" / "dealt")
    assert dealt["config"]["settings"] == {"seed": 3, "within": "all"}
    assert dealt["inputs"]["budgets"]["path"] == str(output / "budgets" / "fixed-2")
    assert {path: data for path, data in contents(output).items() if path in before} == before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"training": {"learning_rat": 1}}, r"training: unknown key 'learning_rat': did you mean"),
        ({"training": {"max_steps": 1, "epochs": 1}}, "training: give `epochs` or `max_steps`"),
        ({"arms": [{"name": "a", "allocator": "fixd"}]}, "did you mean 'fixed'"),
        ({"arms": [{"name": "a", "allocator": "fixed"}]}, "'num_frames' is missing"),
        ({"evaluation": {"benchmarks": ["lab_vide"], "frames": 2}}, "did you mean 'lab_video'"),
    ],
)
def test_a_mistake_is_found_before_anything_is_done(subject, tmp_path, changes, message):
    with pytest.raises(UsageError, match=message):
        run_study(make_study(**changes), subject, output=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_the_model_is_filled_in(subject, tmp_path, monkeypatch):
    asked = {}

    def allocate(*_, settings, **__):
        asked.update(settings)
        raise RuntimeError("the settings are all that this test is about")

    monkeypatch.setattr("framewise.budgets.allocate", allocate)
    study = make_study(
        arms=[{"name": "a", "allocator": "instruction", "settings": {"model": "{model}", "batch_size": 4}}]
    )
    with pytest.raises(RuntimeError, match="all that this test"):
        run_study(study, subject, output=tmp_path)
    assert asked == {"model": str(subject.model), "batch_size": 4}
