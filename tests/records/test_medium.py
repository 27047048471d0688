"""Media that are made of images: what a record may say of them, in every layout."""

import json
from pathlib import Path

import pytest

from framewise._errors import UsageError
from framewise._plugins import load_plugin
from framewise.records import Media, Record, Turn, convert_records, inspect_records, read_records

_LISTED = Media(kind="video", frames=("a/1.jpg", "a/2.jpg"))


def record(*media: Media) -> Record:
    text = "".join(f"<{m.kind}>" for m in media)
    turns = (Turn(role="user", text=f"{text}?"), Turn(role="assistant", text="yes"))
    return Record(id="r", source="s", task="open_ended", media=media, turns=turns)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({}, "needs a 'path'"),
        ({"path": "a", "fps": 0}, "above 0"),
        ({"path": "a", "fps": float("inf")}, "above 0"),
        ({"path": "a", "fps": 1, "times_seconds": (1.0,)}, "not by both"),
        ({"path": "a", "times_seconds": (1.0, 1.0)}, "strictly increasing"),
        ({"path": "a", "times_seconds": (-1.0, 1.0)}, "strictly increasing"),
        ({"path": "a", "times_seconds": (1.0, float("nan"))}, "strictly increasing"),
        ({"frames": ("a", "b"), "times_seconds": (1.0,)}, "2 images but 1 times"),
        ({"kind": "image", "frames": ("a",)}, "an image is one 'path'"),
        ({"kind": "image", "path": "a", "fps": 1}, "an image is one 'path'"),
    ],
)
def test_media_that_cannot_be(said: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Media(**{"kind": "video", **said})


def test_a_list_is_named_by_its_images_and_times() -> None:
    same = Media(kind="video", frames=("a/1.jpg", "a/2.jpg"), start_seconds=1.0)
    others = [
        Media(kind="video", frames=("a/1.jpg", "a/3.jpg", "a/2.jpg")),
        Media(kind="video", frames=("a/1.jpg", "a/2.jpg"), fps=2.0),
        Media(kind="video", frames=("a/1.jpg", "a/2.jpg"), times_seconds=(0.0, 1.0)),
    ]
    assert _LISTED.path == same.path
    assert _LISTED.path.startswith("a/1.jpg..2.jpg#")
    assert len({_LISTED.path, *(m.path for m in others)}) == 4
    assert _LISTED.files == ("a/1.jpg", "a/2.jpg")


def test_rows_of_our_own_layout(tmp_path: Path) -> None:
    media = [
        {"kind": "video", "path": "folder", "fps": 2},
        {"kind": "video", "frames": ["a/1.jpg", "./a/2.jpg"], "times_seconds": [0, 0.5], "end_seconds": 3},
    ]
    row = {"id": "r", "turns": [{"role": "user", "text": "<video><video>"}], "media": media}
    (tmp_path / "r.jsonl").write_text(json.dumps(row))
    (found,) = read_records(tmp_path / "r.jsonl")
    assert found.media == (
        Media(kind="video", path="folder", fps=2.0),
        Media(kind="video", frames=("a/1.jpg", "a/2.jpg"), times_seconds=(0.0, 0.5), end_seconds=3.0),
    )
    assert found.to_json()["media"][1].keys() == {"kind", "frames", "times_seconds", "end_seconds"}
    assert Record.from_json(json.loads(json.dumps(found.to_json()))) == found


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"frames": ["a"], "path": "b"}, "not both"),
        ({"frames": []}, "at least one image"),
        ({"frames": "a"}, "list of at least one image"),
        ({"frames": ["a", 1]}, "paths of images"),
        ({"path": "a", "fps": "2"}, "'fps' must be a number"),
        ({"path": "a", "times_seconds": [0, "1"]}, "list of numbers"),
        ({"frames": ["../out.jpg"]}, "leaves the media root"),
    ],
)
def test_bad_rows_of_our_own_layout(tmp_path: Path, said: dict, message: str) -> None:
    row = {"turns": [{"role": "user", "text": "<video>"}], "media": [{"kind": "video", **said}]}
    (tmp_path / "r.jsonl").write_text(json.dumps(row))
    with pytest.raises(UsageError, match=message):
        list(read_records(tmp_path / "r.jsonl"))


@pytest.mark.parametrize("layout", ["framewise", "llava", "messages", "sharegpt"])
@pytest.mark.parametrize(
    "media", [(_LISTED,), (_LISTED, Media(kind="video", path="b.mp4")), (_LISTED, _LISTED)]
)
def test_lists_without_times_round_trip(layout: str, media: tuple[Media, ...]) -> None:
    plugin = load_plugin("formats", layout)()
    row = json.loads(json.dumps(plugin.write(record(*media))))
    assert plugin.read(row, default_id="x", source="y").media == media


def test_times_are_never_lost_silently() -> None:
    timed = record(Media(kind="video", frames=("1.jpg", "2.jpg"), fps=2.0))
    messages = load_plugin("formats", "messages")()
    row = messages.write(timed)
    assert row["chat_template_kwargs"] == {"raw_fps": 2.0}
    assert messages.read(row, default_id="x", source="y") == timed
    for layout in ("llava", "sharegpt"):
        with pytest.raises(ValueError, match="cannot say the times of images"):
            load_plugin("formats", layout)().write(timed)
    for media in (
        (Media(kind="video", frames=("1.jpg", "2.jpg"), times_seconds=(0.0, 1.0)),),
        (Media(kind="video", path="folder", fps=2.0),),
        (_LISTED, timed.media[0]),
    ):
        with pytest.raises(ValueError, match="layout messages"):
            messages.write(record(*media))


def test_a_rate_in_a_part_of_a_message() -> None:
    part = {"type": "video", "video": ["1.jpg", "2.jpg"], "raw_fps": 3}
    row = {"messages": [{"role": "user", "content": [part]}], "chat_template_kwargs": {"raw_fps": 1}}
    found = load_plugin("formats", "messages")().read(row, default_id="x", source="y")
    assert found.media == (Media(kind="video", frames=("1.jpg", "2.jpg"), fps=3.0),)


def test_convert_gives_lists_the_rate_that_the_user_names(tmp_path: Path) -> None:
    talk = [{"from": "human", "value": "<video><video>"}, {"from": "gpt", "value": "yes"}]
    row = {"conversations": talk, "videos": [["1.jpg", "2.jpg"], "b.mp4"]}
    (tmp_path / "in.json").write_text(json.dumps([row]))
    convert_records(tmp_path / "in.json", to="framewise", output=tmp_path / "out.jsonl", fps=2.0)
    (found,) = read_records(tmp_path / "out.jsonl")
    assert found.media == (
        Media(kind="video", frames=("1.jpg", "2.jpg"), fps=2.0),
        Media(kind="video", path="b.mp4"),
    )
    with pytest.raises(UsageError, match="above 0"):
        convert_records(tmp_path / "in.json", to="framewise", output=tmp_path / "o.jsonl", fps=0.0)


def test_missing_images_are_counted_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.jpg").touch()
    media = [{"kind": "video", "path": "a"}, {"kind": "video", "frames": ["a/1.jpg", "a/2.jpg"]}]
    row = {"turns": [{"role": "user", "text": "<video><video>"}], "media": media}
    (tmp_path / "r.jsonl").write_text(json.dumps(row))
    found = inspect_records(tmp_path / "r.jsonl")
    assert ([m.path for m in found.missing], found.num_files) == (["a/2.jpg"], 3)
    with pytest.raises(UsageError, match=r"media missing under .*a/2\.jpg"):
        list(read_records(tmp_path / "r.jsonl", require_media=True))
