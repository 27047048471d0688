"""Result folders of VLMEvalKit: ``<model>_<dataset>.xlsx`` (or ``.tsv``, ``.json``) with the data set's columns.

A spreadsheet cuts replies of more than 32,767 characters and cannot tell an empty reply from none; both are
counted in a note. Set ``PRED_FORMAT=tsv`` in that tool to keep them.
"""

from pathlib import Path
from typing import Any, ClassVar

from framewise._errors import UsageError
from framewise._jsonl import read_json
from framewise.evaluation._importer import Harvest, Importer, Row
from framewise.evaluation.importers._vlmevalkit_files import Table, find_tables, pickles_without_table
from framewise.evaluation.importers._vlmevalkit_numbers import own_numbers, summary_beside
from framewise.evaluation.importers._vlmevalkit_tables import CELL_LIMIT, as_key, as_list, as_text, read_table

_LISTS = ("candidates", "options")
_DROPPED = ("", "image", "prediction", "thinking", "extra_records")
_RENAMED = {"video_mme": {"video": "videoID"}, "tempcompass": {"video": "video_id", "task_type": "task"}}
_NO_ANSWER = "Failed to obtain answer"
_STATUS = "status.json"


class VLMEvalKit(Importer):
    """Reads the tables of one model."""

    tool: ClassVar[str] = "vlmevalkit"

    def read(self, path: Path) -> Harvest:
        """All data sets of one model that are about a known benchmark."""
        found = find_tables(path)
        first = next(iter(found.values()))[0]
        rows: dict[str, list[Row]] = {}
        own: dict[str, dict[str, float]] = {}
        read = [table.file for tables in found.values() for table in tables]
        notes = [f"{name} is a pickle and was left out" for name in pickles_without_table(path, found)]
        for benchmark, tables in found.items():
            for table in tables:
                cells = read_table(table.file)
                if not cells:
                    raise UsageError(f"{table.file} has no replies")
                rows.setdefault(benchmark, []).extend(
                    _row(table, line, number) for number, line in enumerate(cells, start=1)
                )
                notes += _lost(table, cells)
            summary = summary_beside(benchmark, tables[0].file) if len(tables) == 1 else None
            if summary is not None:
                own[benchmark] = own_numbers(benchmark, summary)
                read.append(summary)
        status = _status(first.file.parent)
        notes += _failures(status, found)
        return Harvest(
            model=first.model,
            rows=rows,
            own=own,
            settings={
                "tool": "vlmevalkit",
                "tool_version": status.get("commit"),
                "datasets": {name: tables[0].how for name, tables in found.items()},
            },
            notes=tuple(notes),
            files=tuple(read),
        )


def _row(table: Table, raw: dict[str, Any], number: int) -> Row:
    if "index" not in raw or "prediction" not in raw or not as_text(raw["index"]):
        raise UsageError(f"{table.file}: row {number} has no index or no prediction")
    fields: Row = {}
    for name, value in raw.items():
        if name in _DROPPED:
            continue
        try:
            fields[name] = as_list(value) if name in _LISTS else as_text(value)
        except ValueError as error:
            raise UsageError(f"{table.file}: row {number}: {name} {error}") from error
    fields["index"] = key = as_key(raw["index"])
    for old, new in _RENAMED.get(table.benchmark, {}).items():
        fields[new] = fields.pop(old, fields.get(new))
    if table.benchmark == "video_mmmu":
        fields["track"] = fields.get("track") or fields.get("category")
    if table.benchmark == "tempcompass":
        key = _restore_tempcompass(fields, table.dataset, raw)
    prompt = str(fields.get("question", ""))
    return {**fields, "item_id": key, "prediction": as_text(raw["prediction"]), "prompt": prompt}


def _restore_tempcompass(fields: Row, dataset: str, raw: dict[str, Any]) -> str:
    """Put the options back under the question; the item's key is that of its part, which has its own numbers."""
    options = fields.pop("candidates", [])
    fields["question"] = "\n".join([str(fields.get("question", "")), *options])
    part = fields.pop("SUB_DATASET", "") or dataset
    return f"{part}/{as_key(raw.get('original_index', raw['index']))}"


def _lost(table: Table, cells: list[dict[str, Any]]) -> list[str]:
    """What the table cannot have kept."""
    replies = [row["prediction"] for row in cells]
    name, notes, of_all = table.file.name, [], f"of {len(replies)} replies"
    empty, failed = sum(as_text(r) == "" for r in replies), sum(_NO_ANSWER in as_text(r) for r in replies)
    if empty and (table.file.suffix == ".xlsx" or table.benchmark == "mmbench"):
        # The tool reads and writes the table of MMBench once more when it scores it.
        notes.append(f"{name}: {empty} {of_all} are empty; the table may have lost them")
    if failed:
        notes.append(f"{name}: {failed} {of_all} say that the model gave none ({_NO_ANSWER!r})")
    if table.file.suffix == ".xlsx":
        cut = sum(len(as_text(reply)) >= CELL_LIMIT for reply in replies)
        if cut:
            notes.append(f"{name}: {cut} {of_all} fill a cell ({CELL_LIMIT:,} characters) and were cut there")
    other = sum(not isinstance(reply, str | None) for reply in replies)
    if other:
        notes.append(f"{name}: {other} {of_all} are kept as numbers, so their text may have been another")
    return notes


def _status(folder: Path) -> dict[str, Any]:
    file = folder / _STATUS
    found = read_json(file) if file.is_file() else {}
    return found if isinstance(found, dict) else {}


def _failures(status: dict[str, Any], found: dict[str, list[Table]]) -> list[str]:
    """Where the tool says that its own scoring stopped."""
    said = status.get("datasets")
    names = {f"{table.dataset}{table.how}" for tables in found.values() for table in tables}
    return [
        f"{name}: the tool could not score it ({part['error_message']})"
        for name, part in (said.items() if isinstance(said, dict) else ())
        if name in names and isinstance(part, dict) and part.get("error_message")
    ]
