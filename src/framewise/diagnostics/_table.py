"""The measured rows as arrays, in units of the loss.

Shape letters: N samples, M numbers of frames, K modules, C clusters, B blocks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from framewise._errors import FramewiseError
from framewise._jsonl import Row

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class VideoTable:
    """Inner products of every video's gradient, means over the frame offsets."""

    modules: tuple[str, ...]
    frames: tuple[int, ...]
    ids: tuple[str, ...]
    clusters: NDArray[np.int64]
    """[N], from 0."""
    blocks: NDArray[np.int64]
    """[N], from 0."""
    halves: Array
    """[2, N, M, K]: inner product with the image gradient of each half."""
    squares: Array
    """[N, M, K]: squared norm of the sample's own gradient."""
    pairs: Array
    """[B, M, K]: sum of inner products of gradients of different videos."""
    num_pairs: Array
    """[B, M]: how many products that sums."""
    losses: Array
    """[N, M]: sum over answer tokens over the mean number of them."""
    shown: Array
    """[N, M]: frames that the clip really gave."""

    @property
    def num_clusters(self) -> int:
        """Different videos."""
        return int(self.clusters.max()) + 1


@dataclass(frozen=True, kw_only=True)
class ImageTable:
    """Inner products of every image's gradient with the half that it is not in."""

    cross: Array
    """[N, K]."""
    squares: Array
    """[N, K]."""
    permuted: Array
    """[P, K]: as ``cross``, each question with another picture."""
    clusters: NDArray[np.int64]
    """[N], from 0."""
    halves: NDArray[np.int64]
    """[N]: 0 or 1."""
    loss: float
    """Mean loss of an answer token."""


def read_video_table(blocks: Sequence[Row], modules: tuple[str, ...], tokens: tuple[int, int]) -> VideoTable:
    """Rows of ``blocks.jsonl``.

    Args:
        blocks: One row a block.
        modules: Names of the modules, K.
        tokens: Answer tokens of each image half.

    Raises:
        FramewiseError: No video could be measured.
    """
    rows = [(number, row) for number, block in enumerate(blocks) for row in block["rows"]]
    if not rows:
        skipped = [row for block in blocks for row in block["skipped"]]
        raise FramewiseError(f"no video could be measured; the first fault: {skipped[0]['reason']}")
    frames = tuple(sorted({row["m"] for _, row in rows}))
    ids = tuple(dict.fromkeys(row["record_id"] for _, row in rows))
    place = {name: i for i, name in enumerate(ids)}
    column = {m: i for i, m in enumerate(frames)}
    where = (
        np.array([place[row["record_id"]] for _, row in rows]),
        np.array([column[row["m"]] for _, row in rows]),
    )
    first = {row["record_id"]: (number, row) for number, row in reversed(rows)}
    length = float(np.mean([first[name][1]["num_tokens"] for name in ids]))
    shape = (len(ids), len(frames))
    repeats = _add(shape, where, [1.0 for _ in rows])
    halves = np.array([row["halves"] for _, row in rows]) / (np.array(tokens)[None, :, None] * length)
    block = np.array([number for number, _ in rows])
    return VideoTable(
        modules=modules,
        frames=frames,
        ids=ids,
        clusters=_numbers([first[name][1]["cluster"] for name in ids]),
        blocks=_numbers([first[name][0] for name in ids]),
        halves=np.stack([_add(shape, where, halves[:, h]) / repeats[..., None] for h in (0, 1)]),
        squares=_add(shape, where, [row["square"] for _, row in rows]) / repeats[..., None] / length**2,
        pairs=_by_block(block, where[1], [row["before"] for _, row in rows], len(frames)) / length**2,
        num_pairs=_by_block(block, where[1], [row["num_before"] for _, row in rows], len(frames)),
        losses=_add(shape, where, [row["loss"] for _, row in rows]) / repeats / length,
        shown=_add(shape, where, [row["num_frames"] for _, row in rows]) / repeats,
    )


def read_image_table(rows: Sequence[Row], tokens: tuple[int, int]) -> ImageTable:
    """Rows of ``images.jsonl``; see ``read_video_table``."""
    kinds = {kind: [row for row in rows if row["kind"] == kind] for kind in ("image", "permuted")}
    images = kinds["image"]
    length = float(np.mean([row["num_tokens"] for row in images]))

    number = len(images[0]["square"])

    def cross(found: Sequence[Row]) -> Array:
        scale = [tokens[1 - row["half"]] * length for row in found]
        products = np.array([row["cross"] for row in found], dtype=np.float64).reshape(len(found), number)
        return np.asarray(products / np.array(scale)[:, None])

    return ImageTable(
        cross=cross(images),
        squares=np.array([row["square"] for row in images]) / length**2,
        permuted=cross(kinds["permuted"]),
        clusters=_numbers([row["cluster"] for row in images]),
        halves=np.array([row["half"] for row in images]),
        loss=sum(row["loss"] for row in images) / sum(row["num_tokens"] for row in images),
    )


def _add(shape: tuple[int, int], where: tuple[NDArray[np.int64], NDArray[np.int64]], values: object) -> Array:
    given = np.asarray(values, dtype=np.float64)
    total = np.zeros(shape + given.shape[1:])
    np.add.at(total, where, given)
    return total


def _by_block(block: NDArray[np.int64], column: NDArray[np.int64], values: object, num_frames: int) -> Array:
    numbers = _numbers(block.tolist())
    return _add((int(numbers.max()) + 1, num_frames), (numbers, column), values)


def _numbers(names: Sequence[object]) -> NDArray[np.int64]:
    """A number from 0 for each different name, in the order of first appearance."""
    known: dict[object, int] = {}
    return np.array([known.setdefault(name, len(known)) for name in names], dtype=np.int64)
