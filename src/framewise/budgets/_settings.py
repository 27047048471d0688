"""Settings of an allocator out of ``key=value`` texts or a mapping, with messages that a user can act on."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from framewise._errors import UsageError
from framewise._plugins import load_plugin, suggest
from framewise.budgets._budget import Settings


def check_settings(allocator: str, values: Mapping[str, Any]) -> Settings:
    """The settings of an allocator that is known by its name.

    Raises:
        UsageError: There is no such allocator, or a key or value is not allowed.
    """
    return parse_settings(allocator, load_plugin("allocators", allocator).settings_type, values)


def parse_settings(allocator: str, settings_type: type[Settings], values: Mapping[str, Any]) -> Settings:
    """Check ``values`` against what the allocator can be told.

    Args:
        allocator: Its name, for the message.
        settings_type: What it can be told.
        values: Settings by name; texts are read as the type that the setting has.

    Raises:
        UsageError: A key is unknown or missing, or a value is not allowed; the message names each of them.
    """
    try:
        return settings_type.model_validate(dict(values))
    except ValidationError as error:
        known = list(settings_type.model_fields)
        problems = "; ".join(_problem(dict(e), known) for e in error.errors())
        raise UsageError(f"settings of allocator {allocator!r}: {problems}") from error


def _problem(error: dict[str, Any], known: list[str]) -> str:
    key = str(error["loc"][0]) if error["loc"] else "settings"
    if error["type"] == "extra_forbidden":
        return (
            f"unknown key {key!r}: {suggest(key, known)}" if known else f"unknown key {key!r}: there are none"
        )
    if error["type"] == "missing":
        return f"{key!r} is needed"
    return f"{key} = {error['input']!r}: {error['msg']}"
