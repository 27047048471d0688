"""The contract of a dataset layout."""

from abc import ABC, abstractmethod
from typing import Any

from framewise._jsonl import Row
from framewise.records._record import Record


class Format(ABC):
    """One layout of dataset rows: says whether a row is of it, reads it as a Record and writes it back.

    A format sees one row at a time, already parsed, and no file. Keys whose value is null count as absent.
    What ``write`` gives, ``read`` turns into an equal record, and no other format recognises it.
    """

    @abstractmethod
    def recognises(self, row: dict[str, Any]) -> bool:
        """Whether the row's keys are those of this layout, whatever stands in them."""

    @abstractmethod
    def read(self, row: dict[str, Any], *, default_id: str, source: str) -> Record:
        """Read one row.

        Args:
            row: The parsed row; paths are as the dataset has them.
            default_id: Id of the record where the row has none.
            source: Source of the record where the row names none.

        Raises:
            ValueError: The row is not a record: the message says what was found.
        """

    @abstractmethod
    def write(self, record: Record) -> Row:
        """Write one record, with JSON types only.

        Raises:
            ValueError: The layout has no way to say something that the record says.
        """
