import errno
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framewise import _jsonl
from framewise._errors import UsageError
from framewise._jsonl import RowWriter, read_json, read_rows, write_json, write_rows

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
ROWS = st.lists(st.dictionaries(st.text(), VALUES, max_size=3), max_size=4)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rows") / "rows.jsonl"


@settings(max_examples=30)
@given(ROWS)
def test_rows_round_trip_however_they_are_written(file, rows):
    file.unlink(missing_ok=True)
    with RowWriter(file) as writer:
        for row in rows:
            writer.write(row)
    assert list(read_rows(file)) == rows
    appended = file.read_bytes()
    write_rows(file, rows)
    assert file.read_bytes() == appended


@settings(max_examples=30)
@given(ROWS, st.data())
def test_a_file_that_was_cut_anywhere_goes_on_with_whole_rows(file, rows, data):
    write_rows(file, rows)
    whole = file.read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    file.write_bytes(whole[:cut])
    with RowWriter(file) as writer:
        writer.write({"last": True})
    found = list(read_rows(file))
    assert found == [*rows[: len(found) - 1], {"last": True}]
    assert len(found) - 1 == whole[:cut].count(b"\n")


@pytest.mark.parametrize("content", [b"", b"torn", b"\n", b"{}\n", b"{}\n{", b"a" * 9 + b"\n" + b"b" * 20])
@pytest.mark.parametrize("chunk", [1, 2, 7, 100])
def test_the_torn_line_is_found_in_pieces(tmp_path, content, chunk):
    file = tmp_path / "rows"
    file.write_bytes(content)
    _jsonl._cut_torn_line(file, chunk)
    assert file.read_bytes() == content[: content.rfind(b"\n") + 1]


def test_a_file_name_that_is_not_utf8_survives(tmp_path):
    row = {"path": b"caf\xe9.mp4".decode("utf-8", "surrogateescape")}
    write_rows(tmp_path / "rows.jsonl", [row, {"path": "café"}])
    assert list(read_rows(tmp_path / "rows.jsonl")) == [row, {"path": "café"}]
    write_json(tmp_path / "value.json", row)
    assert read_json(tmp_path / "value.json") == row
    assert "café" in (tmp_path / "rows.jsonl").read_text()


def test_a_missing_file_has_no_rows(tmp_path):
    assert list(read_rows(tmp_path / "none.jsonl")) == []


@pytest.mark.parametrize(
    ("line", "message"), [(b"{nonsense", "not JSON"), (b"[1]", "found list"), (b'"\xff"', "not JSON")]
)
def test_a_bad_line_is_named_with_file_and_line(tmp_path, line, message):
    file = tmp_path / "rows.jsonl"
    file.write_bytes(b"{}\n\n" + line + b"\n")
    with pytest.raises(UsageError, match=rf"rows\.jsonl:3: .*{message}"):
        list(read_rows(file))


def test_a_file_that_is_not_json_is_named(tmp_path):
    (tmp_path / "value.json").write_text("{")
    with pytest.raises(UsageError, match=r"value\.json: not JSON"):
        read_json(tmp_path / "value.json")


def test_a_failed_write_leaves_the_old_file(tmp_path):
    file = tmp_path / "rows.jsonl"
    write_rows(file, [{"old": 1}])

    def rows():
        yield {"new": 1}
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_rows(file, rows())
    assert list(read_rows(file)) == [{"old": 1}]


def test_a_full_disk_leaves_nothing_to_be_written_later(tmp_path):
    full = Path("/dev/full")
    if not full.is_char_device():
        pytest.skip("this system has no device /dev/full")
    writer = RowWriter(tmp_path / "rows.jsonl")
    writer.close()
    writer._file = full.open("ab", buffering=0)
    with pytest.raises(OSError, match="No space left") as caught:
        writer.write({"a": 1})
    assert caught.value.errno == errno.ENOSPC
    writer.close()


def test_a_row_that_the_system_takes_in_parts_is_whole(tmp_path):
    class Slow:
        def __init__(self, file):
            self.file = file

        def write(self, data):
            return self.file.write(bytes(data[:3]))

        def close(self):
            self.file.close()

    with RowWriter(tmp_path / "rows.jsonl") as writer:
        writer._file = Slow(writer._file)  # type: ignore[assignment]
        writer.write({"text": "ünï" * 5})
    assert list(read_rows(tmp_path / "rows.jsonl")) == [{"text": "ünï" * 5}]


def test_json_is_for_people_too(tmp_path):
    write_json(tmp_path / "value.json", {"name": "é"})
    text = (tmp_path / "value.json").read_text()
    assert text == '{\n  "name": "é"\n}\n'
    assert json.loads(text) == {"name": "é"}
