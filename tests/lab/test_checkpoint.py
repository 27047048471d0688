"""The shipped checkpoint has the skills that the demo's story needs, on worlds it was not trained on."""

import json

import numpy as np
import pytest

from framewise.budgets import question_prompt
from framewise.budgets._model import open_text_model
from framewise.budgets._options import option_log_probabilities
from framewise.evaluation import evaluate
from framewise.lab import LabConfig, checkpoint_folder, write_lab
from framewise.lab._wording import IMAGE, OPTIONS, PACES, VIDEO, phrase
from framewise.lab._worlds import WORLDS

CONFIG = LabConfig(
    seed=1000, clips_per_skill=1, still_clips=0, image_items_per_skill=60, video_items_per_skill=1
)


@pytest.fixture(scope="module")
def image_results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoint")
    data = write_lab(CONFIG, output=folder / "data")
    run = evaluate(
        checkpoint_folder(),
        benchmarks=["lab_image"],
        data_root=data,
        frames=2,
        batch_size=64,
        max_new_tokens=6,
        output=folder / "run",
    )
    return json.loads((run / "results.json").read_text())["benchmarks"]["lab_image"]


def test_image_score_is_at_least_ninety_percent(image_results):
    assert image_results["num_failed"] == 0
    assert image_results["score"] >= 0.90


def test_every_image_skill_is_far_above_chance(image_results):
    for name, subtask in image_results["subtasks"].items():
        assert subtask["score"] >= subtask["chance"] + 0.25, name


def _choices(texts):
    model, tokenizer = open_text_model(str(checkpoint_folder()), device="cpu", dtype="float32")
    prompts = [question_prompt(text, OPTIONS) for text in texts]
    scores = option_log_probabilities(model, tokenizer, prompts, OPTIONS, batch_size=16)
    return [OPTIONS[int(np.argmax(row))] for row in scores]


def test_it_reads_the_pace_in_sentences_that_it_never_saw():
    rng = np.random.default_rng(0)
    asked = [
        (phrase(VIDEO[skill], rng, pace=str(rng.choice(words)), **WORLDS[skill].random(rng, 8).names), option)
        for skill in WORLDS
        for option, words in PACES.items()
        for _ in range(6)
    ]
    assert np.mean([c == o for c, (_, o) in zip(_choices([t for t, _ in asked]), asked, strict=True)]) >= 0.8


def test_it_gives_the_smallest_budget_to_questions_that_one_frame_answers():
    rng = np.random.default_rng(1)
    asked = [phrase(templates, rng, a="ring", b="circle") for templates in IMAGE.values() for _ in range(4)]
    assert np.mean([choice == OPTIONS[0] for choice in _choices(asked)]) >= 0.8
