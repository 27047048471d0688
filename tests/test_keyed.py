import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framewise._errors import FramewiseError, UsageError
from framewise._keyed import KeyedRows, Spool

TEXTS = st.text(st.characters(), max_size=4)
"""Null characters and surrogates too: JSON has both."""
TABLES = st.dictionaries(st.tuples(TEXTS, st.integers(0, 2**62)), st.integers(), max_size=20)


def keyed(table):
    return KeyedRows(((key, {"value": value}) for key, value in table.items()), lambda row: row["value"])


@given(TABLES)
def test_it_is_what_a_dict_is(table):
    found = keyed(table)
    assert dict(found) == table
    assert list(found) == list(table)
    assert list(found.in_row_order()) == list(table.values())
    assert (len(found), bool(found)) == (len(table), bool(table))
    assert ("none of them", 0) not in found
    assert found.get(("none of them", 0)) is None
    with pytest.raises(KeyError):
        found["none of them", 1]


@given(TABLES)
def test_keys_are_sorted_as_python_sorts_them(table):
    expected = [table[key] for key in sorted(table)]
    found = keyed(table).sorted()
    assert list(found) == expected
    assert [found[i] for i in range(len(found))] == expected
    assert list(found[1:5:2]) == expected[1:5:2]
    assert list(found[-3:]) == expected[-3:]
    with pytest.raises(IndexError):
        found[len(table)]


def test_a_key_may_be_one_text():
    assert dict(keyed({"b": 1, "a": 2})) == {"b": 1, "a": 2}
    assert list(keyed({"b": 1, "a": 2}).sorted()) == [2, 1]


def test_of_two_rows_with_one_key_the_later_counts_or_it_is_an_error():
    items = [("a", {"n": 1}), ("b", {"n": 2}), ("a", {"n": 3}), ("b", {"n": 4})]
    assert dict(KeyedRows(items, lambda row: row["n"])) == {"a": 3, "b": 4}

    def refuse(number, key):
        raise UsageError(f"{number} {key}")

    with pytest.raises(UsageError, match="3 a"):
        KeyedRows(items, dict, on_repeated=refuse)


def test_two_readers_take_turns():
    found = keyed({("k", n): n for n in range(1000)})
    assert [a + b for a, b in zip(found.in_row_order(), found.sorted(), strict=True)] == [
        2 * n for n in range(1000)
    ]


def test_a_full_disk_is_a_plain_error():
    def items():
        yield "a", {}
        raise sqlite3.OperationalError("database or disk is full")

    with pytest.raises(FramewiseError, match=r"disk is full.*TMPDIR"):
        KeyedRows(items(), dict)


@given(st.lists(st.dictionaries(TEXTS, st.integers(), max_size=3), max_size=5))
def test_a_spool_is_what_a_list_is(rows):
    spool = Spool()
    for count, row in enumerate(rows, start=1):
        spool.append(row)
        assert len(spool) == count
        assert list(spool) == rows[:count]


def test_rows_know_whether_they_are_sorted():
    assert keyed({}).is_sorted()
    assert keyed({"a": 1, "b": 2}).is_sorted()
    assert not keyed({"b": 1, "a": 2}).is_sorted()
