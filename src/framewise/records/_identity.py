"""Ids that depend on what a row says, never on where it stands."""

import hashlib
import json
from typing import Any


def without_nulls(value: Any) -> Any:
    """The same JSON value without keys whose value is null: a missing key and an empty parquet cell are one.

    >>> without_nulls({"a": None, "b": [{"c": 1, "d": None}]})
    {'b': [{'c': 1}]}
    """
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


def content_id(row: dict[str, Any]) -> str:
    """sha256 of the row's keys and values in a canonical order, 32 hexadecimal digits.

    Raises:
        ValueError: The row holds text that is not Unicode.
    """
    canonical = json.dumps(row, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode("utf-8")).hexdigest()[:32]


class Identities:
    """Gives every row of a dataset an id of its own.

    Datasets reuse ids: LLaVA-Video-178K names the caption, the questions and the options about one video
    alike. The first row with an id keeps it; a later row with other content gets ``<id>~<start of its
    content's sha256>``; a row that says exactly the same again is refused. Memory: two whole numbers a row.
    """

    def __init__(self) -> None:
        self._seen: dict[int, int] = {}

    def assign(self, wanted: str, content: str) -> str:
        """The id of a row that wants the id ``wanted`` and has the content id ``content``.

        Raises:
            ValueError: The same row was there before.
        """
        digest = int(content[:15], 16)
        for candidate in (wanted, f"{wanted}~{content[:12]}"):
            key = int(hashlib.sha256(candidate.encode()).hexdigest()[:15], 16)
            if key not in self._seen:
                self._seen[key] = digest
                return candidate
            if self._seen[key] == digest:
                break
        raise ValueError(f"repeats the record {wanted!r}")
