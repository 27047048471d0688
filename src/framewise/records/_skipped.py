"""What every stage writes down of a record that it had to leave out."""

from framewise._jsonl import Row

SKIPPED = "skipped.jsonl"
"""File of a run directory that holds these rows."""


def skipped_row(
    record_id: str | None, media_index: int | None, path: str | None, status: str, reason: str
) -> Row:
    """A row of ``skipped.jsonl``.

    Args:
        record_id: The record; None where its row could not be read.
        media_index: Which of its media is at fault; None: the record itself.
        path: The medium, or the file and line of a row.
        status: Name of the fault.
        reason: What was found and what to do, for people.
    """
    return {
        "record_id": record_id,
        "media_index": media_index,
        "path": path,
        "status": status,
        "reason": reason,
    }
