"""What every dataset layout must satisfy."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from framewise._plugins import load_plugin, plugin_names
from framewise.records import Format, Media, Record, Turn, convert_records, read_records
from framewise.records._identity import without_nulls

FORMATS = plugin_names("formats")
_WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="<>"), max_size=30)
_NAMES = st.text(st.characters(categories=["L", "Nd"], include_characters="-_ ."), min_size=1, max_size=12)
_SECONDS = st.floats(0, 1000, allow_nan=False)


def make(name: str) -> Format:
    layout: Format = load_plugin("formats", name)()
    return layout


@st.composite
def records(draw: st.DrawFn) -> Record:
    """Any record: markers anywhere in the turns, both kinds of media, windows now and then."""
    turns, media = [], []
    roles = draw(
        st.sampled_from([["user"], ["user", "assistant"], ["system", "user", "assistant"] + ["user"] * 2])
    )
    for role in roles:
        text = draw(_WORDS)
        for kind in draw(st.lists(st.sampled_from(["video", "image"]), max_size=2)):
            text += f"<{kind}>" + draw(_WORDS)
            window = {}
            if kind == "video" and draw(st.integers(0, 5)) == 0:
                start = draw(_SECONDS)
                window = {"start_seconds": start, "end_seconds": start + 1.0}
            media.append(Media(kind=kind, path="media/" + draw(_NAMES), **window))
        turns.append(Turn(role=role, text=text))
    return Record(
        id=draw(_NAMES),
        source=draw(_NAMES),
        task=draw(st.sampled_from(["caption", "open_ended", "multiple_choice"])),
        media=tuple(media),
        turns=tuple(turns),
    )


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
_NAMES_OF_KEYS = """
    id source task media turns messages conversations videos images video image data_source system channel
    chat_template_kwargs role content from value text kind path type start_seconds video_start
"""
_KEYS = st.sampled_from(_NAMES_OF_KEYS.split())
_HOSTILE = st.dictionaries(
    _KEYS,
    _JSON | st.lists(st.dictionaries(_KEYS, _JSON | _KEYS, max_size=4), max_size=3),
    max_size=6,
)


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(record=records())
def test_round_trip_keeps_everything_or_refuses(name: str, record: Record) -> None:
    layout = make(name)
    try:
        row = layout.write(record)
    except ValueError:
        assert name != "framewise", "our own layout can say everything"
        return
    row = without_nulls(json.loads(json.dumps(row)))
    assert layout.read(row, default_id="absent", source="absent") == record


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(record=records())
def test_a_plain_record_is_never_refused_and_recognised_by_its_own_layout_alone(
    name: str, record: Record
) -> None:
    media = tuple(Media(kind="video", path=m.path) for m in record.media)
    turns = tuple(Turn(role=t.role, text=t.text.replace("<image>", "<video>")) for t in record.turns)
    plain = Record(id=record.id, source=record.source, task=record.task, media=media, turns=turns)
    row = make(name).write(plain)
    assert [other for other in FORMATS if make(other).recognises(row)] == [name]
    assert make(name).read(row, default_id="absent", source="absent") == plain


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(row=_HOSTILE)
def test_a_hostile_row_is_a_record_or_a_value_error(name: str, row: dict) -> None:
    layout = make(name)
    layout.recognises(row)
    try:
        record = layout.read(row, default_id="x", source="y")
    except ValueError:
        return
    assert record.id
    assert record.turns


def _plain(i: int) -> Record:
    return Record(
        id=f"r{i}",
        source="src",
        task="open_ended",
        media=(Media(kind="video", path=f"{i}.mp4"),),
        turns=(Turn(role="user", text=f"<video>\nWhat is {i}?"), Turn(role="assistant", text="it")),
    )


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("suffix", [".json", ".jsonl", ".parquet"])
def test_every_file_type_carries_the_layout(name: str, suffix: str, tmp_path: Path) -> None:
    wanted = [_plain(i) for i in range(5)]
    source = tmp_path / "in.jsonl"
    source.write_text("".join(json.dumps(r.to_json()) + "\n" for r in wanted))
    output = tmp_path / f"out{suffix}"
    assert convert_records(source, to=name, output=output).num_written == 5
    assert list(read_records(output)) == wanted
    assert list(read_records(output, format=name)) == wanted


@pytest.mark.parametrize("name", FORMATS)
def test_ids_come_from_content_not_from_position_or_file_type(name: str, tmp_path: Path) -> None:
    rows = [make(name).write(_plain(i)) for i in range(6)]
    for row in rows:
        del row["id"]
    found = []
    for file, part in (("a.jsonl", rows), ("b.jsonl", rows[::-1])):
        (tmp_path / file).write_text("".join(json.dumps(row) + "\n" for row in part))
        found.append({r.media[0].path: r.id for r in read_records(tmp_path / file)})
    (tmp_path / "c.json").write_text(json.dumps([dict(reversed(row.items())) for row in rows], indent=1))
    found.append({r.media[0].path: r.id for r in read_records(tmp_path / "c.json")})
    assert found[0] == found[1] == found[2]
    assert len(set(found[0].values())) == 6


@pytest.mark.parametrize("name", FORMATS)
def test_a_bad_row_names_its_file_and_line(name: str, tmp_path: Path) -> None:
    rows = [make(name).write(_plain(i)) for i in range(3)]
    extra_marker = json.dumps(rows[1]).replace("What is", "<video> What is").replace("<video>", "<video>", 1)
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join([json.dumps(rows[0]), extra_marker, "{broken", "", json.dumps(rows[2])]))
    bad: list = []
    assert [r.id for r in read_records(file, on_bad=bad.append)] == ["r0", "r2"]
    assert [(b.file, b.line) for b in bad] == [(str(file), 2), (str(file), 3)]
    assert "<video>" in bad[0].reason
