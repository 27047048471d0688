"""Products with a Hessian and its eigenvalues by gradients alone, against curvlinops' exact ones.

A central difference with a step of 1e-4 along a vector of length 1 is off by the step's square times a third
derivative, 1e-8 of it, and by rounding over the step, 1e-12 in float64: 1e-6 leaves room. The real architecture is
held against plain second derivatives in ``test_spectrum``: curvlinops needs a forward derivative of every operation,
and torch has none of SiLU's gradient.
"""

import warnings
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.sparse.linalg import eigsh
from torch.nn.attention import SDPBackend, sdpa_kernel

from framewise.diagnostics._curvature import _join, _split
from framewise.diagnostics._descent import moved
from framewise.diagnostics._spectrum import hessian_product, largest_eigenvalues

with warnings.catch_warnings():
    # One of its dependencies still uses torch.jit.
    warnings.simplefilter("ignore", DeprecationWarning)
    from curvlinops import HessianLinearOperator

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")
HOW = {"number": 3, "max_products": 400, "tolerance": 1e-9, "seed": 0}


def gradients_of(probe, gradient: Callable) -> Callable[[np.ndarray], np.ndarray]:
    parameters = [item.parameter for item in probe.learned]

    def gradient_at(offset: np.ndarray) -> np.ndarray:
        with moved(probe, _split(offset, parameters), -1.0):
            return _join(gradient())

    return gradient_at


class Attention(torch.nn.Module):
    """Attention, a smooth MLP and a head, in float64.

    No LayerNorm: with torch 2.13 the derivative by its weight that curvlinops 3.0.1 takes is not that of two plain
    backward passes, with which ours agrees.
    """

    def __init__(self) -> None:
        super().__init__()
        self.attention = torch.nn.MultiheadAttention(6, 2, batch_first=True, dtype=torch.float64)
        self.wide = torch.nn.Linear(6, 8, dtype=torch.float64)
        self.head = torch.nn.Linear(8, 5, dtype=torch.float64)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        mixed, _ = self.attention(tokens, tokens, tokens, need_weights=False)
        return self.head(torch.nn.functional.gelu(self.wide(tokens + mixed))).mean(dim=1)


@pytest.fixture(scope="module")
def network():
    """Gradients of a network in float64, and curvlinops' operator."""
    torch.manual_seed(0)
    model = Attention()
    tokens, labels = torch.randn(12, 4, 6, dtype=torch.float64), torch.randint(0, 5, (12,))
    loss = torch.nn.CrossEntropyLoss()
    parameters = list(model.parameters())
    probe = SimpleNamespace(learned=[SimpleNamespace(parameter=p) for p in parameters])
    with sdpa_kernel(SDPBackend.MATH):
        operator = HessianLinearOperator(model, loss, parameters, [(tokens, labels)])
    return gradients_of(probe, lambda: torch.autograd.grad(loss(model(tokens), labels), parameters)), operator


def test_products_agree_to_one_in_a_million_in_float64(network):
    gradient_at, operator = network
    size = operator.shape[0]
    for seed in range(3):
        vector = np.random.default_rng(seed).standard_normal(size)
        with sdpa_kernel(SDPBackend.MATH):
            exact = (operator @ torch.from_numpy(vector)).numpy()
        found = hessian_product(gradient_at, vector, 1e-4)
        assert np.linalg.norm(found - exact) < 1e-6 * np.linalg.norm(exact)


def test_eigenvalues_agree_to_one_in_a_million_in_float64(network):
    gradient_at, operator = network
    found = largest_eigenvalues(gradient_at, operator.shape[0], step=1e-4, **HOW)
    with sdpa_kernel(SDPBackend.MATH):
        exact = eigsh(operator.to_scipy(), k=3, which="LM", tol=1e-10, return_eigenvectors=False)
    assert found.values == pytest.approx(exact[np.argsort(-np.abs(exact))], rel=1e-6)
    assert (found.residuals < 1e-5 * abs(exact).max()).all()
