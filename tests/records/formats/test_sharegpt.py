"""Layout ``sharegpt``: LLaMA-Factory rows."""

import pytest

from framewise.records import Media, Record, Turn
from framewise.records.formats.sharegpt import ShareGPT


def read(**row: object) -> Record:
    return ShareGPT().read(row, default_id="d", source="s")


def talk(question: str) -> list[dict]:
    return [{"from": "human", "value": question}, {"from": "gpt", "value": "yes"}]


def test_llama_factory_row() -> None:
    record = read(
        conversations=talk("<video>Is <image> in it?"), videos=["a.mp4"], images=["b.png"], system="Be brief."
    )
    assert [t.role for t in record.turns] == ["system", "user", "assistant"]
    assert [m.path for m in record.media] == ["a.mp4", "b.png"]
    assert (record.id, record.source, record.task) == ("d", "s", "open_ended")


def test_rows_mapped_by_tags_from_messages() -> None:
    record = read(
        messages=[{"role": "user", "content": "<video>?"}, {"role": "assistant", "content": "A"}],
        videos=["a.mp4"],
    )
    assert record.turns[1] == Turn(role="assistant", text="A")
    assert record.media == (Media(kind="video", path="a.mp4"),)


def test_what_is_written_is_what_llama_factory_reads() -> None:
    row = ShareGPT().write(read(conversations=talk("<video>What?"), videos=["a.mp4"], id="a"))
    assert row == {
        "id": "a",
        "source": "s",
        "task": "open_ended",
        "conversations": talk("<video>What?"),
        "videos": ["a.mp4"],
    }


def test_a_window_cannot_be_written() -> None:
    media = (Media(kind="video", path="a.mp4", start_seconds=2.0),)
    record = Record(
        id="a", source="s", task="caption", media=media, turns=(Turn(role="user", text="<video>"),)
    )
    with pytest.raises(ValueError, match="cannot say start_seconds"):
        ShareGPT().write(record)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"conversations": talk("no marker"), "videos": ["a.mp4"]}, "has 0 <video> but the row gives 1"),
        ({"conversations": talk("<video>")}, "has 1 <video> but the row gives 0"),
        ({"conversations": talk("<video>"), "videos": [["f1.jpg", 2]]}, "must hold the paths of images"),
        ({"conversations": [{"from": "observation", "value": "x"}]}, "role 'observation'"),
        ({"conversations": [{"from": "human"}]}, "'value' must be text, found nothing"),
        ({"conversations": [], "videos": []}, "no turns"),
    ],
)
def test_bad_rows_say_what_is_wrong(row: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(**row)
