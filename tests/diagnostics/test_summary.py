"""Estimates on gradients whose alignment, norms, exchange rate, replay share and m* are known."""

import dataclasses

import numpy as np
import pytest
from known_gradients import ALPHA, IMAGE, SHARED, TEMPORAL, tables

from framewise._errors import UsageError
from framewise.diagnostics._allocation import beyond_need, selection_effect
from framewise.diagnostics._draws import Estimate, resample
from framewise.diagnostics._summary import _draw, summarise
from framewise.diagnostics._threshold import falling_fit, threshold

BUDGETS = {str(i): (1 if i % 2 else 8) for i in range(240)}


def test_without_noise_every_number_is_the_closed_form():
    videos, images = tables(noise=0.0)
    found = summarise(videos, images, seed=0)
    assert found["image"]["norm"]["value"] == pytest.approx(4)
    assert found["image"]["permuted"]["value"] == 0
    for row, alpha in zip(found["per_frames"], ALPHA, strict=True):
        gradient = SHARED + alpha * TEMPORAL
        along, square = IMAGE @ gradient, gradient @ gradient
        assert row["alignment"]["value"] == pytest.approx(4 - 2 * alpha) == pytest.approx(along)
        assert row["alignment"]["ci95"] == pytest.approx([along, along])
        assert row["fall_from_first"]["value"] == pytest.approx(2 * alpha)
        assert row["squared_norm"]["value"] == pytest.approx(square)
        assert row["second_moment"]["value"] == pytest.approx(square)
        assert row["cosine_corrected"]["value"] == pytest.approx(along / 2 / square**0.5)
        assert row["cosine_plain"] == pytest.approx(along / 2 / square**0.5)
        assert row["exchange_rate"]["value"] == pytest.approx(along / square)
        assert row["replay_share"]["value"] == pytest.approx(max(0, -along) / (4 + max(0, -along)))
        assert [m["value"] for m in row["modules"]] == pytest.approx(list(IMAGE * gradient))
    # Eq. 22: alpha = 2 at m = 4, where the alignment is exactly zero.
    assert found["threshold"]["m_star"] == 4
    assert found["threshold"]["ci95"] == [4, 4]
    assert found["threshold"]["monotone"]


def test_mixing_in_the_replay_share_stops_the_image_loss_from_rising():
    videos, images = tables(noise=0.0)
    share = summarise(videos, images, seed=0)["per_frames"][-1]["replay_share"]["value"]
    gradient = SHARED + ALPHA[-1] * TEMPORAL
    assert IMAGE @ (share * IMAGE + (1 - share) * gradient) == pytest.approx(0, abs=1e-9)


def test_with_noise_norms_are_unbiased_and_signs_are_found():
    found = summarise(*tables(), seed=0)
    rows = found["per_frames"]
    for row, alpha in zip(rows, ALPHA, strict=True):
        gradient = SHARED + alpha * TEMPORAL
        assert row["squared_norm"]["value"] == pytest.approx(gradient @ gradient, rel=0.15)
        # 2 noise^2 in each of three coordinates: the second moment of single samples has it, the norm has not.
        assert row["second_moment"]["value"] == pytest.approx(gradient @ gradient + 1.5, rel=0.15)
        assert abs(row["alignment"]["value"] - (4 - 2 * alpha)) < 3 * row["alignment"]["se"]
    assert found["image"]["norm"]["value"] == pytest.approx(4, rel=0.1)
    assert found["threshold"]["m_star"] == 4
    assert found["threshold"]["trend_p"] < 1e-6
    assert "lowers the image loss as well at m = 1, 2" in found["findings"][0]
    assert "raises the image loss at m = 8" in found["findings"][0]
    assert found["findings"][1].startswith("m* is 4 frames")
    assert "carry the conflict, and freezing them removes it to first order: x." in found["findings"][4]


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    covered = []
    for seed in range(40):
        drawn = _draw(tables(num=64, seed=seed)[0], seed)
        low, high = Estimate.of(0.0, drawn.draws[:, -1].sum(axis=-1)).ci95
        covered.append(low < -2 < high)
    assert np.mean(covered) >= 0.8


def test_a_range_without_a_change_of_sign_says_so():
    found = summarise(*tables(shift=8.0), seed=0)
    assert found["threshold"]["m_star"] is None
    assert found["threshold"]["share_in_range"] == 0
    assert found["findings"][1].startswith("No m* in the range tested, 1 to 8")
    assert found["findings"][3].startswith("No image replay is needed")


def test_few_videos_give_no_sign():
    found = summarise(*tables(num=50), seed=0)
    assert not found["enough_clusters"]
    assert len(found["findings"]) == 1
    assert "Only 50 different videos" in found["findings"][0]


def test_questions_about_one_video_count_as_one():
    rng = np.random.default_rng(0)
    values, groups = np.repeat(rng.standard_normal(60), 4), np.repeat(np.arange(60), 4)
    wide = Estimate.of(values.mean(), resample(values, groups, rng))
    narrow = Estimate.of(values.mean(), resample(values, np.arange(240), rng))
    assert wide.se == pytest.approx(2 * narrow.se, rel=0.2)


def test_a_fit_never_rises_and_keeps_what_falls():
    assert falling_fit(np.array([3.0, 2.0, -1.0])).tolist() == [3.0, 2.0, -1.0]
    assert falling_fit(np.array([1.0, 3.0, -1.0])).tolist() == [2.0, 2.0, -1.0]


def test_a_first_number_of_frames_that_is_not_positive_is_the_threshold():
    draws = np.tile([-1.0, -2.0], (10, 1))
    found = threshold((4, 8), draws[0], draws, [draws, draws])
    assert (found["m_star"], found["ci95"], found["trend_p"]) == (4, [4, 4], None)


def test_selection_is_the_covariance_of_budget_and_alignment():
    videos, _ = tables(noise=0.3)
    own = videos.halves.mean(axis=0).sum(axis=-1)
    change = own[:, 3] - own[:, 0]
    kind = {str(i): (1 if change[i] < np.median(change) else 8) for i in range(240)}
    found = selection_effect(videos, kind, seed=0)
    column = np.array([0 if kind[str(i)] == 1 else 3 for i in range(240)])
    share = np.mean(column == 0)
    expected = np.mean(own[np.arange(240), column] - (share * own[:, 0] + (1 - share) * own[:, 3]))
    assert found["effect"]["value"] == pytest.approx(expected)
    assert found["effect"]["ci95"][0] > 0
    constant = selection_effect(videos, dict.fromkeys(kind, 4), seed=0)
    assert constant["effect"]["value"] == pytest.approx(0)


def test_budgets_must_have_been_measured():
    videos, _ = tables()
    with pytest.raises(UsageError, match="budgets of 3 frames"):
        selection_effect(videos, {"0": 3}, seed=0)
    with pytest.raises(UsageError, match="none of the videos"):
        selection_effect(videos, {"other": 4}, seed=0)


def test_changes_beyond_the_need_are_paired_by_sample():
    videos, _ = tables(noise=0.0)
    found = beyond_need(videos, {**{str(i): 2 for i in range(100)}, "101": 16}, seed=0)
    assert [entry["ratio"] for entry in found] == [2, 4]
    assert {entry["n"] for entry in found} == {100}
    assert found[0]["alignment"]["value"] == pytest.approx(-2)
    squares = [np.sum((SHARED + a * TEMPORAL) ** 2) for a in (1, 2)]
    assert found[0]["squared_norm"]["value"] == pytest.approx(squares[1] - squares[0])


def test_an_image_gradient_of_zero_is_said_and_nothing_rests_on_it():
    videos, images = tables()
    lost = dataclasses.replace(images, cross=images.cross - images.cross.mean(axis=0))
    found = summarise(videos, lost, seed=0)
    assert found["findings"][0].startswith("The image gradient cannot be told from zero")
    assert [row["replay_share"]["value"] for row in found["per_frames"]] == [None] * 4
    assert any("No share of image replay can be told" in sentence for sentence in found["findings"])


def test_halves_that_disagree_make_every_interval_wider():
    videos, images = tables()
    apart = np.stack([videos.halves[0] * 3, -videos.halves[1]])
    doubtful = summarise(
        dataclasses.replace(videos, halves=apart), images, seed=0, truth={"0": 2}, budgets=BUDGETS
    )
    sure = summarise(videos, images, seed=0, truth={"0": 2}, budgets=BUDGETS)
    for row, plain in zip(doubtful["per_frames"], sure["per_frames"], strict=True):
        assert row["alignment"]["value"] == pytest.approx(plain["alignment"]["value"], abs=1)
        if abs(row["alignment"]["value"]) > 1:
            assert row["alignment"]["se"] > 5 * plain["alignment"]["se"]
            assert row["exchange_rate"]["se"] > 3 * plain["exchange_rate"]["se"]
    assert "cannot be told from one that leaves the image loss alone" in doubtful["findings"][0]
    assert doubtful["selection"]["table"]["se"] > sure["selection"]["table"]["se"]
    assert doubtful["findings"][1].startswith("No m* can be told")
    assert "no module is named" in doubtful["findings"][4]
