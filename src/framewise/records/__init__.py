"""What a dataset says: records, their turns and their media, in any known layout.

for record in read_records(Path("llava_video/"), media_root=Path("videos"), on_bad=print):
    print(record.id, record.task, record.question)
"""

from framewise.records._convert import Conversion, convert_records
from framewise.records._format import Format
from framewise.records._inspect import Inspection, MissingMedia, TableRow, inspect_records
from framewise.records._media import relative_media, resolve_media
from framewise.records._medium import Media, MediaKind
from framewise.records._read import BadRow, PlacedRecord, default_media_root, read_placed, read_records
from framewise.records._record import MARKERS, Record, Role, Task, Turn, marker_kinds, strip_markers
from framewise.records._rows import check_outside, record_files, record_inputs
from framewise.records._skipped import SKIPPED, skipped_row
from framewise.records._task import infer_task
from framewise.records._write import write_dataset

__all__ = [
    "MARKERS",
    "SKIPPED",
    "BadRow",
    "Conversion",
    "Format",
    "Inspection",
    "Media",
    "MediaKind",
    "MissingMedia",
    "PlacedRecord",
    "Record",
    "Role",
    "TableRow",
    "Task",
    "Turn",
    "check_outside",
    "convert_records",
    "default_media_root",
    "infer_task",
    "inspect_records",
    "marker_kinds",
    "read_placed",
    "read_records",
    "record_files",
    "record_inputs",
    "relative_media",
    "resolve_media",
    "skipped_row",
    "strip_markers",
    "write_dataset",
]
