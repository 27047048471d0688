"""Where the thing that a question is about lies, and which image tokens that are.

Boxes are [left, top, right, bottom] in fractions of the picture, 0 to 1.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from framewise._errors import UsageError
from framewise._jsonl import read_rows
from framewise.families import Encoded, Family, ImageGrid

Array = NDArray[np.float64]
Box = tuple[float, float, float, float]


def read_boxes(path: Path) -> dict[str, tuple[Box, ...]]:
    """Boxes by record id: rows of ``record_id`` and ``boxes``.

    Raises:
        UsageError: There is no such file, or a row is malformed.
    """
    if not path.is_file():
        raise UsageError(
            f"{path} does not exist: give a JSONL file with `record_id` and `boxes` with --boxes"
        )
    found: dict[str, tuple[Box, ...]] = {}
    for number, row in enumerate(read_rows(path), start=1):
        boxes = row.get("boxes")
        if "record_id" not in row or not isinstance(boxes, list) or not boxes or not all(map(_is_box, boxes)):
            raise UsageError(
                f"{path}, row {number}: needs `record_id` and `boxes`, each [left, top, right, bottom] in fractions "
                "of the picture, left < right and top < bottom"
            )
        found[row["record_id"]] = tuple((box[0], box[1], box[2], box[3]) for box in boxes)
    return found


def _is_box(box: object) -> bool:
    if not isinstance(box, list) or len(box) != 4 or not all(isinstance(v, int | float) for v in box):
        return False
    left, top, right, bottom = box
    return bool(0 <= left < right <= 1 and 0 <= top < bottom <= 1)


def token_grid(
    family: Family, encoded: Encoded, placeholder: int, height: int, width: int
) -> tuple[NDArray[np.int64], ImageGrid]:
    """Places of an image's tokens in the sequence, row by row, and the grid that they make.

    Args:
        family: Encoded it.
        encoded: A sequence with one image.
        placeholder: Id of image tokens.
        height: Of the image, in pixels.
        width: Likewise.

    Raises:
        UsageError: The family does not say where a token lies.
    """
    places = (encoded.input_ids == placeholder).nonzero().flatten().numpy()
    if encoded.positions.shape[0] == 3:
        ends = (len(set(encoded.positions[axis].numpy()[places].tolist())) for axis in (1, 2))
        return places, ImageGrid(rows=next(ends), columns=next(ends))
    grid = family.image_grid(height, width)
    if grid is None:
        raise UsageError(
            f"attention over boxes needs one grid of tokens for a picture, and {family.model_types[0]} reads it in "
            "tiles; the Qwen-VL line and llava have one"
        )
    return places, grid


def within(boxes: Sequence[Box], window: Box) -> tuple[Box, ...]:
    """Boxes in fractions of a window, cut to it; those outside it are left out."""
    left, top, right, bottom = window
    width, height = right - left, bottom - top
    moved = (
        (
            max(0.0, (a - left) / width),
            max(0.0, (b - top) / height),
            min(1.0, (c - left) / width),
            min(1.0, (d - top) / height),
        )
        for a, b, c, d in boxes
    )
    return tuple(box for box in moved if box[0] < box[2] and box[1] < box[3])


def onto(boxes: Sequence[Box], window: Box) -> tuple[Box, ...]:
    """Boxes in fractions of a window in those of the picture: what ``within`` undoes."""
    left, top, right, bottom = window
    width, height = right - left, bottom - top
    return tuple(
        (left + a * width, top + b * height, left + c * width, top + d * height) for a, b, c, d in boxes
    )


def coverage(boxes: Sequence[Box], rows: int, columns: int) -> Array:
    """Share of each token's cell that lies in a box, row by row, shape [rows * columns]; overlaps count once."""
    fine = 16
    y = (np.arange(rows * fine) + 0.5) / (rows * fine)
    x = (np.arange(columns * fine) + 0.5) / (columns * fine)
    inside = np.zeros((len(y), len(x)), dtype=bool)
    for left, top, right, bottom in boxes:
        inside |= ((y >= top) & (y < bottom))[:, None] & ((x >= left) & (x < right))[None]
    return np.asarray(inside.reshape(rows, fine, columns, fine).mean(axis=(1, 3)).ravel())


def elsewhere(boxes: Sequence[Box], rng: np.random.Generator) -> tuple[Box, ...]:
    """Boxes of the same sizes at random places clear of the given ones; fewer, where there is no room.

    Args:
        boxes: Those to keep clear of.
        rng: Of the places.
    """
    found: list[Box] = []
    for left, top, right, bottom in boxes:
        width, height = right - left, bottom - top
        for _ in range(100):
            x, y = rng.random() * (1 - width), rng.random() * (1 - height)
            if all(x + width <= a or c <= x or y + height <= b or d <= y for a, b, c, d in boxes):
                found.append((x, y, x + width, y + height))
                break
    return tuple(found)


def paint(pixels: NDArray[np.uint8], boxes: Sequence[Box]) -> NDArray[np.uint8]:
    """Frames [F, H, W, 3] with the boxes in the mean colour of the picture."""
    painted = pixels.copy()
    height, width = pixels.shape[1:3]
    for left, top, right, bottom in boxes:
        # A padded window reaches beyond the picture.
        rows = slice(max(0, int(top * height)), max(0, int(np.ceil(bottom * height))))
        columns = slice(max(0, int(left * width)), max(0, int(np.ceil(right * width))))
        painted[:, rows, columns] = pixels.mean(axis=(1, 2)).round().astype(np.uint8)[:, None, None]
    return painted
