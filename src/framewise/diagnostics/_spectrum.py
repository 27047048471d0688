"""Largest eigenvalues of a Hessian that is only known by gradients."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

from framewise._errors import FramewiseError

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Spectrum:
    """Eigenvalues of largest size, with how well each one holds."""

    values: Array
    """[k], by size, the largest first; negative ones too."""
    residuals: Array
    """[k]: |Hv - lambda v| of each, v of length 1."""
    num_products: int
    """Products of the Hessian with a vector, two gradients each."""


def hessian_product(gradient_at: Callable[[Array], Array], vector: Array, step: float) -> Array:
    """H v by the difference of two gradients: no second derivative, so fused attention stays on.

    Args:
        gradient_at: Gradient at an offset from the weights.
        vector: v, [P].
        step: Length of the offset to either side.
    """
    length = float(np.linalg.norm(vector))
    if length == 0:
        return np.zeros_like(vector)
    offset = vector * (step / length)
    return (gradient_at(offset) - gradient_at(-offset)) * (length / (2 * step))


def plateau(
    gradient_at: Callable[[Array], Array], direction: Array, steps: tuple[float, ...]
) -> tuple[float, list[float]]:
    """The step at which the curvature along a direction depends least on the step, and the curvature at all of them.

    Too long a step leaves the parabola, too short a one drowns in rounding; between them is a plateau.

    Args:
        gradient_at: See ``hessian_product``.
        direction: Any, [P].
        steps: At least two, descending.
    """
    unit = direction / np.linalg.norm(direction)
    found = [float(unit @ hessian_product(gradient_at, unit, step)) for step in steps]
    apart = [abs(a - b) for a, b in pairwise(found)]
    return steps[int(np.argmin(apart)) + 1], found


def largest_eigenvalues(
    gradient_at: Callable[[Array], Array],
    size: int,
    *,
    step: float,
    number: int,
    max_products: int,
    tolerance: float,
    seed: int,
) -> Spectrum:
    """Lanczos with full re-orthogonalisation (ARPACK) on finite differences of gradients.

    Args:
        gradient_at: See ``hessian_product``.
        size: P, number of weights.
        step: See ``plateau``.
        number: k, eigenvalues wanted.
        max_products: Most restarts' worth of products, about.
        tolerance: Relative, on eigenvalues.
        seed: Of the first vector.

    Raises:
        FramewiseError: They did not converge.
    """
    count = 0

    def multiply(vector: Array) -> Array:
        nonlocal count
        count += 1
        return hessian_product(gradient_at, np.asarray(vector, dtype=np.float64).ravel(), step)

    operator = LinearOperator((size, size), matvec=multiply, dtype=np.float64)
    basis = min(size, max(2 * number + 1, 20))
    start = np.random.default_rng(seed).standard_normal(size)
    try:
        values, vectors = eigsh(
            operator, k=number, which="LM", ncv=basis, v0=start, tol=tolerance,
            maxiter=max(1, max_products // basis),
        )  # fmt: skip
    except ArpackNoConvergence as error:
        raise FramewiseError(
            f"the eigenvalues did not settle in {count} products with the Hessian: allow more, or a larger tolerance"
        ) from error
    order = np.argsort(-np.abs(values))
    residuals = [float(np.linalg.norm(multiply(vectors[:, i]) - values[i] * vectors[:, i])) for i in order]
    return Spectrum(values=values[order], residuals=np.array(residuals), num_products=count)
