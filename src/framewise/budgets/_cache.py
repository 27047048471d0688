"""Answers that were paid for once, kept across runs."""

import hashlib
import json
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from framewise._errors import FramewiseError, UsageError
from framewise.budgets._answer import Answer

FILE = "answers.sqlite"
FORMAT = 1
"""Part of every key: answers of another way of asking are other answers."""
_PATIENCE_SECONDS = 60.0
_AT_ONCE = 500


def default_folder() -> Path:
    """``$XDG_CACHE_HOME/framewise``, or where that is not set ``~/.cache/framewise``.

    Raises:
        UsageError: There is no home.
    """
    named = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(named) if named else Path.home() / ".cache") / "framewise"
    except RuntimeError as error:
        raise UsageError(f"there is no place for a cache ({error}): give cache=DIR, or cache=off") from error


def answer_key(identity: Mapping[str, Any], prompt: str, options: Sequence[int]) -> str:
    """Under what an answer is kept; nothing of the prompt can be read from it."""
    text = json.dumps([FORMAT, identity, prompt, list(options)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


class AnswerCache:
    """A file of answers by key, for any number of threads and processes of one machine.

    The first answer that is kept under a key stands. What ``keep`` was given is in the file when it returns, all of
    it or, after a kill, nothing.

    Args:
        folder: Where the file is; made if it is missing.

    Raises:
        UsageError: It cannot be opened there.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self._lock = threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(
                self.path, timeout=_PATIENCE_SECONDS, check_same_thread=False, isolation_level=None
            )
            self._end = weakref.finalize(self, self._database.close)
            _prepare(self._database)
        except (OSError, sqlite3.Error) as error:
            raise UsageError(
                f"{self.path} cannot be used as a cache of answers: {error}; delete it, or give cache=DIR or cache=off"
            ) from error

    def get(self, keys: Sequence[str]) -> dict[str, Answer]:
        """The answers that are kept, by key.

        Raises:
            FramewiseError: The file is damaged.
        """
        found: dict[str, Answer] = {}
        with self._used():
            for start in range(0, len(keys), _AT_ONCE):
                some = keys[start : start + _AT_ONCE]
                places = ",".join("?" * len(some))
                rows = self._database.execute(
                    f"SELECT key, answer FROM answers WHERE key IN ({places})", some
                )
                found |= {key: Answer.from_json(json.loads(answer)) for key, answer in rows}
        return found

    def keep(self, answers: Mapping[str, Answer]) -> dict[str, Answer]:
        """Keep answers; returns those that stand, which are others where another process was first.

        Raises:
            FramewiseError: The file cannot be written.
        """
        rows = [(key, json.dumps(answer.to_json())) for key, answer in answers.items()]
        with self._used():
            self._database.execute("BEGIN IMMEDIATE")
            self._database.executemany("INSERT OR IGNORE INTO answers VALUES (?, ?)", rows)
            self._database.execute("COMMIT")
        return self.get(list(answers))

    def close(self) -> None:
        """Close the file, which is done at the end in any case."""
        self._end()

    @contextmanager
    def _used(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except (sqlite3.Error, ValueError) as error:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise FramewiseError(
                    f"the cache of answers {self.path} failed: {error}; run again with cache=off, or delete it"
                ) from error


def _prepare(database: sqlite3.Connection) -> None:
    """Make the table, with a log beside the file: a commit is one append and not a rewrite.

    Where several processes open a new file at once, sqlite refuses all but one the change to a log, without waiting.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=NORMAL")
            database.execute(
                "CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, answer TEXT) WITHOUT ROWID"
            )
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
