"""Numbers of an attention map over image tokens.

Shape letters: A any leading axes (layers, heads), N image tokens.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]
METRICS = ("image_mass", "sink_share", "entropy", "box_mass", "lift", "pointing", "auroc")
_TINY = 1e-12


def normalise(maps: Array, keep: NDArray[np.bool_]) -> Array:
    """Maps [A, N] over the tokens that are kept, summing to 1."""
    kept = np.where(keep, maps, 0.0)
    return np.asarray(kept / np.maximum(kept.sum(axis=-1, keepdims=True), _TINY))


def relative(maps: Array, neutral: Array, keep: NDArray[np.bool_]) -> Array:
    """Attention by that to a neutral prompt about the same picture, as a map again (mllms_know's normalisation)."""
    return normalise(maps / np.maximum(neutral, _TINY), keep)


def map_metrics(attention: Array, keep: NDArray[np.bool_], inside: Array, chosen: Array) -> dict[str, Array]:
    """Every number of ``METRICS``, shape [A].

    Args:
        attention: Attention to the image tokens as it is, [A, N]; its sum is the mass on the image.
        keep: Which tokens are no sinks, [A, N].
        inside: Share of each token's cell that lies in the box, [N].
        chosen: The map to judge against the box, [A, N], sums to 1.
    """
    mass = attention.sum(axis=-1)
    plain = normalise(attention, keep)
    target = inside >= inside.max() / 2
    box = chosen @ inside
    area = inside.mean()
    return {
        "image_mass": mass,
        "sink_share": 1 - np.where(keep, attention, 0.0).sum(axis=-1) / np.maximum(mass, _TINY),
        "entropy": -(plain * np.log(np.maximum(plain, _TINY))).sum(axis=-1) / np.log(plain.shape[-1]),
        "box_mass": box,
        "lift": box / area,
        "pointing": target[chosen.argmax(axis=-1)].astype(np.float64),
        "auroc": _auroc(chosen, target),
    }


def divergence(one: Array, two: Array) -> Array:
    """Jensen-Shannon divergence of maps [A, N], in bits, 0 to 1, shape [A]."""
    middle = (one + two) / 2

    def towards(p: Array) -> Array:
        return np.asarray((p * np.log2(np.maximum(p, _TINY) / np.maximum(middle, _TINY))).sum(axis=-1))

    return np.asarray((towards(one) + towards(two)) / 2)


def _auroc(maps: Array, target: NDArray[np.bool_]) -> Array:
    """How often a token of the box has more than one beside it; ties count half."""
    positive, negative = int(target.sum()), int((~target).sum())
    if negative == 0:
        return np.full(maps.shape[:-1], 0.5)
    ranks = stats.rankdata(maps, axis=-1)
    above = ranks[..., target].sum(axis=-1) - positive * (positive + 1) / 2
    return np.asarray(above / (positive * negative))
