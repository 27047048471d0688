"""From a curve of losses to the smallest number of frames that is enough (paper, Eq. 24)."""

from collections.abc import Mapping


def smallest_sufficient(losses: Mapping[int, float], tolerance: float) -> int:
    """The smallest m whose loss, and that of all larger m, stays within a tolerance of the loss at the largest.

    Args:
        losses: Loss in nats by number of frames; at least one.
        tolerance: Nats, at least 0.

    >>> smallest_sufficient({2: 0.3, 4: 0.1, 8: 0.3, 16: 0.12, 32: 0.09, 64: 0.1}, 0.05)
    16
    """
    sizes = sorted(losses, reverse=True)
    enough = sizes[0]
    for size in sizes:
        if losses[size] > losses[sizes[0]] + tolerance:
            break
        enough = size
    return enough
