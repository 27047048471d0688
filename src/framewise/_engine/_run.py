"""The loop over items, the same for every kind of worker."""

import time
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Sequence
from typing import Any

from framewise._engine._outcome import Bug, Done, Outcome, Part, TaskFault
from framewise._errors import FramewiseError

_MOST_FAILED_STARTS = 3


class Worker(ABC):
    """One process that takes one item at a time."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether it has started and can take an item.

        Raises:
            WorkerEndedError: It died.
        """

    @abstractmethod
    def give(self, item: Any) -> None:
        """Hand over an item; only to a worker that is ready and has none.

        Raises:
            WorkerEndedError: It died.
        """

    @abstractmethod
    def take(self) -> Outcome | None:
        """What the item came to, or the next part of it; None while it is being worked at.

        Raises:
            WorkerEndedError: It died.
        """

    @abstractmethod
    def kill(self) -> None:
        """End it at once, whatever it does."""


class WorkerEndedError(Exception):
    """A worker died; the message says how."""


class Team(ABC):
    """Where workers come from."""

    size: int
    """Most workers at a time."""

    @abstractmethod
    def start_worker(self) -> Any:
        """A new worker, which need not be ready yet."""

    @abstractmethod
    def wait(self, workers: Sequence[Any], seconds: float | None) -> None:
        """Return as soon as one of the workers has news, or the time is over."""

    @abstractmethod
    def close(self) -> None:
        """End what the team itself started; its workers have been killed."""


class _Desk:
    """A place at which workers work one after another, each until it dies."""

    def __init__(self, team: Team, timeout_seconds: float | None) -> None:
        self._team, self._timeout_seconds = team, timeout_seconds
        self.worker: Worker = team.start_worker()
        self.item: Any = None
        self.busy = self._given = False
        self._failed_starts = 0
        self._began = 0.0

    def seconds_left(self) -> float | None:
        """Time until the item's limit, or None where there is none."""
        if self._timeout_seconds is None or not self._given:
            return None
        return max(0.0, self._began + self._timeout_seconds - time.monotonic())

    def put(self, item: Any) -> None:
        self.item, self.busy, self._given = item, True, False
        self.look()

    def look(self) -> Outcome | None:
        """What the item came to, or the next part of it; None while it is being worked at."""
        outcome = None
        try:
            if self._given:
                outcome = self.worker.take()
            else:
                self._begin()
        except WorkerEndedError as ended:
            return self._replace(ended)
        if outcome is None and self.seconds_left() == 0.0:
            self.worker.kill()
            self.worker = self._team.start_worker()
            outcome = TaskFault("timeout", f"it took longer than {self._timeout_seconds:g} s")
        if outcome is not None and not isinstance(outcome, Part):
            self.busy = self._given = False
        return outcome

    def _begin(self) -> None:
        if self.worker.is_ready():
            self._failed_starts = 0
            self.worker.give(self.item)
            self._given, self._began = True, time.monotonic()

    def _replace(self, ended: WorkerEndedError) -> Outcome | None:
        """A new worker; the item is lost if the old one had it, else the new one gets it."""
        self._failed_starts += not self._given
        if self._failed_starts == _MOST_FAILED_STARTS:
            raise FramewiseError(f"workers do not start: {ended}") from ended
        self.worker.kill()
        self.worker = self._team.start_worker()
        if not self._given:
            return None
        self.busy = self._given = False
        return TaskFault("crash", str(ended))


def run(
    team: Team, items: Iterable[Any], timeout_seconds: float | None
) -> Generator[tuple[Any, Any | TaskFault]]:
    """See ``run_tasks``.

    Raises:
        FramewiseError: Workers die before they begin.
        RuntimeError: The function has a bug.
    """
    desks: list[_Desk] = []
    try:
        for item in items:
            while len(desks) == team.size and all(desk.busy for desk in desks):
                yield from _finished(team, desks)
            free = [desk for desk in desks if not desk.busy]
            if not free:
                free = [_Desk(team, timeout_seconds)]
                desks += free
            free[0].put(item)
        while any(desk.busy for desk in desks):
            yield from _finished(team, desks)
    finally:
        for desk in desks:
            desk.worker.kill()
        team.close()


def _finished(team: Team, desks: list[_Desk]) -> Generator[tuple[Any, Any | TaskFault]]:
    """Wait for news; yield what is done."""
    busy = [desk for desk in desks if desk.busy]
    limits = [left for desk in busy if (left := desk.seconds_left()) is not None]
    team.wait([desk.worker for desk in busy], min(limits, default=None))
    for desk in busy:
        item, outcome = desk.item, desk.look()
        if isinstance(outcome, Bug):
            raise RuntimeError(f"a worker failed on {item!r}:\n{outcome.trace}")
        if isinstance(outcome, Done | Part):
            yield item, outcome.value
        elif isinstance(outcome, TaskFault):
            yield item, outcome
