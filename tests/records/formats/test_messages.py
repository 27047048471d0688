"""Layout ``messages``: ms-swift and Hugging Face rows."""

import pytest

from framewise.records import Media, Record, Turn
from framewise.records.formats.messages import Messages


def read(**row: object) -> Record:
    return Messages().read(row, default_id="d", source="s")


def user(content: object) -> list[dict]:
    return [{"role": "user", "content": content}, {"role": "assistant", "content": "yes"}]


def test_ms_swift_row() -> None:
    record = read(
        messages=[{"role": "system", "content": "Be brief."}, *user("<image>like <video>or <image>?")],
        videos=["a.mp4"],
        images=["b.png", "c.png"],
        channel="nextqa",
        id=17,
    )
    assert [m.path for m in record.media] == ["b.png", "a.mp4", "c.png"]
    assert (record.id, record.source) == ("17", "nextqa")
    assert record.turns[1] == Turn(role="user", text="<image>like <video>or <image>?")


def test_typed_parts_with_and_without_files() -> None:
    parts = [
        {"type": "video", "video": "a.mp4", "video_start": 1.0, "video_end": 4.0},
        {"type": "text", "text": "Before"},
        {"type": "image"},
        {"type": "text", "text": "?"},
        {"type": "video", "path": "b.mp4"},
    ]
    record = read(messages=user(parts), images=["c.png"])
    assert record.turns[0].text == "<video>Before<image>?<video>"
    assert record.media == (
        Media(kind="video", path="a.mp4", start_seconds=1.0, end_seconds=4.0),
        Media(kind="image", path="c.png"),
        Media(kind="video", path="b.mp4"),
    )


def test_media_without_markers_stand_first_as_in_ms_swift() -> None:
    record = read(
        messages=[{"role": "system", "content": "S"}, *user("Why?")], videos=["a.mp4"], images=["b.png"]
    )
    assert [t.text for t in record.turns[:2]] == ["S", "<video><image>Why?"]
    assert [m.kind for m in record.media] == ["video", "image"]


def test_one_window_for_all_videos() -> None:
    options = {"video_start": 2.0, "video_end": 5.5, "nframes": 16}
    record = read(
        messages=user("<video><image>"), videos=["a.mp4"], images=["b.png"], chat_template_kwargs=options
    )
    assert record.media[0] == Media(kind="video", path="a.mp4", start_seconds=2.0, end_seconds=5.5)
    assert record.media[1] == Media(kind="image", path="b.png")
    row = Messages().write(record)
    assert row["chat_template_kwargs"] == {"video_start": 2.0, "video_end": 5.5}


def test_windows_that_differ_cannot_be_written() -> None:
    turns = (Turn(role="user", text="<video><video>"),)
    media = (Media(kind="video", path="a.mp4", end_seconds=2.0), Media(kind="video", path="b.mp4"))
    record = Record(id="a", source="s", task="caption", media=media, turns=turns)
    with pytest.raises(ValueError, match="one window for all videos"):
        Messages().write(record)
    image = Record(
        id="a",
        source="s",
        task="caption",
        media=(Media(kind="image", path="a.png", end_seconds=2.0),),
        turns=(Turn(role="user", text="<image>"),),
    )
    with pytest.raises(ValueError, match="no window for an image"):
        Messages().write(image)


def test_what_is_written_has_no_empty_keys() -> None:
    row = Messages().write(read(messages=user("Hi"), id="a"))
    assert row == {
        "id": "a",
        "source": "s",
        "task": "open_ended",
        "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "yes"}],
    }


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            {"messages": user("<video><video>"), "videos": ["a.mp4"]},
            "the text has 2 <video> but the row gives 1 video",
        ),
        (
            {"messages": user("<video>"), "videos": ["a.mp4", "b.mp4"]},
            "the text has 1 <video> but the row gives 2",
        ),
        ({"messages": user("<image>"), "videos": ["a.mp4"]}, "has 0 <video>"),
        ({"messages": user("<video>"), "videos": [["f1.jpg", 2]]}, "must hold the paths of images"),
        ({"messages": user("<video>"), "videos": [[]]}, "at least one image"),
        ({"messages": user("<image>"), "images": [["f1.jpg"]]}, "must hold paths, found a list"),
        ({"messages": user("<video>"), "videos": [{"bytes": "x"}]}, "must hold paths, found an object"),
        ({"messages": user([{"type": "audio"}])}, "part of type 'audio'"),
        ({"messages": user(3)}, "'content' must be text or a list of parts, found a number"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "role 'tool'"),
        ({"messages": "hello"}, "'messages' must be a list"),
        ({"messages": user("<video>"), "videos": ["a.mp4"], "chat_template_kwargs": 3}, "must be an object"),
    ],
)
def test_bad_rows_say_what_is_wrong(row: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(**row)
