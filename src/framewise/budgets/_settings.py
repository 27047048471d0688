"""Settings of an allocator out of ``key=value`` texts or a mapping, with messages that a user can act on."""

from collections.abc import Mapping
from typing import Any

from framewise._config import validate
from framewise._plugins import load_plugin
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
    return validate(settings_type, values, place=f"settings of allocator {allocator!r}")
