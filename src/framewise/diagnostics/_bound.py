"""Proposition 3's bound, Eq. 28, beside the change of the image loss that it bounds.

Shape letters: S samples, M numbers of frames.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from framewise._jsonl import Row
from framewise.diagnostics._draws import Estimate, resample

Array = NDArray[np.float64]


def upper_bound(alignment: Array, square: Array, *, rate: float, smoothness: float) -> Array:
    """Eq. 28: -rate <g_img, g_vid> + smoothness / 2 rate^2 |g_vid|^2, in nats.

    Args:
        alignment: <g_img, g_vid>, any shape.
        square: |g_vid|^2, the same shape.
        rate: Learning rate.
        smoothness: beta of the image loss; with a lower estimate the bound may be broken.
    """
    return np.asarray(-rate * alignment + smoothness / 2 * rate**2 * square)


def summarise_bound(
    rows: Sequence[Row], truth: Mapping[str, int], *, rate: float, smoothness: float, seed: int
) -> dict[str, Any] | None:
    """The bound against m beside the measured change, and whether the needed number of frames minimises either.

    Args:
        rows: Steps on single videos, see ``one_step``; samples that lack one are left out.
        truth: Smallest sufficient number of frames by record id.
        rate: Learning rate of the steps.
        smoothness: beta of the image loss, or a lower estimate.
        seed: Of the bootstrap.

    Returns:
        ``per_frames`` (all samples at every m) and ``per_ratio`` (m / m_min, changes from m_min paired within
        samples), each with ``bound`` and ``measured``; ``num_judged``, steps whose second-order part is ten times the
        rounding of the change or more, so that rounding cannot break the bound; ``share_held`` of these, and
        ``smallest_beta``, with which all of these hold; ``rank_correlation`` of bound and change over m, the mean
        within samples; ``minimised``: samples with more than one choice m >= m_min and a step that can be judged, in
        how many of them m_min has the smallest bound and the smallest measured change, and how many chance would give.
        None: no sample has all its steps.
    """
    frames = sorted({row["m"] for row in rows})
    ids = list(dict.fromkeys(row["record_id"] for row in rows))
    parts = {name: _table(rows, ids, frames, name) for name in ("alignment", "square", "change", "rounding")}
    whole = np.flatnonzero(np.isfinite(parts["change"]).all(axis=1))
    if len(whole) == 0:
        return None
    needed = np.array([frames.index(truth[ids[i]]) for i in whole])
    alignment, square, change, rounding = (values[whole] for values in parts.values())
    bound = upper_bound(alignment, square, rate=rate, smoothness=smoothness)
    both = {"bound": bound, "measured": change}
    judged = smoothness / 2 * rate**2 * square >= 10 * rounding
    curvatures = 2 * (change + rate * alignment)[judged] / (rate**2 * square[judged])
    return {
        "n": len(needed),
        "learning_rate": rate,
        "smoothness": smoothness,
        "num_judged": int(judged.sum()),
        "share_held": float((change <= bound)[judged].mean()) if judged.any() else None,
        "smallest_beta": float(curvatures.max()) if judged.any() else None,
        "rank_correlation": _within(bound, change, seed),
        "per_frames": [
            {"m": m, **{name: _estimate(values[:, j], seed) for name, values in both.items()}}
            for j, m in enumerate(frames)
        ],
        "per_ratio": _by_ratio(both, frames, needed, seed),
        "minimised": _minimised(both, needed, judged),
    }


def _table(rows: Sequence[Row], ids: Sequence[str], frames: Sequence[int], name: str) -> Array:
    """Means over the offsets, shape [S, M]; no number where there is no step."""
    found: dict[tuple[str, int], list[float]] = {}
    for row in rows:
        found.setdefault((row["record_id"], row["m"]), []).append(row[name])
    empty = [float("nan")]
    return np.array([[np.mean(found.get((i, m), empty)) for m in frames] for i in ids]).reshape(
        len(ids), len(frames)
    )


def _estimate(values: Array, seed: int) -> dict[str, object]:
    """A mean over samples, each of another video."""
    if len(values) < 2:
        return Estimate(value=float(values.mean()), ci95=None, se=None).to_json()
    drawn = resample(values, np.arange(len(values)), np.random.default_rng(seed))
    return Estimate.of(float(values.mean()), drawn).to_json()


def _within(bound: Array, change: Array, seed: int) -> dict[str, object] | None:
    """Mean over samples of Spearman's correlation over m."""
    if bound.shape[1] < 3:
        return None
    ranks = [stats.rankdata(values, axis=1) for values in (bound, change)]
    one, two = (r - r.mean(axis=1, keepdims=True) for r in ranks)
    length = np.sqrt((one**2).sum(axis=1) * (two**2).sum(axis=1))
    told = length > 0
    return _estimate((one * two).sum(axis=1)[told] / length[told], seed) if told.any() else None


def _by_ratio(
    both: Mapping[str, Array], frames: Sequence[int], needed: NDArray[np.int64], seed: int
) -> list[dict[str, Any]]:
    members: dict[float, list[tuple[int, int]]] = {}
    for i, low in enumerate(needed):
        for j in range(low + 1, len(frames)):
            members.setdefault(frames[j] / frames[low], []).append((i, j))
    entries = []
    for ratio, found in sorted(members.items()):
        i, j = np.array(found).T
        changes = {name: _estimate(v[i, j] - v[i, needed[i]], seed) for name, v in both.items()}
        entries.append({"ratio": ratio, "n": len(found), **changes})
    return entries


def _minimised(
    both: Mapping[str, Array], needed: NDArray[np.int64], judged: NDArray[np.bool_]
) -> dict[str, Any]:
    number = judged.shape[1]
    choosing = [i for i, low in enumerate(needed) if low < number - 1 and judged[i, low:].any()]
    counts = {
        name: sum(int(values[i, needed[i] :].argmin()) == 0 for i in choosing)
        for name, values in both.items()
    }
    chance = sum(1 / (number - int(needed[i])) for i in choosing)
    return {"n": len(choosing), **counts, "by_chance": chance}
