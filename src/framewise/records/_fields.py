"""Checked access to the values of a row that somebody else wrote."""

from collections.abc import Mapping
from typing import Any, get_args

from framewise.records._record import Role, Task

_NAMES = {
    dict: "an object",
    list: "a list",
    str: "text",
    bool: "true or false",
    type(None): "nothing",
    bytes: "bytes",
}


def name_of(value: Any) -> str:
    """What a parsed value is, in words.

    >>> name_of([1]), name_of(None), name_of(2.5)
    ('a list', 'nothing', 'a number')
    """
    return _NAMES.get(type(value), "a number")


def text(row: Mapping[str, Any], key: str) -> str:
    """The text under ``key``.

    Raises:
        ValueError: It is missing or not text.
    """
    value = row.get(key)
    if not isinstance(value, str):
        raise ValueError(f"{key!r} must be text, found {name_of(value)}")
    return value


def optional_name(row: Mapping[str, Any], *keys: str) -> str | None:
    """The first of ``keys`` that names something: text, or a whole number as text; None where none does.

    Raises:
        ValueError: A value is neither.
    """
    for key in keys:
        value = row.get(key)
        if value is None or value == "":
            continue
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise ValueError(f"{key!r} must be text or a whole number, found {name_of(value)}")
        return str(value)
    return None


def objects(row: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The list of objects under ``key``.

    Raises:
        ValueError: It is not a list of objects.
    """
    value = row.get(key)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ValueError(f"{key!r} must be a list of objects, found {name_of(value)}")
    return value


def media_paths(row: Mapping[str, Any], key: str) -> list[str]:
    """The paths under ``key``: one, a list of them, or none.

    Raises:
        ValueError: A medium is not given by its path.
    """
    value = row.get(key)
    items = [] if value is None else [value] if isinstance(value, str) else value
    if not isinstance(items, list):
        raise ValueError(f"{key!r} must be a path or a list of paths, found {name_of(value)}")
    for item in items:
        if isinstance(item, list):
            raise ValueError(
                f"{key!r} holds a list of frames; only files are read: write the frames as a video"
            )
        if not isinstance(item, str):
            raise ValueError(f"{key!r} must hold paths, found {name_of(item)}")
    return items


def seconds(row: Mapping[str, Any], key: str) -> float | None:
    """The time in seconds under ``key``, None where there is none.

    Raises:
        ValueError: It is not a number from 0 up.
    """
    value = row.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise ValueError(f"{key!r} must be a number of seconds from 0 up, found {value!r}")
    return float(value)


def check_window(start: float | None, end: float | None) -> None:
    """Check that a window in time is not empty.

    Raises:
        ValueError: It ends before it starts.
    """
    if end is not None and end <= (start or 0.0):
        raise ValueError(f"the window ends at {end} s but starts at {start or 0.0} s")


def task_named(row: Mapping[str, Any]) -> Task | None:
    """The task that the row states, None where it states none.

    Raises:
        ValueError: It states another one than the known ones.
    """
    value = row.get("task")
    tasks: tuple[Task, ...] = get_args(Task)
    task = next((task for task in tasks if task == value), None)
    if task is None and value is not None:
        raise ValueError(f"task {value!r} is not one of {', '.join(tasks)}")
    return task


def role_of(name: Any, roles: Mapping[str, Role]) -> Role:
    """The role that a layout calls ``name``.

    Raises:
        ValueError: The layout's word is not among ``roles``.
    """
    role = roles.get(name) if isinstance(name, str) else None
    if role is None:
        raise ValueError(f"role {name!r} is not one of {', '.join(roles)}")
    return role
