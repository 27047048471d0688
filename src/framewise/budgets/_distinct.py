"""How many of a clip's frames differ, by their features."""

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.floating]


def effective_number(features: Features) -> float:
    """The effective number of distinct frames: exp(entropy of the eigenvalues of the similarity matrix / N).

    1 where all frames are alike, N where no two have anything in common; without a threshold. It is the Vendi
    score with cosine similarity.

    Args:
        features: Shape [N, features], N at least 1; no row is zero.
    """
    unit = _unit(features)
    shares = np.linalg.svd(unit, compute_uv=False) ** 2 / len(unit)
    shares = shares[shares > 1e-15]
    return float(np.exp(-(shares * np.log(shares)).sum()))


def count_kept(features: Features, threshold: float, window: int) -> int:
    """Frames that stay after LongVU's deduplication (arXiv 2410.17434).

    Within windows of neighbours a frame is dropped whose mean cosine similarity to the others reaches the threshold;
    of the dropped ones of a window the middle one stays. A frame's similarity to itself does not count.

    Args:
        features: Shape [N, features], N at least 1; no row is zero.
        threshold: -1 to 1; 0.83 there.
        window: Neighbours that are compared, at least 2; 16 there.
    """
    unit = _unit(features)
    kept = 0
    for start in range(0, len(unit), window):
        part = unit[start : start + window]
        if len(part) == 1:
            kept += 1
            continue
        similarity = ((part @ part.T).sum(1) - 1) / (len(part) - 1)
        dropped = int((similarity >= threshold).sum())
        kept += len(part) - dropped + (dropped > 0)
    return kept


def _unit(features: Features) -> NDArray[np.float64]:
    rows = features.astype(np.float64)
    unit: NDArray[np.float64] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit
