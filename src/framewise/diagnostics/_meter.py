"""Inner products of gradients, taken parameter by parameter while the backward pass runs."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from framewise.diagnostics._modules import Learned

Half = Literal[0, 1]
_SUM = 2
"""Row of the running sum in ``_Packed.rows``, after the two halves."""
_SMALL = 4096
"""Parameters of at most so many values wait for the end of a pass: calls cost more there than products."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What one backward pass came to, by module, shape [modules] each."""

    halves: NDArray[np.float64]
    """Inner products with the sums of the two reference halves, shape [2, modules]."""
    square: NDArray[np.float64]
    """Squared norm."""
    before: NDArray[np.float64]
    """Inner product with the sum of the gradients that were read since the last ``restart``."""

    @property
    def finite(self) -> bool:
        """Whether every number is one."""
        return bool(np.isfinite(self.halves).all() and np.isfinite(self.square).all())


class GradientMeter:
    """Reads each gradient while it is there, one parameter at a time, and frees it.

    Two reference sums are held (the halves), and one running sum, which takes the place of the ``.grad`` that a
    plain backward pass would leave. So beyond a plain backward pass the memory is that of the two halves and of one
    parameter's gradient.

    Args:
        learned: Parameters to read; they need gradients, and nothing else may.
        dtype: Type of the halves and of all sums over products: float32, also under weights of bfloat16.
        halves_on: Device that the halves live on; None: each on its parameter's.
    """

    def __init__(
        self, learned: Sequence[Learned], *, dtype: torch.dtype = torch.float32, halves_on: str | None = None
    ) -> None:
        self.modules = tuple(dict.fromkeys(item.module for item in learned))
        self._dtype = dtype
        large = [item for item in learned if item.parameter.numel() > _SMALL]
        self._row = np.array([self.modules.index(item.module) for item in large], dtype=np.int64)
        self._halves = [
            torch.zeros(2, item.parameter.numel(), dtype=dtype, device=halves_on or item.parameter.device)
            for item in large
        ]
        self._sums: list[torch.Tensor | None] = [None] * len(large)
        self._into: Half | None = None
        # Products go straight to their places: the fewer small operations, the less a pass costs.
        self._table = torch.zeros(len(large), 4, dtype=dtype, device=learned[0].parameter.device)
        self._places = [(row[:2], row[2], row[3]) for row in self._table]
        small = sorted(
            (item for item in learned if item.parameter.numel() <= _SMALL),
            key=lambda item: self.modules.index(item.module),
        )
        self._packed = _Packed(small, self.modules, dtype, learned[0].parameter.device)
        self._handles = [
            item.parameter.register_post_accumulate_grad_hook(hook)  # type: ignore[no-untyped-call]
            for items, hooks in (
                (large, (partial(self._take, n) for n in range(len(large)))),
                (small, self._packed.hooks()),
            )
            for item, hook in zip(items, hooks, strict=True)
        ]

    def add(self, loss: torch.Tensor, half: Half) -> bool:
        """Add the gradient of ``loss`` to a reference half; whether it is finite.

        After a gradient that is not, the half is spoilt: ``clear`` and add the others again.
        """
        self._into = half
        return self._backward(loss).finite

    def read(self, loss: torch.Tensor) -> Reading:
        """Inner products of the gradient of ``loss``; it joins the running sum."""
        self._into = None
        return self._backward(loss)

    def half_cosine(self) -> float | None:
        """Cosine of the two halves; None where one is zero."""
        products = np.zeros((2, 2))
        for held in (*self._halves, self._packed.rows[:2]):
            products += (held @ held.T).double().cpu().numpy()
        length = float(np.sqrt(products[0, 0] * products[1, 1]))
        return float(products[0, 1]) / length if length > 0 else None

    def restart(self) -> None:
        """Forget the running sum."""
        self._sums = [None] * len(self._sums)
        self._packed.rows[_SUM].zero_()

    def clear(self) -> None:
        """Forget the running sum and both halves."""
        self.restart()
        for half in (*self._halves, self._packed.rows):
            half.zero_()

    def close(self) -> None:
        """Take the hooks off the model and free the sums."""
        for handle in self._handles:
            handle.remove()
        self._halves, self._sums = [], []

    def _backward(self, loss: torch.Tensor) -> Reading:
        self._table.zero_()
        self._packed.gradient.zero_()
        loss.backward()  # type: ignore[no-untyped-call]
        # One transfer from the device for all large parameters, and one for all small ones.
        table = self._packed.products(self._into).double().cpu().numpy()
        np.add.at(table, self._row, self._table.double().cpu().numpy())
        return Reading(halves=table[:, :2].T, square=table[:, 2], before=table[:, 3])

    def _take(self, place: int, parameter: torch.Tensor) -> None:
        assert parameter.grad is not None
        gradient = parameter.grad.reshape(-1)
        parameter.grad = None
        held, earlier = self._halves[place], self._sums[place]
        halves, square, before = self._places[place]
        exact = gradient if gradient.dtype == self._dtype else gradient.to(self._dtype)
        torch.dot(exact, exact, out=square)
        if self._into is not None:
            held[self._into].add_(exact.to(held.device))
            return
        if held.device == exact.device:
            torch.mv(held, exact, out=halves)
        else:
            halves.copy_(torch.mv(held, exact.to(held.device)))
        if earlier is None:
            self._sums[place] = gradient
        else:
            torch.dot(exact, earlier.to(self._dtype), out=before)
            earlier.add_(gradient)


class _Packed:
    """Small parameters side by side in one row, so that a pass takes a few products for all of them.

    Args:
        learned: The small ones, those of a module next to each other, modules in their order.
        modules: Names of all modules.
        dtype: Of everything that is held.
        device: The parameters'.
    """

    def __init__(
        self, learned: Sequence[Learned], modules: Sequence[str], dtype: torch.dtype, device: torch.device
    ) -> None:
        sizes = [item.parameter.numel() for item in learned]
        self.rows = torch.zeros(3, sum(sizes), dtype=dtype, device=device)
        """Both halves, and the running sum."""
        self.gradient = torch.zeros(sum(sizes), dtype=dtype, device=device)
        self._pieces = torch.split(self.gradient, sizes)
        owned = [sum(item.parameter.numel() for item in learned if item.module == name) for name in modules]
        self._lengths = torch.tensor(owned, dtype=torch.int64, device=device)

    def hooks(self) -> Iterator[Callable[[torch.Tensor], None]]:
        """What each parameter calls when its gradient is there."""
        return (partial(_put, piece) for piece in self._pieces)

    def products(self, into: Half | None) -> torch.Tensor:
        """Columns of ``Reading`` by module, shape [modules, 4]; the gradient joins a half, or the running sum."""
        first, second, earlier = self.rows * self.gradient
        each = torch.stack([first, second, self.gradient.square(), earlier], dim=1)
        self.rows[_SUM if into is None else into].add_(self.gradient)
        # Not index_add: on a GPU it adds in another order every time.
        return torch.segment_reduce(each, "sum", lengths=self._lengths, axis=0)


def _put(piece: torch.Tensor, parameter: torch.Tensor) -> None:
    assert parameter.grad is not None
    piece.copy_(parameter.grad.reshape(-1))
    parameter.grad = None
