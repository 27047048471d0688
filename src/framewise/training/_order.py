"""The order of the samples: fixed by the seed, known before the first step."""

import numpy as np
from numpy.typing import NDArray


def sample_order(num_samples: int, num_draws: int, seed: int) -> NDArray[np.int64]:
    """Indices of the samples in the order of training, shape [num_draws].

    Every pass over the data is a new permutation. The whole order is one list, so a resumed run goes on at a
    place in it and needs no state of a random generator.
    """
    passes = [
        np.random.default_rng([seed, number]).permutation(num_samples)
        for number in range(-(-num_draws // num_samples))
    ]
    return np.concatenate(passes)[:num_draws]
