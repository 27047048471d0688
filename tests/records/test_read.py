"""Reading datasets as streams: files, folders, layouts, sources, ids and bad rows."""

import json
import tracemalloc
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from framewise._errors import UsageError
from framewise.records import BadRow, read_placed, read_records

LLAVA = {"id": "v1", "video": "a.mp4", "conversations": [{"from": "human", "value": "<image>\nWhat?"}]}
MESSAGES = {"messages": [{"role": "user", "content": "<video>What?"}], "videos": ["b.mp4"]}
SHAREGPT = {"conversations": [{"from": "human", "value": "<image>\nWhat?"}], "images": ["c.png"]}
OURS = {"id": "r", "media": [], "turns": [{"role": "user", "text": "Hello"}]}


def write(file: Path, *rows: object) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    file.write_text("\n".join(lines) + "\n")
    return file


def collect(path: Path, **options: object) -> tuple[list, list[BadRow]]:
    bad: list[BadRow] = []
    return list(read_records(path, on_bad=bad.append, **options)), bad


def test_each_row_may_be_of_its_own_layout(tmp_path: Path) -> None:
    found, bad = collect(write(tmp_path / "mix.jsonl", LLAVA, MESSAGES, SHAREGPT, OURS))
    assert [[m.path for m in r.media] for r in found] == [["a.mp4"], ["b.mp4"], ["c.png"], []]
    assert {r.source for r in found} == {"mix"}
    assert bad == []


def test_an_unknown_layout_lists_the_known_ones_and_the_keys(tmp_path: Path) -> None:
    file = write(tmp_path / "x.jsonl", "{broken", {"question": "?", "answer": "!"})
    with pytest.raises(
        UsageError, match=r"x.jsonl:2.*framewise, llava, messages, sharegpt.*answer, question"
    ):
        collect(file)


def test_an_unknown_row_after_known_ones_is_a_bad_row(tmp_path: Path) -> None:
    found, bad = collect(write(tmp_path / "x.jsonl", LLAVA, {"question": "?"}))
    assert len(found) == 1
    assert bad[0].line == 2
    assert "its keys are question" in bad[0].reason


def test_a_row_of_two_layouts_must_be_named(tmp_path: Path) -> None:
    file = write(tmp_path / "x.jsonl", LLAVA, LLAVA | MESSAGES | {"videos": None})
    _, bad = collect(file)
    assert "llava or messages" in bad[0].reason
    assert len(collect(file, format="llava")[0]) == 2


def test_a_named_layout_is_the_only_one(tmp_path: Path) -> None:
    found, bad = collect(write(tmp_path / "x.jsonl", LLAVA, MESSAGES), format="messages")
    assert len(found) == 1
    assert [b.line for b in bad] == [1]
    with pytest.raises(UsageError, match="did you mean 'llava'"):
        collect(tmp_path / "x.jsonl", format="lava")


def test_a_folder_is_read_in_order_and_names_the_sources(tmp_path: Path) -> None:
    write(tmp_path / "0_30_s" / "b.jsonl", LLAVA)
    write(tmp_path / "0_30_s" / "a.json", json.dumps([dict(LLAVA, id="v0")]))
    write(tmp_path / "top.jsonl", dict(LLAVA, id="v2"))
    write(tmp_path / "named.jsonl", dict(LLAVA, id="v3", data_source="nextqa"))
    write(tmp_path / ".hidden" / "x.jsonl", dict(LLAVA, id="v4"))
    (tmp_path / "0_30_s" / "readme.txt").write_text("not records")
    found, _ = collect(tmp_path)
    assert [(r.id, r.source) for r in found] == [
        ("v0", "0_30_s"),
        ("v1", "0_30_s"),
        ("v3", "nextqa"),
        ("v2", "top"),
    ]


def test_parquet_rows_count_from_one_and_nulls_are_absent(tmp_path: Path) -> None:
    rows = [
        LLAVA | {"image": None},
        {"id": "v2", "image": "b.png", "conversations": LLAVA["conversations"]},
        {"id": "v3"},
    ]
    pq.write_table(
        pa.Table.from_pylist(rows, schema=pa.Table.from_pylist(rows[:2]).schema), tmp_path / "x.parquet"
    )
    found, bad = collect(tmp_path / "x.parquet")
    assert [m.kind for r in found for m in r.media] == ["video", "image"]
    assert [(b.line, "no known layout" in b.reason) for b in bad] == [(3, True)]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(UsageError, match="cannot be read as parquet"):
        collect(tmp_path / "broken.parquet")
    (tmp_path / "x.csv").write_text("a,b")
    with pytest.raises(UsageError, match=r"suffix '.csv': .json, .jsonl, .parquet files are read"):
        collect(tmp_path / "x.csv")
    with pytest.raises(UsageError, match="does not exist"):
        collect(tmp_path / "absent.jsonl")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match="holds no file of records"):
        collect(tmp_path / "folder")
    with pytest.raises(UsageError, match=r"media root .* is not a folder"):
        collect(write(tmp_path / "x.jsonl", LLAVA), media_root=tmp_path / "absent")


def test_mistakes_are_found_before_the_first_row(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        read_records(tmp_path / "absent.jsonl")


@pytest.mark.parametrize(
    "line",
    [
        "{broken",
        "3",
        '"text"',
        "[1]",
        "null",
        "\x00",
        "[" * 50_000,
        "9" * 5000,
        '{"id": "\\ud800", "turns": []}',
    ],
)
def test_bad_lines_are_counted_and_named(tmp_path: Path, line: str) -> None:
    found, bad = collect(write(tmp_path / "x.jsonl", OURS, line, LLAVA))
    assert len(found) == 2
    assert [(b.file, b.line) for b in bad] == [(str(tmp_path / "x.jsonl"), 2)]
    assert str(bad[0]).startswith(f"{tmp_path / 'x.jsonl'}:2: ")


def test_bytes_that_are_no_text_are_a_bad_line(tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    file.write_bytes(b'\xef\xbb\xbf{"turns": [{"role": "user", "text": "a"}]}\n{"turns": "\xff"}\n')
    found, bad = collect(file)
    assert (len(found), [b.line for b in bad]) == (1, [2])


def test_without_a_callback_the_first_bad_row_is_an_error(tmp_path: Path) -> None:
    file = write(tmp_path / "x.jsonl", OURS, "{broken")
    with pytest.raises(UsageError, match=r"x.jsonl:2: not valid JSON"):
        list(read_records(file))


def test_media_outside_the_root_are_bad_rows_and_absolute_ones_inside_become_relative(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    paths = ["../secret.mp4", "/etc/passwd", str(root / "in.mp4"), "http://x/y.mp4"]
    rows = [dict(LLAVA, id=str(i), video=path) for i, path in enumerate(paths)]
    found, bad = collect(write(tmp_path / "x.jsonl", *rows), media_root=root)
    assert [r.media[0].path for r in found] == ["in.mp4"]
    assert [b.line for b in bad] == [1, 2, 4]


def test_missing_media_can_be_bad_rows(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    file = write(tmp_path / "x.jsonl", LLAVA, MESSAGES)
    assert len(collect(file)[0]) == 2
    found, bad = collect(file, require_media=True)
    assert len(found) == 1
    assert "media missing" in bad[0].reason
    assert "b.mp4" in bad[0].reason


def test_a_reused_id_gets_its_content_and_a_repeated_row_is_refused(tmp_path: Path) -> None:
    other = dict(LLAVA, conversations=[{"from": "human", "value": "<image>\nWhy?"}])
    found, bad = collect(write(tmp_path / "x.jsonl", LLAVA, other, LLAVA, other, MESSAGES, MESSAGES))
    assert found[0].id == "v1"
    assert found[1].id.startswith("v1~")
    assert len({r.id for r in found}) == 3
    assert [(b.line, "repeats" in b.reason) for b in bad] == [(3, True), (4, True), (6, True)]


def test_records_know_where_they_stand(tmp_path: Path) -> None:
    file = write(tmp_path / "x.jsonl", "", LLAVA, "", OURS)
    assert [(p.file, p.line, p.record.id) for p in read_placed(file)] == [
        (str(file), 2, "v1"),
        (str(file), 4, "r"),
    ]


def test_memory_is_bounded(tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    text = "<video>" + "word " * 2000
    with file.open("w") as stream:
        for i in range(400):
            row = {"id": i, "messages": [{"role": "user", "content": text}], "videos": [f"{i}.mp4"]}
            stream.write(json.dumps(row) + "\n")
    next(read_records(file))
    tracemalloc.start()
    assert sum(1 for _ in read_records(file)) == 400
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 800_000 < file.stat().st_size / 4
