"""The streaming JSON reader against the standard library's."""

import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framewise._errors import UsageError
from framewise.records import _json_array
from framewise.records._json_array import read_array

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(_JSON, max_size=6),
    indent=st.sampled_from([None, 0, 2]),
    chunk=st.integers(1, 40),
    ascii_only=st.booleans(),
)
def test_equals_json_load_at_any_chunk_size(
    rows: list, indent: int | None, chunk: int, ascii_only: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.getbasetemp() / "rows.json"
    file.write_text(json.dumps(rows, indent=indent, ensure_ascii=ascii_only), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_json_array, "_CHUNK", chunk)
        found = list(read_array(file))
    assert [value for _, value in found] == rows


def test_lines_are_those_of_the_editor(tmp_path: Path) -> None:
    file = tmp_path / "rows.json"
    file.write_text('\n[\n{"a": 1},\n\n{"a":\n 2}, {"a": 3}\n]\n')
    assert list(read_array(file)) == [(3, {"a": 1}), (5, {"a": 2}), (6, {"a": 3})]


def test_objects_one_after_the_other(tmp_path: Path) -> None:
    file = tmp_path / "rows.json"
    file.write_text('\ufeff{"a": 1}\n{"a": 2}{"a": 3}')
    assert list(read_array(file)) == [(1, {"a": 1}), (2, {"a": 2}), (2, {"a": 3})]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "found the end"),
        ("hello", "begins with"),
        ("[", "not closed"),
        ('[{"a": 1}', "not closed"),
        ('[{"a": 1},]', "a row must follow a comma"),
        ('[{"a": 1} {"a": 2}]', "a comma must stand"),
        ('[{"a": 1}] {"a": 2}', "nothing may follow"),
        ('{"a": 1}]', "Expecting value"),
        ('[\n{"a": 1},\n{"a" 2}]', ":3: not valid JSON"),
        ('[\n{"a": 1},\n{"a": "x\n"}]', ":3: not valid JSON"),
        ('[{"a": "' + "x" * 100, "Unterminated"),
        ("[" * 100_000, "not a row"),
        ("[" + "9" * 5000 + "]", "not a row"),
    ],
)
@pytest.mark.parametrize("chunk", [3, 1 << 20])
def test_broken_files_name_the_line(tmp_path: Path, text: str, message: str, chunk: int) -> None:
    file = tmp_path / "rows.json"
    file.write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_json_array, "_CHUNK", chunk)
        with pytest.raises(UsageError, match=message) as raised:
            list(read_array(file))
    assert str(file) in str(raised.value)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    file = tmp_path / "rows.json"
    file.write_bytes(b'[{"a": "\xff\xfe"}]')
    with pytest.raises(UsageError, match="not UTF-8"):
        list(read_array(file))


def test_memory_is_bounded(tmp_path: Path) -> None:
    file = tmp_path / "rows.json"
    row = json.dumps({"text": "x" * 2000})
    with file.open("w") as stream:
        stream.write("[" + ",\n".join([row] * 10_000) + "]")
    tracemalloc.start()
    assert sum(1 for _ in read_array(file)) == 10_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert file.stat().st_size > 20_000_000
    assert peak < 6_000_000
