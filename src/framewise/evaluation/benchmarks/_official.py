"""What the public benchmarks share: official rows become items, and robust rules score them."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from framewise._errors import UsageError
from framewise._plugins import suggest
from framewise.evaluation._benchmark import Benchmark, Item, Score
from framewise.evaluation.benchmarks._archives import unpack_members
from framewise.evaluation.benchmarks._source import Source, first_place
from framewise.evaluation.benchmarks._tables import table_images, table_rows
from framewise.records import Media, resolve_media

Row = dict[str, Any]
UNPACKED = "unpacked"
"""Folder for images that lie in tables."""
_SLASH = "--"
"""Stands for a slash of a table's path in the name of the folder with its images."""

ONE_WORD = "\nAnswer the question using a single word or phrase."
"""What lmms-eval appends to yes/no questions."""


def yes_no_item(row: Mapping[str, Any], question: str, *, subtask: str, cluster: str) -> dict[str, Any]:
    """What ``Item`` needs for a yes/no question about the row's image."""
    return {
        "subtask": subtask,
        "cluster": cluster,
        "media": row["media"],
        "prompt": f"<image>{question}",
        "answer": row["answer"].capitalize(),
        "choices": ("Yes", "No"),
        "chance": 0.5,
    }


def choice_item(
    row: Mapping[str, Any],
    question: str,
    options: Mapping[str, str],
    gold: str,
    *,
    subtask: str,
    cluster: str,
) -> dict[str, Any]:
    """What ``Item`` needs for a question with lettered options; choices and answer are texts like ``B. red``.

    Raises:
        ValueError: The gold letter is none of the options'.
    """
    if gold not in options:
        raise ValueError(f"the answer {gold!r} is none of the options {', '.join(options)}")
    choices = {letter: f"{letter}. {option}" for letter, option in options.items()}
    return {
        "subtask": subtask,
        "cluster": cluster,
        "media": row["media"],
        "prompt": question,
        "answer": choices[gold],
        "choices": tuple(choices.values()),
        "chance": 1.0 / len(choices),
    }


def listed(options: Mapping[str, str], form: str = "{}. {}") -> str:
    """Options one a line, such as ``A. red``."""
    return "\n".join(form.format(letter, option) for letter, option in options.items())


def vlmevalkit_question(question: str, options: Mapping[str, str], hint: str | None = None) -> str:
    """VLMEvalKit's wording of multiple-choice questions about images."""
    head = f"Hint: {hint}\n" if hint else ""
    body = f"Question: {question}\nOptions:\n{listed(options)}\n"
    return f"<image>{head}{body}Please select the correct answer from the options above. \n"


class OfficialBenchmark(Benchmark):
    """A public benchmark; ``score`` reads texts by the rules of the scorer ``robust``."""

    prompts: ClassVar[tuple[str, ...]] = ("official", "lmms_eval", "vlmevalkit")
    source: ClassVar[Source]

    def items(self, data_root: Path, *, prompt: str = "official") -> Iterator[Item]:
        """Items in the order of the official files.

        Args:
            data_root: Folder that has the files, or a folder of the benchmark's name with them.
            prompt: One of ``prompts``.

        Yields:
            One item a row.

        Raises:
            UsageError: Files are missing or malformed, or there is no such prompt.
        """
        if prompt not in self.prompts:
            raise UsageError(
                f"{self.source.name} has no prompt {prompt!r}: {suggest(prompt, list(self.prompts))}"
            )
        seen: set[str] = set()
        for row in self.rows(data_root, prompt):
            item = self._item(row, prompt)
            if item.item_id in seen:
                raise UsageError(f"{self.source.name}: two rows are called {item.item_id!r}")
            seen.add(item.item_id)
            yield item
        if not seen:
            raise UsageError(f"{self.source.name} has no rows. {self.source.missing(data_root)}")

    def score(self, item: Item, prediction: str) -> Score:
        """Read ``prediction`` by the robust rules; an item that needs a judge scores 0, unparsed."""
        row = {**item.fields, "item_id": item.item_id, "prediction": prediction}
        outcome = self.scorers["robust"].read(row)
        parsed = outcome.parsed if outcome.parsed is None else str(outcome.parsed)
        return Score(value=max(outcome.score or 0.0, 0.0), parsed=parsed)

    def origin(self, data_root: Path) -> str:
        """The dataset's repositories, and other places that have it."""
        return self.source.origin(data_root)

    def describe_data(self, data_root: Path) -> dict[str, Any]:
        """Layout, revision, checksums and rows of the files, and where they differ from the specification."""
        rows = self.rows(data_root, self.prompts[0])
        return self.source.describe(data_root, (part for row in rows for part in self.parts(row)))

    @abstractmethod
    def rows(self, data_root: Path, prompt: str) -> Iterator[Row]:
        """Official rows with ``item_id`` and ``media``, the paths relative to the data root.

        Args:
            data_root: See ``items``.
            prompt: The wording, for benchmarks whose items depend on it.
        """

    @abstractmethod
    def item(self, row: Mapping[str, Any], prompt: str) -> dict[str, Any]:
        """What ``Item`` needs, but for its id and fields."""

    @abstractmethod
    def parts(self, row: Mapping[str, Any]) -> Sequence[str]:
        """The parts of the data that ``source.counts`` counts a row in."""

    def _item(self, row: Row, prompt: str) -> Item:
        try:
            fields = {name: value for name, value in row.items() if name not in ("item_id", "media")}
            return Item(item_id=row["item_id"], fields=fields, **self.item(row, prompt))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            fault = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
            raise UsageError(
                f"{self.source.name}: row {row.get('item_id')!r} is malformed: {fault}"
            ) from error


class TableBenchmark(OfficialBenchmark):
    """A benchmark whose images lie in the cells of its tables."""

    def table_rows(self, data_root: Path) -> Iterator[Row]:
        """The tables' rows, each with the image that ``unpack`` writes."""
        _, tables = self.source.find(data_root)
        for table in tables:
            for number, row in enumerate(table_rows(table)):
                yield {**row, "media": (image_of(self.source, data_root, table, number),)}

    def unpack(self, data_root: Path, items: Sequence[Item]) -> None:
        """Write the items' images out of the tables."""
        unpack_images(self.source, data_root, items)


class ArchiveBenchmark(OfficialBenchmark):
    """A benchmark whose media lie in zip archives, or beside them, unpacked by hand."""

    def unpack(self, data_root: Path, items: Sequence[Item]) -> None:
        """Write the items' media out of the archives, and images out of tables."""
        folder = self.source.folder(data_root)
        paths = {medium.path for item in items for medium in item.media}
        places = {resolve_media(data_root, path).relative_to(folder.absolute()).as_posix() for path in paths}
        unpack_members(folder, {place: self.member(place) for place in places})
        unpack_images(self.source, data_root, items)

    def place(self, data_root: Path, candidates: Iterable[str]) -> str:
        """Path relative to the data root of the first of some places that is there, or of the first."""
        folder = self.source.folder(data_root)
        return (folder.relative_to(data_root) / first_place(folder, candidates)).as_posix()

    def member(self, place: str) -> str:
        """The end of the name that a medium has in an archive.

        Args:
            place: Path of the medium relative to the benchmark's folder.
        """
        return place


def image_of(source: Source, data_root: Path, table: Path, number: int) -> Media:
    """Where ``unpack_images`` writes the image in row ``number`` of a table."""
    folder = source.folder(data_root)
    name = table.relative_to(folder).as_posix().replace("/", _SLASH)
    path = folder.relative_to(data_root) / UNPACKED / name / f"{number:06d}.image"
    return Media(kind="image", path=path.as_posix())


def unpack_images(source: Source, data_root: Path, items: Sequence[Item]) -> None:
    """Write the images of ``image_of`` that the items need and that are not there yet."""
    folder = source.folder(data_root)
    wanted: dict[Path, dict[int, Path]] = {}
    for path in (resolve_media(data_root, medium.path) for item in items for medium in item.media):
        if path.parent.parent.name == UNPACKED and not path.exists():
            table = folder / path.parent.name.replace(_SLASH, "/")
            wanted.setdefault(table, {})[int(path.stem)] = path
    for table, images in wanted.items():
        table_images(table, images)
