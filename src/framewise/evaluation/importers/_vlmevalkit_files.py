"""Which files of VLMEvalKit's folders hold a model's replies."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from framewise._errors import UsageError

DATASETS = {
    "MME": "mme",
    "POPE": "pope",
    "MMStar": "mmstar",
    "MMBench_DEV_EN": "mmbench",
    "Video-MME": "video_mme",
    "MVBench": "mvbench",
    "MVBench_MP4": "mvbench",
    "TempCompass": "tempcompass",
    "TempCompass_MCQ": "tempcompass",
    "TempCompass_YorN": "tempcompass",
    "TempCompass_Captioning": "tempcompass",
    "VideoMMMU": "video_mmmu",
}
_PARTS = ("TempCompass_MCQ", "TempCompass_YorN", "TempCompass_Captioning")
_NAMES = "|".join(sorted(DATASETS, key=len, reverse=True))
_FILE = re.compile(
    rf"(?P<model>.+)_(?P<dataset>{_NAMES})"
    r"(?P<how>(?:_\d+frame|_[\d.]+fps)?(?:_subs)?(?:_V\d+)?)\.(?P<kind>tsv|json|xlsx|pkl)"
)
_UNFINISHED = re.compile(rf"(?:\d+_.*(?:{_NAMES}).*|.+_(?:{_NAMES}).*_(?:PREV|checkpoint|structs))\.pkl")
_DEPTH = 3


@dataclass(frozen=True, kw_only=True)
class Table:
    """A file with the replies to one data set, or to a part of one."""

    file: Path
    model: str
    dataset: str
    """The tool's name of it."""
    how: str
    """What the file's name says of frames, subtitles and version."""

    @property
    def benchmark(self) -> str:
        """Our name of the data set."""
        return DATASETS[self.dataset]


def find_tables(path: Path) -> dict[str, list[Table]]:
    """One model's tables by benchmark: one each, or the parts of a data set that is made of parts.

    Args:
        path: A table; or a folder that has them, or one folder below it that does.

    Raises:
        UsageError: There is none, there are several runs or models, or a link leads out of ``path``.
    """
    folder = path.parent if path.is_file() else _folder_of_run(path)
    files = [path] if path.is_file() else _files_in(folder)
    found: dict[str, list[Table]] = {}
    for file in files:
        named = _FILE.fullmatch(file.name)
        if named and named["kind"] != "pkl":
            table = Table(file=file, model=named["model"], dataset=named["dataset"], how=named["how"])
            found.setdefault(table.benchmark, []).append(table)
    if not found:
        raise UsageError(_nothing(path, files))
    _check_links(found, path)
    models = sorted({table.model for tables in found.values() for table in tables})
    if len(models) > 1:
        raise UsageError(f"{folder} has results of several models ({', '.join(models)}): give one file")
    return {benchmark: _one_each(folder, benchmark, tables) for benchmark, tables in found.items()}


def pickles_without_table(path: Path, found: Mapping[str, Iterable[Table]]) -> list[str]:
    """Names of pickles whose data set has no table: the tool writes one where a table fails."""
    folder = next(iter(next(iter(found.values())))).file.parent
    files = [] if path.is_file() else _files_in(folder)
    named = [name for file in files if (name := _FILE.fullmatch(file.name)) and name["kind"] == "pkl"]
    return [name[0] for name in named if DATASETS[name["dataset"]] not in found]


def _one_each(folder: Path, benchmark: str, tables: list[Table]) -> list[Table]:
    """Scoring leaves copies of the parts of a data set beside the whole: they are the same replies."""
    whole = [table for table in tables if table.dataset not in _PARTS]
    kept = whole or tables
    names = [table.dataset for table in kept]
    if len(whole) > 1 or len(set(names)) < len(names):
        first, second = kept[0].file.name, kept[1].file.name
        raise UsageError(f"{folder} has two results of {benchmark}: {first} and {second}; give one file")
    return kept


def _files_in(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.is_file())


def _has_tables(folder: Path) -> bool:
    return any(_FILE.fullmatch(file.name) for file in _files_in(folder))


def _folder_of_run(path: Path) -> Path:
    """``path``, or the one folder below it with tables; the links that the tool makes come before its runs."""
    level = [path]
    for _ in range(_DEPTH):
        holding = [folder for folder in level if _has_tables(folder)]
        if len(holding) > 1:
            names = ", ".join(str(folder.relative_to(path)) for folder in holding[:5])
            raise UsageError(f"{path} has {len(holding)} runs ({names}): give one of these folders")
        if holding:
            return holding[0]
        level = [below for folder in level for below in sorted(folder.iterdir()) if _is_own_folder(below)]
    return path


def _is_own_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _check_links(found: Mapping[str, Iterable[Table]], path: Path) -> None:
    """A model's folder has links to its runs; one that leads elsewhere may show anybody's file."""
    root = (path.parent if path.is_file() else path).resolve()
    for tables in found.values():
        for table in tables:
            if not table.file.resolve().is_relative_to(root):
                raise UsageError(f"{table.file} is a link that leads out of {root}: give what it leads to")


def _nothing(path: Path, files: list[Path]) -> str:
    for file in files:
        if _UNFINISHED.fullmatch(file.name):
            return (
                f"{path} has no result of VLMEvalKit: {file.name} is what an unfinished run leaves; "
                "go on with --reuse until the table of replies is there"
            )
        if file.suffix == ".pkl" and _FILE.fullmatch(file.name):
            return (
                f"{path} has no result of VLMEvalKit that can be read: {file.name} is a pickle, and reading one "
                "can run any code in it; if you trust it, write it as a table with that tool's own "
                f"dump(load('{file.name}'), '{file.stem}.tsv')"
            )
    known = ", ".join(name for name in DATASETS if name not in _PARTS)
    return f"{path} has no result of VLMEvalKit: no file like MODEL_MMStar.tsv, .xlsx or .json; data sets are {known}"
