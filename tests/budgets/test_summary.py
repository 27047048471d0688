import pytest

from framewise.budgets import Budget, Request
from framewise.budgets._summary import PAPER_HISTOGRAM, Tally
from framewise.clips import Clip
from framewise.records import Media, Record, Turn

CLIP = Clip(path="a.mp4", status="ok", num_frames=64)


def request_for(number: int, source: str, task: str) -> Request:
    media = (Media(kind="video", path="a.mp4"),)
    turns = (Turn(role="user", text="<video>what?"),)
    record = Record(id=str(number), source=source, task=task, media=media, turns=turns)  # type: ignore[arg-type]
    return Request(record=record, media_index=0, clip=CLIP)


def budget(number: int, num_frames: int) -> Budget:
    return Budget(record_id=str(number), media_index=0, num_frames=num_frames, allocator="a")


def summary_of(frames: list[int], wished: list[int] | None = None):
    made = [request_for(n, "ab"[n % 2], ("caption", "open_ended")[n % 2]) for n in range(len(frames))]
    wishes = [budget(n, m) for n, m in enumerate(wished or frames)]
    tally = Tally()
    for request, wish, number in zip(made, wishes, frames, strict=True):
        tally.add(request, wish, budget(int(request.record.id), number))
    return tally.result({})


def test_counts_by_hand():
    found = summary_of([8, 64, 8, 16], wished=[8, 64, 8, 32])
    assert found["n"] == 4
    assert found["histogram"] == {"8": 2, "16": 1, "64": 1}
    assert list(found["histogram"]) == ["8", "16", "64"]
    assert found["shares"] == {"8": 0.5, "16": 0.25, "64": 0.25}
    assert found["mean_frames"] == 24
    assert found["num_clamped"] == 1
    assert found["by_source"]["a"] == {"n": 2, "mean_frames": 8, "histogram": {"8": 2}, "shares": {"8": 1.0}}
    assert found["by_task"]["open_ended"]["mean_frames"] == 40


def test_the_papers_numbers():
    paper = summary_of([8])["paper"]
    assert paper["n"] == 74_500
    assert paper["mean_frames"] == pytest.approx(11.05, abs=0.005)
    shares = [round(100 * share, 2) for share in paper["shares"].values()]
    assert shares == [77.32, 15.29, 7.2, 0.18]
    assert paper["distance"] == pytest.approx(1 - PAPER_HISTOGRAM[8] / 74_500)


def test_distance_is_zero_for_the_papers_shares_and_one_for_nothing_in_common():
    assert summary_of([5])["paper"]["distance"] == pytest.approx(1)
    scaled = [m for m, count in PAPER_HISTOGRAM.items() for _ in range(round(count / 137))]
    assert summary_of(scaled)["paper"]["distance"] == pytest.approx(0, abs=0.005)
