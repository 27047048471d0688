"""Extension points: the file on disk is the registration.

A plugin of a kind is ONE module in the kind's folder that defines exactly one concrete subclass of the kind's
contract. The module's name is the plugin's name. Other distributions add plugins through an entry point in
the group ``framewise.<kind>`` whose value is such a class. A plugin that fails to import raises: nothing is
skipped.
"""

import difflib
import importlib
import inspect
import pkgutil
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from framewise._errors import UsageError


@dataclass(frozen=True)
class Kind:
    """One extension point."""

    package: str
    """Package whose modules (names without a leading underscore) are the plugins."""
    contract: str
    """``module:Class`` of the abstract base class that every plugin of this kind implements."""


KINDS = {
    "formats": Kind("framewise.records.formats", "framewise.records:Format"),
    "decoders": Kind("framewise.clips.decoders", "framewise.clips:Decoder"),
    "families": Kind("framewise.families", "framewise.families:Family"),
    "allocators": Kind("framewise.budgets.allocators", "framewise.budgets:Allocator"),
    "exporters": Kind("framewise.exports.exporters", "framewise.exports:Exporter"),
    "benchmarks": Kind("framewise.evaluation.benchmarks", "framewise.evaluation:Benchmark"),
    "importers": Kind("framewise.evaluation.importers", "framewise.evaluation:Importer"),
}


def plugin_names(kind: str) -> list[str]:
    """Sorted names of every plugin of ``kind``, found without importing any of them."""
    return sorted({*_files(kind), *_entry_points(kind)})


def load_plugin(kind: str, name: str) -> Any:
    """Return the class of the plugin ``name``.

    Raises:
        UsageError: No plugin of this kind has that name; the message lists the known ones and the closest.
        TypeError: The module does not define exactly one concrete subclass of the kind's contract, or another
            distribution's entry point has the name of a plugin that is here.
    """
    known = plugin_names(kind)
    if name not in known:
        raise UsageError(f"unknown name {name!r} among {kind}: {suggest(name, known)}")
    contract = _contract(kind)
    external = _entry_points(kind).get(name)
    if external is not None:
        if name in _files(kind):
            raise TypeError(f"{kind} plugin {name!r} ({external.value}) has the name of one of framewise")
        found = external.load()
        if not (inspect.isclass(found) and issubclass(found, contract)):
            raise TypeError(f"{kind} plugin {name!r} ({external.value}) is not a {contract.__name__}")
        return found
    module = importlib.import_module(f"{KINDS[kind].package}.{name}")
    candidates = [
        value
        for value in vars(module).values()
        if inspect.isclass(value)
        and issubclass(value, contract)
        and value.__module__ == module.__name__
        and not inspect.isabstract(value)
    ]
    if len(candidates) != 1:
        names = [c.__name__ for c in candidates]
        raise TypeError(f"{module.__name__} must define exactly one {contract.__name__}, found {names}")
    return candidates[0]


def suggest(name: str, known: list[str]) -> str:
    """Sentence that lists the allowed names, the closest first.

    >>> suggest("fixd", ["fixed", "shuffled"])
    "did you mean 'fixed'? Known: fixed, shuffled"
    """
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{hint}Known: {', '.join(known)}"


def _files(kind: str) -> list[str]:
    package = importlib.import_module(KINDS[kind].package)
    return [m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_")]


def _contract(kind: str) -> type:
    module, _, attribute = KINDS[kind].contract.partition(":")
    contract: type = getattr(importlib.import_module(module), attribute)
    return contract


@cache
def _entry_points(kind: str) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=f"framewise.{kind}")}
