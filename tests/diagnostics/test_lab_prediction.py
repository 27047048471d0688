"""The statistics of ``scripts/lab_prediction.py``; its measurements are those of ``step``, on the trainer itself."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "lab_prediction.py"
BLOCK = np.repeat([0, 1, 2], 4)


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("lab_prediction", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.NUM_DRAWS = 20_000
    return module


def test_equal_orders_agree_and_blocks_are_permuted_in_every_way(script):
    x = np.arange(12.0)
    found = script.correlate(x, x**3, BLOCK)
    assert (found["rho"], found["rho_within"]) == (pytest.approx(1), pytest.approx(1))
    assert found["p"] < 1e-3
    # 24 ways in each of three blocks; the same order and its reverse in all blocks at once are as extreme.
    assert found["num_within"] == 24**3
    assert found["p_within"] == pytest.approx(2 / 24**3)


def test_what_differs_between_seeds_alone_is_nothing_within_them(script):
    rng = np.random.default_rng(0)
    seeds = np.repeat([0.0, 10.0, 20.0], 4)
    found = script.correlate(seeds + rng.random(12), seeds + rng.random(12), BLOCK)
    assert found["rho"] > 0.8
    assert found["p"] < 0.01
    assert found["p_within"] > 0.05


def test_p_values_of_chance_are_even(script):
    rng = np.random.default_rng(1)
    script.NUM_DRAWS = 300
    found = [script.correlate(rng.random(12), rng.random(12), BLOCK)["p"] for _ in range(60)]
    script.NUM_DRAWS = 20_000
    assert 0.3 < np.mean(found) < 0.7


def test_both_tables_have_every_run_and_base(script):
    rows = [
        {
            "base": base, "study": f"demo-{seed}", "arm": arm, "frames": frames, "change": 0.1 * frames + seed,
            "score_change": -frames, **dict.fromkeys(("path", "parabola", "early", "sgd"), 0.1 * seed + frames),
        }
        for base in ("one", "two")
        for seed in range(2)
        for arm, frames in (("fixed-8", 8.0), ("fixed-32", 32.0), ("hybrid", 11.0))
    ]  # fmt: skip
    found = script.analyse(rows)
    assert {(f["base"], f["n"]) for f in found} == {("one", 6), ("two", 6), ("all", 12)}
    text = script.tables(rows, found)
    assert text.count("| fixed-32 |") == 4
    assert "| all | 12 | change | path | " in text
