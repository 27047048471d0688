"""Layout ``framewise``: our own rows."""

import pytest

from framewise.records import Media
from framewise.records.formats.framewise import Framewise

ROW = {
    "id": "a",
    "source": "lab",
    "task": "multiple_choice",
    "media": [
        {"kind": "video", "path": "a.mp4", "start_seconds": 1.5, "end_seconds": 3},
        {"kind": "image", "path": "b.png"},
    ],
    "turns": [{"role": "user", "text": "<video> then <image>?"}, {"role": "assistant", "text": "A"}],
}


def read(row: dict) -> object:
    return Framewise().read(row, default_id="d", source="s")


def test_reads_windows_and_media_in_order() -> None:
    record = read(ROW)
    assert record.media == (
        Media(kind="video", path="a.mp4", start_seconds=1.5, end_seconds=3.0),
        Media(kind="image", path="b.png"),
    )
    assert Framewise().write(record) == ROW


def test_absent_names_have_defaults_and_further_keys_are_ignored() -> None:
    record = read({"turns": [{"role": "user", "text": "Describe the scene."}], "later": 1})
    assert (record.id, record.source, record.task, record.media) == ("d", "s", "caption", ())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"task": "quiz"}, "task 'quiz' is not one of"),
        ({"id": [1]}, "'id' must be text or a whole number"),
        ({"media": [{"kind": "audio", "path": "a.wav"}]}, "kind 'audio'"),
        ({"media": [{"kind": "video"}]}, "'path' must be text"),
        (
            {"media": [{"kind": "video", "path": "a.mp4", "start_seconds": -1}]},
            "'start_seconds' must be a number",
        ),
        (
            {"media": [{"kind": "video", "path": "a.mp4", "start_seconds": 3, "end_seconds": 2}]},
            "ends at 2.0 s",
        ),
        ({"media": [{"kind": "video", "path": "a.mp4"}]}, "the text marks 2 media"),
        ({"turns": [{"role": "tool", "text": "x"}]}, "role 'tool'"),
        ({"turns": []}, "no turns"),
        ({"turns": "hello"}, "'turns' must be a list of objects, found text"),
    ],
)
def test_bad_rows_say_what_is_wrong(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(ROW | change)
