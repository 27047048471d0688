"""A sample of a training, and very many of them."""

import json
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import overload

from framewise.records import Record


@dataclass(frozen=True)
class Example:
    """A record with the frames that each of its media gets."""

    record: Record
    num_frames: tuple[int, ...]
    """One entry a medium; 1 for an image."""
    good_frames: Mapping[int, int] = field(default_factory=dict)
    """Of truncated videos that a probe allowed, the frames before the damage, by place among the media."""

    @property
    def group(self) -> str:
        """What its loss is logged under: its largest budget, ``image`` or ``text``."""
        budgets = [n for n, m in zip(self.num_frames, self.record.media, strict=True) if m.kind == "video"]
        if budgets:
            return str(max(budgets))
        return "image" if self.record.media else "text"


class Examples(Sequence[Example]):
    """Examples, as text in one block of memory until they are asked for.

    As objects a million of them would take three times as much, and again as much in every process that is forked to
    decode: Python counts the users of an object in the object, so looking at one copies its page.
    """

    def __init__(self) -> None:
        self._texts, self._ends = bytearray(), array("q", [0])

    def append(self, example: Example) -> None:
        """Add one at the end."""
        row = [example.record.to_json(), example.num_frames, list(example.good_frames.items())]
        self._texts += json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass")
        self._ends.append(len(self._texts))

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, index: int) -> Example: ...
    @overload
    def __getitem__(self, index: slice) -> list[Example]: ...
    def __getitem__(self, index: int | slice) -> Example | list[Example]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        place = range(len(self))[index]
        text = self._texts[self._ends[place] : self._ends[place + 1]].decode("utf-8", "surrogatepass")
        record, num_frames, good_frames = json.loads(text)
        return Example(Record.from_json(record), tuple(num_frames), dict(good_frames))
