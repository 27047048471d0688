"""What a call in a worker comes to; made in the worker, read in the parent."""

import inspect
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from framewise._errors import FramewiseError, UsageError


@dataclass(frozen=True)
class TaskFault:
    """An item without a result; the others are not touched by it."""

    kind: Literal["timeout", "crash", "error"]
    reason: str
    """What was found, for people."""
    usage: bool = False
    """Whether an error is one of the request itself."""


@dataclass(frozen=True)
class Done:
    """The function's result."""

    value: Any


@dataclass(frozen=True)
class Bug:
    """An exception that no user can mend, as text: not every exception survives the way to the parent."""

    trace: str


@dataclass(frozen=True)
class Part:
    """One of several results; the item goes on."""

    value: Any


@dataclass(frozen=True)
class End:
    """There are no more parts."""


Outcome = Done | Part | End | TaskFault | Bug


def is_stream(function: Callable[[Any], Any]) -> bool:
    """Whether the function yields its results one after another."""
    return inspect.isgeneratorfunction(function)


def call(function: Callable[[Any], Any], item: Any) -> Iterator[Outcome]:
    """Call the function: one outcome, or its parts and an end. An exception becomes an outcome."""
    try:
        if is_stream(function):
            for value in function(item):
                yield Part(value)
            yield End()
        else:
            yield Done(function(item))
    except FramewiseError as error:
        yield TaskFault("error", str(error), usage=isinstance(error, UsageError))
    except MemoryError:
        yield TaskFault("crash", "the worker ran out of memory")
    except Exception:  # noqa: BLE001 (raised again in the parent)
        yield Bug(traceback.format_exc())
