"""The order of the samples and the batches that it makes: known before the first step."""

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


def num_draws(
    num_samples: int,
    *,
    epochs: float | None,
    max_steps: int | None,
    batch_size: int,
    gradient_accumulation: int,
    num_processes: int,
) -> int:
    """Samples that a run draws: whole steps of ``max_steps``, or ``epochs`` passes over the data.

    Args:
        num_samples: Samples that there are.
        epochs: Passes over the data; None: one, unless ``max_steps`` is given.
        max_steps: Optimizer steps, in place of ``epochs``.
        batch_size: Samples in one forward pass of one device.
        gradient_accumulation: Forward passes to one optimizer step.
        num_processes: Devices.
    """
    if max_steps:
        return max_steps * batch_size * gradient_accumulation * num_processes
    return max(1, round((epochs or 1.0) * num_samples))


def num_steps(num_draws: int, *, batch_size: int, gradient_accumulation: int, num_processes: int) -> int:
    """Optimizer steps of so many draws: every device gets as many batches, the last step may have fewer."""
    batches = -(-num_draws // batch_size)
    rounds = -(-batches // num_processes)
    return -(-rounds // gradient_accumulation)
