import pytest
from hypothesis import given
from hypothesis import strategies as st

from framewise.budgets import Budget, Request
from framewise.budgets._clamp import clamp, frames_in_window
from framewise.clips import Clip
from framewise.records import Media, Record, Turn


def make_clip(num_frames: int, fps: float = 8.0) -> Clip:
    return Clip(path="a.mp4", status="ok", num_frames=num_frames, duration_seconds=num_frames / fps, fps=fps)


def request_for(clip: Clip) -> Request:
    media = (Media(kind="video", path=clip.path),)
    turns = (Turn(role="user", text="<video>what?"),)
    return Request(
        record=Record(id="r", source="s", task="open_ended", media=media, turns=turns),
        media_index=0,
        clip=clip,
    )


@given(wish=st.integers(1, 200), available=st.integers(1, 200), multiple=st.integers(1, 8))
def test_clamped_budgets_are_what_the_clip_and_the_family_allow(wish, available, multiple):
    budget = Budget(record_id="r", media_index=0, num_frames=wish, allocator="a", reason="because")
    got = clamp(budget, request_for(make_clip(available)), multiple)
    limit = min(wish, available)
    fitting = [m for m in range(1, limit + 1) if m % multiple == 0]
    assert got.num_frames == (fitting[-1] if fitting else limit)
    assert got.reason.startswith("because")
    assert (got is budget) == (got.num_frames == wish)
    assert ("clamped" in got.reason) == (got.num_frames != wish)
    assert (f"the clip has {available}" in got.reason) == (wish > available)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (None, None, 30),
        (0.0, 1.0, 10),
        (0.5, 1.5, 10),
        (0.3, 0.6, 3),
        (2.9, None, 1),
        (0.0, 99.0, 30),
        (3.0, 4.0, 0),
    ],
)
def test_windows_count_the_frames_that_sampling_can_choose(start, end, expected):
    media = Media(kind="video", path="a.mp4", start_seconds=start, end_seconds=end)
    assert frames_in_window(make_clip(30, fps=10.0), media) == expected
