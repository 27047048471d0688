"""What ``alignment`` says of its tables: every number with its interval.

Shape letters as in ``_table``; D draws.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from framewise.diagnostics._allocation import beyond_need, selection_effect
from framewise.diagnostics._draws import NUM_DRAWS, Estimate, image_doubt, resample
from framewise.diagnostics._findings import findings
from framewise.diagnostics._settings import FEWEST_CLUSTERS
from framewise.diagnostics._table import ImageTable, VideoTable
from framewise.diagnostics._threshold import threshold

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class _Drawn:
    """Alignments by module with their draws; the image side's doubt moves all of a draw together."""

    point: Array
    """[M, K]."""
    draws: Array
    """[D, M, K]."""
    se_image: Array
    """[M]: half of how far the two image halves disagree."""


def summarise(
    videos: VideoTable,
    images: ImageTable,
    *,
    seed: int,
    truth: Mapping[str, int] | None = None,
    budgets: Mapping[str, int] | None = None,
    half_cosine: float | None = None,
    bound: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The contents of ``alignment.json`` that come from the tables.

    Args:
        videos: Inner products of videos.
        images: Inner products of images.
        seed: Of the bootstrap.
        truth: Smallest sufficient number of frames by record id.
        budgets: Number of frames by record id.
        half_cosine: Cosine of the two halves of the image gradient: the ceiling of plain cosines.
        bound: What ``summarise_bound`` gave.

    Raises:
        UsageError: See ``selection_effect``.
    """
    drawn = _draw(videos, seed)
    image = {**_image_side(images, seed), "split_half_cosine": half_cosine}
    total, draws = drawn.point.sum(axis=-1), drawn.draws.sum(axis=-1)
    norm_draws = image["norm"].value + (image["norm"].se or 0.0) * np.random.default_rng(
        [seed, 3]
    ).standard_normal(NUM_DRAWS)
    per_frames = [
        {
            "m": m,
            "mean_shown": float(videos.shown[:, j].mean()),
            "video_loss": float(videos.losses[:, j].mean()),
            "alignment": Estimate.of(float(total[j]), draws[:, j]).to_json(),
            "se_image_side": float(drawn.se_image[j]),
            "fall_from_first": Estimate.of(float(total[0] - total[j]), draws[:, 0] - draws[:, j]).to_json(),
            "second_moment": _clustered(videos.squares[:, j].sum(axis=-1), videos.clusters, seed).to_json(),
            **_norm_numbers(videos, images, image, j, seed),
            "replay_share": _replay(float(total[j]), image["norm"], draws[:, j], norm_draws).to_json(),
            "modules": _modules(videos.modules, drawn, j),
        }
        for j, m in enumerate(videos.frames)
    ]
    by_cluster = [_cluster_means(half.sum(axis=-1), videos.clusters) for half in videos.halves]
    summary: dict[str, Any] = {
        "n": len(videos.ids),
        "num_clusters": videos.num_clusters,
        "num_images": len(images.cross),
        "enough_clusters": videos.num_clusters >= FEWEST_CLUSTERS,
        "frames": list(videos.frames),
        "image": {
            name: value.to_json() if isinstance(value, Estimate) else value for name, value in image.items()
        },
        "per_frames": per_frames,
        "threshold": threshold(videos.frames, total, draws, by_cluster),
        "beyond_need": beyond_need(videos, truth, seed) if truth is not None else None,
        "selection": selection_effect(videos, budgets, seed) if budgets is not None else None,
        "bound": bound,
    }
    return {**summary, "findings": findings(summary)}


def _draw(videos: VideoTable, seed: int) -> _Drawn:
    rng = np.random.default_rng([seed, 1])
    mean = videos.halves.mean(axis=0)
    draws = resample(mean, videos.clusters, rng)
    apart = (videos.halves[0] - videos.halves[1]).mean(axis=0) / 2
    return _Drawn(
        point=mean.mean(axis=0),
        draws=draws + image_doubt(seed)[:, None, None] * apart,
        se_image=np.abs(apart.sum(axis=-1)),
    )


def _image_side(images: ImageTable, seed: int) -> dict[str, Any]:
    """Norm of the image gradient, and what a wrong picture leaves of it."""
    cross, squares = images.cross.sum(axis=-1), images.squares.sum(axis=-1)
    norm = _twice_as_wide(_clustered(cross, images.clusters, seed))
    permuted = images.permuted.sum(axis=-1)
    groups = np.arange(len(permuted))
    return {
        "loss": images.loss,
        "norm": norm,
        "second_moment": _clustered(squares, images.clusters, seed),
        "permuted": _clustered(permuted, groups, seed) if len(permuted) > 1 else None,
    }


def _norm_numbers(
    videos: VideoTable, images: ImageTable, image: Mapping[str, Any], j: int, seed: int
) -> dict[str, Any]:
    """Unbiased squared norm of the video gradient, cosines, exchange rate: blocks of videos are drawn."""
    rng = np.random.default_rng([seed, 4])
    blocks = int(videos.blocks.max()) + 1
    weights = rng.multinomial(blocks, np.full(blocks, 1 / blocks), size=NUM_DRAWS).astype(np.float64)
    pairs, counts = videos.pairs[:, j].sum(axis=-1), videos.num_pairs[:, j]
    both = videos.halves[:, :, j].sum(axis=-1)
    apart = float((both[0] - both[1]).mean()) / 2
    sums = np.bincount(videos.blocks, weights=both.mean(axis=0), minlength=blocks)
    sizes = np.bincount(videos.blocks, minlength=blocks).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        square, square_draws = pairs.sum() / counts.sum(), (weights @ pairs) / (weights @ counts)
        along = sums.sum() / sizes.sum()
        along_draws = (weights @ sums) / (weights @ sizes) + image_doubt(seed) * apart
        own = float(videos.squares[:, j].sum(axis=-1).mean())
        num, num_images = len(videos.ids), len(images.cross)
        plain_video = square + max(0.0, own - square) / num
        tail = max(0.0, image["second_moment"].value - image["norm"].value)
        plain = along / np.sqrt(plain_video * (image["norm"].value + tail / num_images))
        corrected = along / np.sqrt(square * image["norm"].value)
        corrected_draws = along_draws / np.sqrt(square_draws * image["norm"].value)
    several = blocks > 1
    drawn = {
        "squared_norm": (square, square_draws),
        "cosine_corrected": (corrected, corrected_draws),
        # Where the norm may be zero the quotient has no meaning, and no interval.
        "exchange_rate": (along / square, np.where(square_draws > 0, along_draws / square_draws, np.nan)),
    }
    found: dict[str, Any] = {
        name: Estimate.of(float(value), draws if several else draws[:0]).to_json()
        for name, (value, draws) in drawn.items()
    }
    return {**found, "cosine_plain": float(plain) if np.isfinite(plain) else None}


def _replay(alignment: float, norm: Estimate, draws: Array, norm_draws: Array) -> Estimate:
    """Smallest share of image samples that keeps the image loss from rising to first order.

    There is none to be told where the image gradient is not told from zero: it has no length to set against.
    """

    def share(a: Array, square: Array) -> Array:
        against = np.maximum(0.0, -a)
        return np.asarray(against / (np.maximum(square, np.finfo(float).tiny) + against))

    if norm.sign <= 0:
        return Estimate(value=float("nan"), ci95=None, se=None)
    return Estimate.of(float(share(np.asarray(alignment), np.asarray(norm.value))), share(draws, norm_draws))


def _modules(names: tuple[str, ...], drawn: _Drawn, j: int) -> list[dict[str, Any]]:
    """Alignment by module; intervals hold for all modules together (Bonferroni)."""
    level = 1 - 0.05 / len(names)
    return [
        {"module": name, **Estimate.of(float(drawn.point[j, k]), drawn.draws[:, j, k], level=level).to_json()}
        for k, name in enumerate(names)
    ]


def _clustered(values: Array, clusters: NDArray[np.int64], seed: int) -> Estimate:
    rng = np.random.default_rng([seed, 5])
    return Estimate.of(float(values.mean()), resample(values, clusters, rng))


def _twice_as_wide(estimate: Estimate) -> Estimate:
    """<g_A, g_B> varies with the images of either half; drawing those of one against the other fixed shows half of it.

    With n images in all the variance is that of <g, g_i> times 2 / n for each half, 4 / n together, against 1 / n.
    """
    if estimate.ci95 is None or estimate.se is None:
        return estimate
    low, high = (2 * end - estimate.value for end in estimate.ci95)
    return Estimate(value=estimate.value, ci95=(low, high), se=2 * estimate.se)


def _cluster_means(values: Array, clusters: NDArray[np.int64]) -> Array:
    sizes = np.bincount(clusters).astype(np.float64)
    sums = np.zeros((len(sizes), values.shape[1]))
    np.add.at(sums, clusters, values)
    return np.asarray(sums / sizes[:, None])
