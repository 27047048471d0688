"""Studies read from YAML: what is allowed, and what a mistake says."""

from importlib.resources import files
from pathlib import Path

import pytest
import yaml

from framewise._errors import UsageError
from framewise._plugins import plugin_names
from framewise.budgets import check_settings
from framewise.studies import load_study
from framewise.training import make_recipe

RECIPES = sorted(Path(str(files("framewise.studies") / "recipes")).glob("*.yaml"))
ARMS = [
    {"name": "fixed-8", "allocator": "fixed", "settings": {"num_frames": 8}},
    {"name": "dealt", "allocator": "shuffled", "deals": "fixed-8"},
]
STUDY = {
    "arms": ARMS,
    "training": {"max_steps": 1},
    "evaluation": {"benchmarks": ["lab_image"], "frames": 8},
}


@pytest.fixture
def load(tmp_path):
    """Load a study after these changes at its top."""

    def load_changed(**changes):
        file = tmp_path / "study.yaml"
        file.write_text(yaml.safe_dump({**STUDY, **changes}))
        return load_study(file)

    return load_changed


def test_a_study_is_read(load):
    study = load()
    assert [arm.name for arm in study.arms] == ["fixed-8", "dealt"]
    assert study.arms[1].deals == "fixed-8"
    assert study.evaluation.batch_size == 8


@pytest.mark.parametrize("file", RECIPES, ids=lambda file: file.stem)
def test_every_shipped_recipe_parses(file):
    study = load_study(file)
    for arm in study.arms:
        settings = arm.settings | ({"budgets": "a-table"} if arm.deals else {})
        check_settings(arm.allocator, settings)
    make_recipe({"model": "m", "records": "r", **study.training}, place=file.name)
    assert set(study.evaluation.benchmarks) <= set(plugin_names("benchmarks"))


def test_recipes_are_shipped():
    assert "lab_demo" in [file.stem for file in RECIPES]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"evaluations": {}}, r"unknown key 'evaluations': did you mean 'evaluation'\?"),
        ({"arms": [{**ARMS[0], "setings": {}}]}, r"unknown key 'arms.0.setings': did you mean 'settings'\?"),
        ({"evaluation": {"benchmarks": ["x"], "frame": 8}}, r"did you mean 'frames'\?"),
        ({"evaluation": {"benchmarks": ["x"]}}, "'evaluation.frames' is missing"),
        ({"evaluation": {"benchmarks": [], "frames": 8}}, "evaluation.benchmarks = "),
        ({"arms": [{**ARMS[0], "name": "../up"}]}, r"arms.0.name = '../up': .*match pattern"),
        ({"arms": [ARMS[0], ARMS[0]]}, r"need different names, .*: \['fixed-8', 'fixed-8'\]"),
        ({"arms": [{**ARMS[0], "name": "base"}]}, "none of them 'base'"),
        ({"arms": ARMS[::-1]}, "arm 'dealt' deals the budgets of 'fixed-8', which is no arm before it"),
        ({"training": {"records": "r.jsonl"}}, "records: these come from what the study is run on"),
        ({"arms": []}, "arms = "),
    ],
)
def test_a_mistake_says_what_is_allowed(load, changes, message):
    with pytest.raises(UsageError, match=message):
        load(**changes)


def test_a_message_names_the_file_and_every_fault(load):
    with pytest.raises(UsageError, match=r"study\.yaml: .*frames' is missing; .*'arm'") as caught:
        load(arm=[], evaluation={"benchmarks": ["x"]})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [("- one\n", "must hold `key: value` lines, found list"), ("arms: [", "is not YAML"), ("", "NoneType")],
)
def test_a_file_that_is_no_mapping_is_refused(tmp_path, text, message):
    (tmp_path / "study.yaml").write_text(text)
    with pytest.raises(UsageError, match=message):
        load_study(tmp_path / "study.yaml")


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(UsageError, match="does not exist: give a YAML file"):
        load_study(tmp_path / "study.yaml")
