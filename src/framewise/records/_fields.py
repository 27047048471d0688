"""Checked access to the values of a row that somebody else wrote."""

from collections.abc import Mapping
from typing import Any, get_args

from framewise.records._medium import Media, MediaKind
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


def given_media(row: Mapping[str, Any], key: str, kind: MediaKind) -> list[Media]:
    """The media under ``key``: a path, a list, or none; a list in the list is a video made of images.

    Raises:
        ValueError: A medium is given neither by its path nor, for a video, by its images.
    """
    value = row.get(key)
    items = [] if value is None else [value] if isinstance(value, str) else value
    if not isinstance(items, list):
        raise ValueError(f"{key!r} must be a path or a list of paths, found {name_of(value)}")
    return [given_medium(item, key, kind) for item in items]


def given_medium(item: Any, key: str, kind: MediaKind) -> Media:
    """One medium of ``given_media``.

    Raises:
        ValueError: See ``given_media``.
    """
    if isinstance(item, str):
        return Media(kind=kind, path=item)
    if kind == "image" or not isinstance(item, list):
        raise ValueError(f"{key!r} must hold paths, found {name_of(item)}")
    return Media(kind=kind, frames=image_paths(item, key))


def image_paths(value: Any, key: str) -> tuple[str, ...]:
    """The paths of the images that make up one video.

    Raises:
        ValueError: It is not a list of paths with at least one.
    """
    if not isinstance(value, list) or not value:
        raise ValueError(f"{key!r} must be a list of at least one image, found {name_of(value)}")
    if not all(isinstance(path, str) and path for path in value):
        raise ValueError(f"{key!r} must hold the paths of images")
    return tuple(value)


def number(row: Mapping[str, Any], key: str) -> float | None:
    """The number under ``key``, None where there is none.

    Raises:
        ValueError: It is not a number.
    """
    value = row.get(key)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise ValueError(f"{key!r} must be a number, found {name_of(value)}")
    return None if value is None else float(value)


def times(row: Mapping[str, Any], key: str) -> tuple[float, ...]:
    """The list of times in seconds under ``key``, empty where there is none.

    Raises:
        ValueError: It is not a list of numbers.
    """
    value = row.get(key)
    if value is None:
        return ()
    if not isinstance(value, list) or any(
        isinstance(v, bool) or not isinstance(v, int | float) for v in value
    ):
        raise ValueError(f"{key!r} must be a list of numbers of seconds, found {name_of(value)}")
    return tuple(map(float, value))


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
