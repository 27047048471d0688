"""What a training run writes while it goes on, and keeps with each checkpoint."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from framewise._artifacts import RunDirectory
from framewise._jsonl import Row, RowWriter
from framewise.training._tally import Tally


class Ledger:
    """Rows, sums and seconds of a run; a run that goes on has those of its checkpoint.

    Args:
        run: The run directory, or None in the processes that do not write.
        first: Rows that each file begins with in a new run.
        kept: What ``state`` gave for the checkpoint that the run goes on from; None: this is a new run.
    """

    def __init__(
        self, run: RunDirectory | None, first: Mapping[str, Sequence[Row]], kept: Mapping[str, Any] | None
    ) -> None:
        self.tally = Tally.from_json(kept["tally"]) if kept else Tally()
        self._run = run
        self._before = kept["seconds"] if kept else 0.0
        self._started = time.monotonic()
        self.num_rows: dict[str, int] = {}
        if run:
            for name, rows in first.items():
                # Opening cuts a row that the stop left unfinished.
                RowWriter(run.path / name).close()
                begin = run.rows(name)[: kept["rows"][name]] if kept else rows
                run.write_rows(name, begin)
                self.num_rows[name] = len(begin)

    def append(self, name: str, row: Row) -> None:
        """Write one row."""
        if self._run:
            self._run.append(name, row)
            self.num_rows[name] += 1

    @property
    def seconds(self) -> float:
        """Time spent so far; what was lost between a checkpoint and a stop is not in it."""
        return self._before + time.monotonic() - self._started

    def state(self) -> dict[str, Any]:
        """What a run needs to go on, besides weights and optimizer."""
        return {"rows": dict(self.num_rows), "tally": self.tally.to_json(), "seconds": self.seconds}
