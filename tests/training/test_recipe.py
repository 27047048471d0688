"""Recipes: what is read, and what is said about a typo."""

from pathlib import Path

import pytest

from framewise._errors import UsageError
from framewise.training import LoraSettings, Recipe, load_recipe

MINIMAL = "model: base\nrecords: data/records.jsonl\n"


def load(folder: Path, text: str) -> Recipe:
    path = folder / "recipe.yaml"
    path.write_text(text)
    return load_recipe(path)


def test_paths_are_relative_to_the_recipe(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    recipe = load(tmp_path, MINIMAL + "budgets: ../budgets\nclips: /clips.jsonl\n")
    assert recipe.model == str(tmp_path / "base")
    assert recipe.records == tmp_path / "data/records.jsonl"
    assert recipe.budgets == tmp_path / "../budgets"
    assert recipe.clips == Path("/clips.jsonl")
    assert recipe.media_root is None


def test_a_hub_name_stays_one(tmp_path: Path) -> None:
    text = "model: Qwen/Qwen2.5-VL-7B-Instruct\nrecords: r.jsonl\n"
    assert load(tmp_path, text).model == "Qwen/Qwen2.5-VL-7B-Instruct"
    (tmp_path / "Qwen").mkdir()
    assert load(tmp_path, text).model == str(tmp_path / "Qwen/Qwen2.5-VL-7B-Instruct")


def test_numbers_of_all_spellings(tmp_path: Path) -> None:
    recipe = load(
        tmp_path,
        MINIMAL + "learning_rate: {projector: 1e-5, language: 2.0e-6}\nlora: {r: 8, alpha: 16}\n",
    )
    assert recipe.rate("projector") == 1e-5
    assert recipe.rate("language") == 2e-6
    assert recipe.lora == LoraSettings(r=8, alpha=16)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("learning_rat: 1\n", "unknown key 'learning_rat': did you mean 'learning_rate'"),
        ("lora: {r: 4, alpha: 4, dropuot: 0.1}\n", r"unknown key 'lora\.dropuot': did you mean 'dropout'"),
        ("lora: {alpha: 4}\n", r"'lora\.r' is missing"),
        ("epochs: 1\nmax_steps: 5\n", "give `epochs` or `max_steps`, not both"),
        ("trainable: []\n", "trainable"),
        ("trainable: [languge]\n", "languge"),
        ("learning_rate: {language: 1.0}\n", "`learning_rate` names .* but `trainable`"),
        ("learning_rate: 0\n", "a learning rate must be above 0"),
        ("trainable: [projector]\nlora: {r: 4, alpha: 4}\n", r"`lora\.parts` \['language'\] must be among"),
        ("batch_size: 0\n", "batch_size = 0"),
        ("bf16: maybe\n", "bf16"),
        ("seed: -1\n", "seed = -1"),
    ],
)
def test_faults_are_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load(tmp_path, MINIMAL + text)


def test_every_fault_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load(tmp_path, "modle: base\nbatch_size: 0\n")
    for part in ("unknown key 'modle'", "'model' is missing", "'records' is missing", "batch_size = 0"):
        assert part in str(caught.value)


@pytest.mark.parametrize("text", ["- a\n", "a: [\n", "", "\x00"])
def test_no_mapping_of_yaml(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match=r"recipe\.yaml"):
        load(tmp_path, text)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        load_recipe(tmp_path / "none.yaml")
