"""The items of benchmarks, and their media put where they are read from."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from framewise._errors import UsageError
from framewise._plugins import load_plugin, suggest
from framewise.evaluation._benchmark import Benchmark, Item
from framewise.evaluation._subset import limit_items

Benchmarks = dict[str, Benchmark]
"""Opened plugins by name."""


def load_benchmarks(names: Sequence[str]) -> Benchmarks:
    """The benchmarks of these names.

    Raises:
        UsageError: A name is unknown.
    """
    return {name: load_plugin("benchmarks", name)() for name in names}


def read_items(
    plugins: Mapping[str, Benchmark], data_root: Path, *, prompt: str, limit: int | None, seed: int
) -> dict[str, list[Item]]:
    """Items by benchmark; see ``evaluate`` for the arguments.

    Raises:
        UsageError: A benchmark has no such prompt, or its files are missing or malformed.
    """
    for name, plugin in plugins.items():
        if prompt not in plugin.prompts:
            raise UsageError(f"{name} has no prompt {prompt!r}: {suggest(prompt, list(plugin.prompts))}")
    return {
        name: limit_items(list(plugin.items(data_root, prompt=prompt)), limit, seed=seed)
        for name, plugin in plugins.items()
    }


def prepare_data(
    plugins: Mapping[str, Benchmark], items: Mapping[str, Sequence[Item]], data_root: Path
) -> dict[str, Any]:
    """Unpack the items' media, and say what the data are.

    Returns:
        By benchmark what ``Benchmark.describe_data`` says, with ``num_missing_media``, the items of which a
        medium is not there.

    Raises:
        UsageError: No item of a benchmark has its media, or they cannot be unpacked.
    """
    found = {}
    for name, plugin in plugins.items():
        try:
            plugin.unpack(data_root, items[name])
        except OSError as error:
            raise UsageError(f"the media of {name} cannot be unpacked below {data_root}: {error}") from error
        missing = [medium for item in items[name] if (medium := _missing(item, data_root))]
        if missing and len(missing) == len(items[name]):
            raise UsageError(
                f"{name} has no media: none of its {len(missing)} items has its own below {data_root} "
                f"(the first: {missing[0]}). {plugin.origin(data_root)}".rstrip()
            )
        found[name] = {**plugin.describe_data(data_root), "num_missing_media": len(missing)}
    return found


def _missing(item: Item, data_root: Path) -> str | None:
    """The first file of an item that is not there."""
    files = (file for medium in item.media for file in medium.files)
    return next((file for file in files if not (data_root / file).exists()), None)
