"""COCO's published boxes as those of questions about its pictures, such as POPE's."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framewise._errors import UsageError
from framewise._jsonl import Row, write_rows
from framewise.diagnostics._boxes import Box


@dataclass(frozen=True, kw_only=True)
class JoinedBoxes:
    """How many questions got boxes, and why the others got none."""

    num_boxed: int
    num_absent: int
    """The picture has no such object: the answer is no."""
    num_unnamed: int
    """The question names none of COCO's categories."""
    num_unknown: int
    """COCO's file has no such picture."""

    def words(self) -> str:
        """One line for people."""
        return (
            f"boxes: {self.num_boxed} questions; left out {self.num_absent} whose object is not in the picture, "
            f"{self.num_unnamed} that name none of COCO's categories, {self.num_unknown} about other pictures"
        )


def write_coco_boxes(
    instances: Path, questions: Mapping[str, tuple[str, str]], *, output: Path
) -> JoinedBoxes:
    """Write boxes for questions about objects in COCO's pictures.

    All boxes of the category count, also those of crowds: they hold the object too.

    Args:
        instances: COCO's file, such as ``instances_val2014.json``: ``images``, ``categories`` and ``annotations``
            with ``bbox`` [left, top, width, height] in pixels.
        questions: Picture's file name, with or without suffix, and question, by record id. The object is the longest
            name of a category that stands in the question.
        output: JSONL of ``record_id`` and ``boxes``, as ``read_boxes`` reads it.

    Raises:
        UsageError: The file is not COCO's, or no question gets a box.
    """
    boxes, pictures, names = _read(instances)
    # The longest first: a hot dog is no dog.
    longest = sorted(names, key=len, reverse=True)
    pattern = re.compile(rf"\b({'|'.join(map(re.escape, longest))})\b", re.IGNORECASE)
    counts = dict.fromkeys(("boxed", "absent", "unnamed", "unknown"), 0)

    def rows() -> Iterator[Row]:
        for record_id, (picture, question) in questions.items():
            named = pattern.search(question)
            image = pictures.get(Path(picture).stem)
            found = boxes.get((image, named[1].lower())) if named and image is not None else None
            kind = (
                "unnamed" if named is None else "unknown" if image is None else "boxed" if found else "absent"
            )
            counts[kind] += 1
            if found:
                yield {"record_id": record_id, "boxes": [list(box) for box in found]}

    write_rows(output, rows())
    joined = JoinedBoxes(**{f"num_{kind}": number for kind, number in counts.items()})
    if joined.num_boxed == 0:
        raise UsageError(f"{instances} has no box for any question. {joined.words()}")
    return joined


def _read(path: Path) -> tuple[dict[tuple[int, str], list[Box]], dict[str, int], set[str]]:
    """Boxes by image id and name of the category, image ids by name of the file, and all names of categories."""
    if not path.is_file():
        raise UsageError(f"{path} does not exist: give COCO's instances file with --boxes")
    try:
        # Polygons are nine tenths of the file: they are dropped as they are read.
        whole = json.loads(path.read_bytes(), object_hook=_without_outline)
        names = {row["id"]: row["name"].lower() for row in whole["categories"]}
        sizes = {row["id"]: (row["width"], row["height"]) for row in whole["images"]}
        pictures = {Path(row["file_name"]).stem: row["id"] for row in whole["images"]}
        boxes: dict[tuple[int, str], list[Box]] = {}
        for row in whole["annotations"]:
            box = _fractions(row["bbox"], *sizes[row["image_id"]])
            if box is not None:
                boxes.setdefault((row["image_id"], names[row["category_id"]]), []).append(box)
    except (ValueError, KeyError, TypeError, AttributeError, ZeroDivisionError) as error:
        raise UsageError(
            f"{path} is not laid out as COCO's instances file (images, categories, annotations): {error!r}"
        ) from error
    if not names:
        raise UsageError(f"{path} has no categories")
    return boxes, pictures, set(names.values())


def _without_outline(row: dict[str, Any]) -> dict[str, Any]:
    row.pop("segmentation", None)
    return row


def _fractions(box: list[float], width: int, height: int) -> Box | None:
    """[left, top, right, bottom] in fractions of the picture, cut to it; None: nothing is left."""
    x, y, w, h = box
    left, top = max(0.0, x / width), max(0.0, y / height)
    right, bottom = min(1.0, (x + w) / width), min(1.0, (y + h) / height)
    return (left, top, right, bottom) if left < right and top < bottom else None
