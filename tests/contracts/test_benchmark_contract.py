"""What every benchmark must satisfy.

The test file of a benchmark, ``tests/evaluation/benchmarks/test_<name>.py``, has ``tiny_data_root(folder)``:
it writes a few items in the official format below ``folder`` and returns the data root.
"""

import importlib.util
import json
import random
import string
from pathlib import Path

import pytest

from framewise._plugins import load_plugin, plugin_names
from framewise.evaluation import Benchmark, Item, words
from framewise.records import strip_markers

BUILDERS = Path(__file__).parents[1] / "evaluation" / "benchmarks"


@pytest.fixture(params=plugin_names("benchmarks"))
def case(request, tmp_path) -> tuple[Benchmark, Path, list[Item]]:
    file = BUILDERS / f"test_{request.param}.py"
    assert file.exists(), f"benchmark {request.param} has no {file}"
    spec = importlib.util.spec_from_file_location(f"builder_of_{request.param}", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    root = module.tiny_data_root(tmp_path)
    benchmark = load_plugin("benchmarks", request.param)()
    items = list(benchmark.items(root))
    assert items, "tiny_data_root wrote no items"
    return benchmark, root, items


def test_modality_is_known(case):
    assert case[0].modality in ("image", "video")


def test_the_gold_text_scores_one(case):
    benchmark, _, items = case
    for item in items:
        score = benchmark.score(item, item.answer)
        assert score.value == 1.0
        assert score.parsed is not None


@pytest.mark.parametrize("text", ["", "  \n", "."])
def test_empty_text_scores_zero_and_is_unparsed(case, text):
    benchmark, _, items = case
    for item in items:
        score = benchmark.score(item, text)
        assert (score.value, score.parsed) == (0.0, None)


def test_ids_are_unique_and_order_is_fixed(case):
    benchmark, root, items = case
    assert len({item.item_id for item in items}) == len(items)
    assert list(benchmark.items(root)) == items


def test_items_of_every_wording_can_be_kept_in_a_row(case):
    benchmark, root, items = case
    for prompt in benchmark.prompts:
        asked = list(benchmark.items(root, prompt=prompt))
        assert {item.item_id for item in items} <= {item.item_id for item in asked}
        for item in asked:
            assert json.loads(json.dumps(dict(item.fields))) == dict(item.fields)


def test_scoring_is_a_function_of_item_and_text(case):
    benchmark, _, items = case
    texts = [item.answer for item in items] + ["something else"]
    first = [benchmark.score(item, text) for item in items for text in texts]
    second = [benchmark.score(item, text) for item in reversed(items) for text in reversed(texts)]
    assert first == second[::-1]


def count_of(part: str, text: str, others: list[str]) -> int:
    """Places where ``part`` stands as whole words, those inside one of the longer ``others`` left out."""
    rest = f" {' | '.join(words(text))} "
    for other in sorted(others, key=lambda other: -len(words(other))):
        if len(words(other)) > len(words(part)):
            rest = rest.replace(f" {' | '.join(words(other))} ", " ")
    return rest.count(f" {' | '.join(words(part))} ")


def test_the_prompt_does_not_give_the_answer_away(case):
    """The answer may be listed, but no more often than some other choice; an open answer not at all."""
    for item in case[2]:
        question = strip_markers(item.prompt)
        others = [choice for choice in item.choices if choice != item.answer]
        most = max((count_of(choice, question, list(item.choices)) for choice in others), default=0)
        assert count_of(item.answer, question, others) <= most, item


def test_chance_is_what_a_blind_guess_among_the_choices_scores(case):
    benchmark, _, items = case
    for item in items:
        if item.choices:
            guesses = [benchmark.score(item, choice).value for choice in item.choices]
            assert sum(guesses) / len(guesses) == pytest.approx(item.chance)


def test_random_text_is_at_or_below_chance(case):
    benchmark, _, items = case
    rng = random.Random(0)
    letters = string.ascii_letters + string.digits + string.punctuation + "   \n"
    texts = ["".join(rng.choices(letters, k=rng.randint(1, 60))) for _ in range(100)]
    scores = [benchmark.score(item, text).value for item in items for text in texts]
    chance = sum(item.chance for item in items) / len(items)
    assert sum(scores) / len(scores) <= chance + 0.02
