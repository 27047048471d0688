"""What a dataset says: records, their turns and their media."""

from framewise.records._record import MARKERS, Media, MediaKind, Record, Role, Task, Turn, strip_markers

__all__ = ["MARKERS", "Media", "MediaKind", "Record", "Role", "Task", "Turn", "strip_markers"]
