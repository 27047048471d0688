"""Multiple-choice benchmarks in one JSONL file: what ``lab_image`` and ``lab_video`` share."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from framewise._errors import UsageError
from framewise.evaluation._benchmark import Benchmark, Item, Score
from framewise.evaluation._parsing import find_choice, words
from framewise.records import Media, MediaKind


class _Medium(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    kind: MediaKind
    path: str = Field(min_length=1)


class _Row(BaseModel):
    """One line; keys that later versions add are ignored."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    item_id: str = Field(min_length=1)
    subtask: str = Field(min_length=1)
    cluster: str = Field(min_length=1)
    media: list[_Medium] = Field(min_length=1)
    prompt: str
    answer: str
    choices: list[str] = Field(min_length=2)

    def to_item(self) -> Item:
        """The item; blind guessing scores one over the number of choices."""
        if self.answer not in self.choices:
            raise ValueError(f"answer {self.answer!r} is not one of the choices {self.choices}")
        plain = [tuple(words(choice)) for choice in self.choices]
        if () in plain or len(set(plain)) != len(plain):
            raise ValueError(
                f"choices {self.choices} must hold letters or digits and differ in more than case"
            )
        return Item(
            item_id=self.item_id,
            subtask=self.subtask,
            cluster=self.cluster,
            media=tuple(Media(kind=medium.kind, path=medium.path) for medium in self.media),
            prompt=self.prompt,
            answer=self.answer,
            chance=1.0 / len(self.choices),
            choices=tuple(self.choices),
        )


class ChoiceBenchmark(Benchmark):
    """Questions with listed choices; the score is 1 where the text names the answer and no other choice."""

    file_name: ClassVar[str]
    """The items' file, relative to the data root."""

    def items(self, data_root: Path, *, prompt: str = "official") -> Iterator[Item]:  # noqa: ARG002
        """Items in the order of the file.

        Args:
            data_root: A folder that the lab wrote.
            prompt: There is one wording only.

        Yields:
            One item a line.

        Raises:
            UsageError: The file is missing, has no items, or a line is malformed; the message names both.
        """
        path = data_root / self.file_name
        if not path.is_file():
            raise UsageError(
                f"{path} does not exist: the data root is a folder that the lab wrote, such as runs/demo/lab "
                "after `framewise demo`; give it with --data-root"
            )
        lines: dict[str, int] = {}
        for number, line in enumerate(path.read_bytes().splitlines(), start=1):
            if not line.strip():
                continue
            item = _parse_line(line, f"{path}:{number}")
            if item.item_id in lines:
                raise UsageError(
                    f"{path}:{number}: item_id {item.item_id!r} stands on line {lines[item.item_id]} too"
                )
            lines[item.item_id] = number
            yield item
        if not lines:
            raise UsageError(f"{path} has no items")

    def score(self, item: Item, prediction: str) -> Score:
        """1 if the text names the answer and no other choice, else 0."""
        parsed = find_choice(prediction, item.choices)
        return Score(value=float(parsed == item.answer), parsed=parsed)


def _parse_line(line: bytes, place: str) -> Item:
    try:
        return _Row.model_validate(json.loads(line)).to_item()
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'row'}: {e['msg']}" for e in error.errors())
        raise UsageError(f"{place}: {faults}") from error
    except ValueError as error:
        raise UsageError(f"{place}: {error}") from error
