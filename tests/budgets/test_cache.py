"""Kept answers: what comes out is what went in, whoever else writes and whenever somebody is killed."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framewise._errors import FramewiseError, UsageError
from framewise.budgets._answer import Answer
from framewise.budgets._cache import AnswerCache, answer_key, default_folder

OPTIONS = (8, 16, 32, 64)
ANSWER = Answer(16, (0.1, 0.7, 0.1, 0.1), None)
WRITER = """
import sys
from pathlib import Path
from framewise.budgets._answer import Answer
from framewise.budgets._cache import AnswerCache
cache = AnswerCache(Path(sys.argv[1]))
for number in range(int(sys.argv[3])):
    cache.keep({f"{number}-{i}": Answer(8, (float(sys.argv[2]), float(number))) for i in range(7)})
    if number == 20:
        print("ready", flush=True)
"""


def start_writer(folder: Path, name: int, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), str(name), str(count)], stdout=subprocess.PIPE, text=True
    )


@pytest.fixture
def cache(tmp_path):
    found = AnswerCache(tmp_path)
    yield found
    found.close()


shares = st.lists(st.floats(0, 1), min_size=4, max_size=4).map(tuple)
answers = st.builds(Answer, st.sampled_from(OPTIONS), st.none() | shares, st.none() | st.floats(0, 1))


@given(answers)
def test_an_answer_comes_back_bit_for_bit(answer):
    assert Answer.from_json(json.loads(json.dumps(answer.to_json()))) == answer


@pytest.mark.parametrize(
    "values", [None, 8, [8], [8, None], ["8", None, None], [8, 1, None], {}, [8, [], "x"]]
)
def test_what_is_no_answer_is_an_error(values):
    with pytest.raises(ValueError, match="not an answer"):
        Answer.from_json(values)


def test_answers_are_kept_and_the_first_stands(cache, tmp_path):
    assert cache.get(["a", "b"]) == {}
    assert cache.keep({"a": ANSWER, "b": Answer(8, None)}) == {"a": ANSWER, "b": Answer(8, None)}
    other = AnswerCache(tmp_path)
    assert other.keep({"a": Answer(64, None), "c": ANSWER}) == {"a": ANSWER, "c": ANSWER}
    assert cache.get(["a", "b", "c", "d"]) == {"a": ANSWER, "b": Answer(8, None), "c": ANSWER}
    other.close()


def test_any_number_of_keys_can_be_looked_up(cache):
    cache.keep({str(n): Answer(8, None, n / 4000) for n in range(4000)})
    found = cache.get([str(n) for n in range(5000)])
    assert {key: round(answer.unlisted * 4000) for key, answer in found.items()} == {
        str(n): n for n in range(4000)
    }


def test_a_key_is_of_model_prompt_and_options():
    one = {"model": "a", "dtype": "float32"}
    keys = [
        answer_key(one, "why?", OPTIONS),
        answer_key({**one, "model": "b"}, "why?", OPTIONS),
        answer_key(one, "why? ", OPTIONS),
        answer_key(one, "why?", (8, 16)),
        answer_key(one, "\ud800", OPTIONS),
    ]
    assert len(set(keys)) == 5
    assert answer_key({"dtype": "float32", "model": "a"}, "why?", OPTIONS) == keys[0]
    assert "why" not in "".join(keys)


def test_processes_write_at_once_to_a_file_that_is_not_there_yet(tmp_path):
    writers = [start_writer(tmp_path, name, 40) for name in range(2)]
    for writer in writers:
        writer.communicate(timeout=60)
    assert [writer.returncode for writer in writers] == [0, 0]
    cache = AnswerCache(tmp_path)
    found = cache.get([f"{number}-{i}" for number in range(40) for i in range(7)])
    cache.close()
    assert len(found) == 280
    for number in range(40):
        assert len({found[f"{number}-{i}"] for i in range(7)}) == 1, "what is kept at once is kept as a whole"


def test_a_kill_loses_nothing_that_was_kept_and_tears_nothing(tmp_path):
    writer = start_writer(tmp_path, 0, 10**6)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    os.kill(writer.pid, signal.SIGKILL)
    writer.communicate()
    cache = AnswerCache(tmp_path)
    database = sqlite3.connect(tmp_path / "answers.sqlite")
    (count,) = database.execute("SELECT COUNT(*) FROM answers").fetchone()
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()
    assert count >= 21 * 7
    assert count % 7 == 0
    assert cache.keep({"new": ANSWER}) == {"new": ANSWER}
    cache.close()


def test_what_is_no_cache_is_an_error(tmp_path):
    (tmp_path / "answers.sqlite").write_bytes(b"something else " * 1000)
    with pytest.raises(
        UsageError, match=r"answers.sqlite cannot be used as a cache.*give cache=DIR or cache=off"
    ):
        AnswerCache(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be used as a cache"):
        AnswerCache(tmp_path / "file")


@pytest.mark.parametrize("answer", ["", "{", "[8]", "null", '["8", null, null]'])
def test_a_damaged_answer_is_an_error(cache, answer):
    cache.keep({"a": ANSWER})
    database = sqlite3.connect(cache.path, isolation_level=None)
    database.execute("UPDATE answers SET answer = ?", [answer])
    database.close()
    with pytest.raises(FramewiseError, match="run again with cache=off, or delete it"):
        cache.get(["a"])


def test_a_failed_write_leaves_the_cache_usable(cache):
    database = sqlite3.connect(cache.path, isolation_level=None)
    database.execute(
        "CREATE TRIGGER full BEFORE INSERT ON answers BEGIN SELECT RAISE(FAIL, 'disk full'); END"
    )
    with pytest.raises(FramewiseError, match="failed: disk full"):
        cache.keep({"a": ANSWER})
    database.execute("DROP TRIGGER full")
    database.close()
    assert cache.keep({"a": ANSWER}) == {"a": ANSWER}


def test_the_folder_is_where_the_system_keeps_caches(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "framewise"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_folder() == tmp_path / ".cache" / "framewise"
