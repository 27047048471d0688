"""Result folders of VLMEvalKit: ``<model>_<dataset>.tsv`` (or ``.xlsx``, ``.json``) with the data set's columns.

Its spreadsheets lose replies such as an empty text, "None" or "nan"; such cells are counted in a note. Set
``PRED_FORMAT=tsv`` or ``json`` in that tool to keep them.
"""

import ast
import csv
import math
import re
from pathlib import Path
from typing import Any, ClassVar

from framewise._errors import UsageError
from framewise._jsonl import read_json
from framewise.evaluation._importer import Harvest, Importer, Row

_DATASETS = {
    "MME": "mme",
    "POPE": "pope",
    "MMStar": "mmstar",
    "MMBench_DEV_EN": "mmbench",
    "Video-MME": "video_mme",
    "MVBench": "mvbench",
    "TempCompass": "tempcompass",
    "VideoMMMU": "video_mmmu",
}
_FILE = re.compile(
    rf"(?P<model>.+)_(?P<dataset>{'|'.join(_DATASETS)})"
    r"(?P<how>(?:_\w*?frame|_[\d.]+fps)?(?:_subs|_V\d+)?)\.(?P<kind>tsv|json|xlsx)"
)
_LISTS = ("candidates", "options")
_RENAMED = {"video_mme": {"video": "videoID"}, "tempcompass": {"video": "video_id", "task_type": "task"}}
_OWN = ("_score.csv", "_acc.csv", "_score.json", "_acc.json", "_rating.json")
_LOST = ("", "None", "nan", "N/A")


class VLMEvalKit(Importer):
    """Reads the prediction files of one model."""

    tool: ClassVar[str] = "vlmevalkit"

    def read(self, path: Path) -> Harvest:
        """All data sets of one model that are about a known benchmark."""
        files = _find_files(path)
        model = next(iter(files.values()))[1]["model"]
        rows, own, notes = {}, {}, []
        for benchmark, (file, _) in files.items():
            rows[benchmark] = [_row(benchmark, raw, file, n) for n, raw in enumerate(_read(file), start=1)]
            own[benchmark] = _own_numbers(file)
            lost = sum(row["prediction"] in _LOST for row in rows[benchmark])
            if lost and file.suffix == ".xlsx":
                notes.append(f"{file.name}: {lost} replies are empty or were lost by the spreadsheet")
        how = {benchmark: found["how"] for benchmark, (_, found) in files.items()}
        return Harvest(
            model=model,
            rows=rows,
            own=own,
            settings={"tool": "vlmevalkit", "datasets": how},
            notes=tuple(notes),
        )


def _find_files(path: Path) -> dict[str, tuple[Path, re.Match[str]]]:
    candidates = [path] if path.is_file() else sorted(file for file in path.iterdir() if file.is_file())
    found: dict[str, tuple[Path, re.Match[str]]] = {}
    for file in candidates:
        named = _FILE.fullmatch(file.name)
        if named is None:
            continue
        benchmark = _DATASETS[named["dataset"]]
        if benchmark in found:
            raise UsageError(
                f"{path} has two results of {benchmark}: {found[benchmark][0].name} and {file.name}"
            )
        found[benchmark] = (file, named)
    models = sorted({named["model"] for _, named in found.values()})
    if not found:
        raise UsageError(
            f"{path} has no result of VLMEvalKit: no file like MODEL_MMStar.tsv, .xlsx or .json; "
            f"data sets are {', '.join(_DATASETS)}"
        )
    if len(models) > 1:
        raise UsageError(f"{path} has results of several models ({', '.join(models)}): give one file")
    return found


def _read(file: Path) -> list[dict[str, Any]]:
    if file.suffix == ".json":
        rows = read_json(file)
        if isinstance(rows, dict):
            rows = [dict(zip(rows, values, strict=False)) for values in zip(*rows.values(), strict=False)]
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise UsageError(f"{file}: expected a list of rows")
        return rows
    if file.suffix == ".xlsx":
        return _read_spreadsheet(file)
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream, delimiter="\t", strict=True))
    except (csv.Error, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: not a table of tab-separated values: {error}") from error


def _read_spreadsheet(file: Path) -> list[dict[str, Any]]:
    try:
        from openpyxl import load_workbook
        from openpyxl.utils.exceptions import InvalidFileException
    except ImportError as error:
        raise UsageError(f"{file} is a spreadsheet: pip install 'framewise[xlsx]' to read it") from error
    from zipfile import BadZipFile

    try:
        sheet = load_workbook(file, read_only=True, data_only=True).active
    except (InvalidFileException, BadZipFile, KeyError) as error:
        raise UsageError(f"{file}: not a spreadsheet: {error}") from error
    head, *lines = (
        [["" if cell is None else str(cell) for cell in line] for line in sheet.values] if sheet else [[]]
    )
    return [dict(zip(head, line, strict=False)) for line in lines]


def _row(benchmark: str, raw: dict[str, Any], file: Path, number: int) -> Row:
    if "index" not in raw or raw.get("prediction") is None:
        raise UsageError(f"{file}: row {number} has no index or no prediction")
    fields = {
        name: _cell(name, value, file, number) for name, value in raw.items() if name and name != "image"
    }
    for old, new in _RENAMED.get(benchmark, {}).items():
        fields[new] = fields.pop(old, fields.get(new))
    if benchmark == "video_mmmu":
        fields["track"] = fields.get("track") or fields.get("category")
    return {
        **fields,
        "item_id": str(fields["index"]),
        "prediction": fields["prediction"]
        if isinstance(fields["prediction"], str)
        else str(fields["prediction"]),
        "prompt": str(fields.get("question", "")),
    }


def _cell(name: str, value: Any, file: Path, number: int) -> Any:
    if name in _LISTS and isinstance(value, str):
        try:
            return [str(part) for part in ast.literal_eval(value)] if value else []
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
            raise UsageError(f"{file}: row {number}: {name} is no list: {value[:80]!r}") from error
    if isinstance(value, float) and not math.isfinite(value):
        return ""
    return str(value) if isinstance(value, int | float) and name != "index" else value


def _own_numbers(file: Path) -> dict[str, float]:
    """Numbers of the first summary file beside the predictions; none where the tool has not scored them."""
    stem = file.name.removesuffix(file.suffix)
    beside = [file.parent / f"{stem}{ending}" for ending in _OWN]
    beside += sorted(file.parent.glob(f"{stem}_*_acc.csv")) + sorted(file.parent.glob(f"{stem}_*_score.csv"))
    summary = next((place for place in beside if place.is_file()), None)
    if summary is None:
        return {}
    if summary.suffix == ".json":
        found = read_json(summary)
    else:
        with summary.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        first = next(iter(rows[0]), "") if rows else ""
        found = rows[0] if len(rows) == 1 else {row[first]: row for row in rows}
    return dict(_flatten(found, ""))


def _flatten(value: Any, name: str) -> list[tuple[str, float]]:
    if isinstance(value, dict):
        return [pair for key, part in value.items() for pair in _flatten(part, f"{name}/{key}".strip("/"))]
    try:
        return [(name, float(value))] if name and math.isfinite(float(value)) else []
    except (TypeError, ValueError):
        return []
