"""Layout ``llava``: LLaVA and LLaVA-Video-178K rows."""

import pytest

from framewise.records import Media, Record, Turn
from framewise.records.formats.llava import LLaVA
from framewise.records.formats.sharegpt import ShareGPT


def read(**row: object) -> Record:
    return LLaVA().read(row, default_id="d", source="s")


def talk(question: str) -> list[dict]:
    return [{"from": "human", "value": question}, {"from": "gpt", "value": "yes"}]


def test_llava_video_row_marks_its_video_by_image() -> None:
    row = {
        "id": "1164-3238737531",
        "data_source": "0_30_s_nextqa",
        "task": "open_ended",
        "video": "NextQA/1164/3238737531.mp4",
        "conversations": talk("<image>\nWhat happens at the end?"),
    }
    record = read(**row)
    assert record.turns[0].text == "<video>\nWhat happens at the end?"
    assert record.media == (Media(kind="video", path="NextQA/1164/3238737531.mp4"),)
    assert record.source == "0_30_s_nextqa"
    assert LLaVA().write(record) == row


def test_an_image_stays_an_image() -> None:
    record = read(image="a.png", conversations=talk("<image>\nWhat is it?"))
    assert record.media == (Media(kind="image", path="a.png"),)
    assert record.turns[0].text == "<image>\nWhat is it?"


def test_lists_are_several_media() -> None:
    assert [m.path for m in read(video=["a.mp4", "b.mp4"], conversations=talk("<image><image>")).media] == [
        "a.mp4",
        "b.mp4",
    ]


def test_media_without_markers_stand_at_the_start() -> None:
    assert read(video="a.mp4", conversations=talk("Why?")).turns[0].text == "<video>\nWhy?"
    assert (
        read(image=["a.png", "b.png"], conversations=talk("Why?")).turns[0].text == "<image>\n<image>\nWhy?"
    )


def test_both_kinds_need_their_own_markers() -> None:
    record = read(video="a.mp4", image="b.png", conversations=talk("<image> and <video>"))
    assert [m.path for m in record.media] == ["b.png", "a.mp4"]
    with pytest.raises(ValueError, match="one kind"):
        LLaVA().write(record)


def test_text_alone_is_left_to_sharegpt() -> None:
    row = {"id": "a", "conversations": talk("Hello")}
    assert not LLaVA().recognises(row)
    assert ShareGPT().recognises(row)


def test_a_window_cannot_be_written() -> None:
    media = (Media(kind="video", path="a.mp4", start_seconds=2.0),)
    record = Record(
        id="a", source="s", task="caption", media=media, turns=(Turn(role="user", text="<video>"),)
    )
    with pytest.raises(ValueError, match="cannot say start_seconds"):
        LLaVA().write(record)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"video": "a.mp4", "conversations": talk("<image><image>")}, "has 2 <video> but the row gives 1"),
        ({"conversations": talk("<image>"), "data_source": "x"}, "has 1 <image> but the row gives 0"),
        ({"video": 7, "conversations": talk("<image>")}, "must be a path or a list of paths, found a number"),
        ({"video": "a.mp4", "conversations": [{"from": "gpt", "value": "x"}]}, "has 0 <video>"),
    ],
)
def test_bad_rows_say_what_is_wrong(row: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(**row)
