"""What a call in a worker comes to; made in the worker, read in the parent."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from framewise._errors import FramewiseError


@dataclass(frozen=True)
class TaskFault:
    """An item without a result; the others are not touched by it."""

    kind: Literal["timeout", "crash", "error"]
    reason: str
    """What was found, for people."""


@dataclass(frozen=True)
class Done:
    """The function's result."""

    value: Any


@dataclass(frozen=True)
class Bug:
    """An exception that no user can mend, as text: not every exception survives the way to the parent."""

    trace: str


Outcome = Done | TaskFault | Bug


def call(function: Callable[[Any], Any], item: Any) -> Outcome:
    """Call the function; an exception becomes an outcome."""
    try:
        return Done(function(item))
    except FramewiseError as error:
        return TaskFault("error", str(error))
    except MemoryError:
        return TaskFault("crash", "the worker ran out of memory")
    except Exception:  # noqa: BLE001 (raised again in the parent)
        return Bug(traceback.format_exc())
