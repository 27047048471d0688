import math
from pathlib import Path

import numpy as np
import pytest

from framewise._errors import UsageError
from framewise._jsonl import write_rows
from framewise.budgets import Budget, Failure, Request
from framewise.budgets._conformal import conformal_margin
from framewise.budgets.allocators.learned import Learned, LearnedSettings


def write_labels(path: Path, needs: dict[tuple[str, int], int]) -> Path:
    write_rows(path, [{"record_id": k[0], "media_index": k[1], "min_frames": m} for k, m in needs.items()])
    return path


def write_table(path: Path, numbers: dict[tuple[str, int], int]) -> Path:
    rows = [
        Budget(record_id=k[0], media_index=k[1], num_frames=m, allocator="x").to_json()
        for k, m in numbers.items()
    ]
    write_rows(path, rows)
    return path


def example_settings(folder: Path, requests: list[Request], tiny_checkpoint: Path) -> dict[str, object]:
    """Settings for the contract of all allocators."""
    pytest.importorskip("sklearn")
    needs = {r.key: 2 ** (1 + n % 6) for n, r in enumerate(requests)}
    return {
        "labels": write_labels(folder / "labels.jsonl", needs),
        "features": str(write_table(folder / "table.jsonl", needs)),
        "model": str(tiny_checkpoint),
        "delta": 0.4,
    }


def test_the_margin_by_hand():
    errors = np.arange(1, 10, dtype=float)
    # The 9th of 9 for 0.1: (9 + 1) * 0.9 = 9; the 5th for 0.5.
    assert conformal_margin(errors, 0.1) == 9
    assert conformal_margin(errors, 0.5) == 5
    with pytest.raises(UsageError, match="needs 19 labelled videos that are set apart, and there are 9"):
        conformal_margin(errors, 0.05)


def test_the_margin_covers_new_samples():
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(2000):
        errors = rng.standard_cauchy(40)
        covered.append(errors[0] <= conformal_margin(errors[1:], 0.1))
    # 0.9 at least; the standard error of 2000 draws is 0.007.
    assert 0.9 - 0.02 < np.mean(covered) < 0.95


@pytest.fixture
def videos(tmp_path, make_requests):
    """600 videos whose need is what a table says, up to noise; the first 400 are labelled."""
    pytest.importorskip("sklearn")
    requests = sorted(make_requests(600), key=lambda r: int(r.record.id[1:]))
    from dataclasses import replace

    requests = [
        replace(r, record=replace(r.record, media=(replace(r.media, path=f"{n}.mp4"),)))
        for n, r in enumerate(requests)
    ]
    rng = np.random.default_rng(0)
    needs = {r.key: int(rng.choice([2, 4, 8, 16, 32, 64])) for r in requests}
    hints = {key: max(1, round(m * 2 ** rng.normal(0, 0.3))) for key, m in needs.items()}
    table = write_table(tmp_path / "hints.jsonl", hints)
    labels = write_labels(tmp_path / "labels.jsonl", dict(list(needs.items())[:400]))
    return requests, needs, table, labels


def test_held_out_videos_are_covered_and_the_hint_is_used(videos):
    requests, needs, table, labels = videos
    settings = LearnedSettings(labels=labels, features=(table,), delta=0.1)
    budgets = {b.key: b for b in Learned(settings).allocate(requests)}
    held_out = [r.key for r in requests[400:]]
    covered = np.mean([budgets[key].num_frames >= needs[key] for key in held_out])
    # 0.9 expected; 200 held-out and about 200 set apart give a standard error of 0.03.
    assert covered > 0.9 - 0.07
    mean = np.mean([budgets[key].num_frames for key in held_out])
    blind = {b.key: b for b in Learned(LearnedSettings(labels=labels, delta=0.1)).allocate(requests)}
    assert mean < 0.75 * np.mean([blind[key].num_frames for key in held_out])
    assert all(b.num_frames % 2 == 0 and 4 <= b.num_frames <= 64 for b in budgets.values())


def test_a_smaller_risk_takes_more_frames(videos):
    requests, _, table, labels = videos
    means = []
    for delta in (0.4, 0.1, 0.02):
        settings = LearnedSettings(labels=labels, features=(table,), delta=delta)
        means.append(np.mean([b.num_frames for b in Learned(settings).allocate(requests)]))
    assert means == sorted(means)
    assert means[0] < means[-1]


def test_the_reason_says_what_was_added(videos):
    requests, _, table, labels = videos
    budget = next(Learned(LearnedSettings(labels=labels, features=(table,))).allocate(requests))
    assert "for a risk of 0.1" in budget.reason
    assert budget.num_frames == 2 * math.ceil(
        min(max(budget.score * 2 ** budget.details["margin"], 4), 64) / 2 - 1e-3
    )


def test_a_video_without_features_is_counted(videos, tmp_path):
    requests, needs, _, labels = videos
    table = write_table(tmp_path / "part.jsonl", dict.fromkeys(list(needs)[1:], 8))
    found = {f.key: f for f in Learned(LearnedSettings(labels=labels, features=(table,))).allocate(requests)}
    assert isinstance(found[requests[0].key], Failure)
    assert sum(isinstance(f, Failure) for f in found.values()) == 1


def test_labels_of_other_videos_are_refused(make_requests, tmp_path):
    labels = write_labels(tmp_path / "l.jsonl", {("another", 0): 8})
    with pytest.raises(UsageError, match="labels 0 of these videos: too few to learn from"):
        list(Learned(LearnedSettings(labels=labels)).allocate(make_requests(4)))
