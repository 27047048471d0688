"""The batches of a run, in its order, and their shapes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from framewise.planning._samples import Sample


@dataclass(frozen=True, kw_only=True)
class Batch:
    """One forward pass of one device."""

    num_samples: int
    length: int
    """Tokens of its longest sequence, to which the others are padded."""
    tokens: int
    """Tokens of its sequences without padding."""
    visual_tokens: int
    columns: int
    """Places that logits are computed for, the same in every row: those where some row has a label."""
    patches: int
    patch_pairs: int

    @property
    def padded_tokens(self) -> int:
        """Tokens that the model computes."""
        return self.num_samples * self.length

    @property
    def has_padding(self) -> bool:
        """Whether its sequences differ in length; then attention needs a mask."""
        return self.tokens < self.padded_tokens


def batches(samples: Sequence[Sample], order: NDArray[np.int64], batch_size: int) -> Iterator[Batch]:
    """Batches of a run: ``batch_size`` draws in a row each, the last may have fewer.

    Args:
        samples: What there is.
        order: Indices into ``samples``, shape [draws]; see ``sample_order``.
        batch_size: Samples in one forward pass of one device.
    """
    for start in range(0, len(order), batch_size):
        rows = [samples[i] for i in order[start : start + batch_size]]
        yield Batch(
            num_samples=len(rows),
            length=max(row.length for row in rows),
            tokens=sum(row.length for row in rows),
            visual_tokens=sum(row.visual_tokens for row in rows),
            columns=len(np.unique(np.concatenate([row.learned for row in rows]))),
            patches=sum(row.patches for row in rows),
            patch_pairs=sum(row.patch_pairs for row in rows),
        )
