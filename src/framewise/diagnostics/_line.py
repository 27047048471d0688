"""A loss along a line: what its first two derivatives say of it, and what it really does (Eq. 8 to 14).

Everything here takes functions of the step size alone, so that it can be tested on a parabola.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from scipy import optimize

MULTIPLES = (-1.0, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0, 2.0, 4.0)
"""The nine step sizes, in units of the learning rate."""
_FARTHEST = 4096.0


@dataclass(frozen=True, kw_only=True)
class LineReport:
    """One loss along one update."""

    learning_rate: float
    steps: list[float]
    """Step sizes."""
    losses: list[float]
    """At these."""
    slope: float
    """Measured dL/d(step) at 0: central differences at half and a quarter of the learning rate, extrapolated."""
    predicted_slope: float
    """-<g, u> (Eq. 8)."""
    curvature: float
    """Measured second derivative at 0, likewise."""
    curvature_rounding: float
    """About how far rounding alone may put the measured curvature: losses in float32 hardly differ at small steps."""
    predicted_curvature: float
    """u'Hu from two gradients."""
    predicted_change: float
    """Second-order prediction at the learning rate (Eq. 8 with the Hessian at theta)."""
    crossing: float | None
    """Step size at which the loss is back at its value at 0; None: not up to 4096 times the learning rate."""
    predicted_crossing: float | None
    """The same of the parabola; None: it never comes back."""
    bound: float | None
    """Eq. 11 without its sign: up to here the slope decides whether the loss rises or falls. None: no curvature."""
    tightness: float | None
    """bound / crossing; at most 1 if the smoothness really is a bound of the curvature."""

    def to_json(self) -> dict[str, Any]:
        """All fields."""
        return asdict(self)


def along_line(
    loss: Callable[[float], float],
    *,
    learning_rate: float,
    predicted_slope: float,
    predicted_curvature: float,
    squared_length: float,
    smoothness: float,
) -> LineReport:
    """Measure a loss along an update with forward passes alone, and compare.

    Args:
        loss: Value at a step size.
        learning_rate: Unit of the step sizes.
        predicted_slope: -<g, u>.
        predicted_curvature: u'Hu.
        squared_length: |u|^2.
        smoothness: beta, or a lower estimate of it; with an estimate ``bound`` is too large.
    """
    steps = [multiple * learning_rate for multiple in MULTIPLES]
    known: dict[float, float] = {}

    def value(step: float) -> float:
        if step not in known:
            known[step] = loss(step)
        return known[step]

    losses = [value(step) for step in steps]
    slopes = [(value(h) - value(-h)) / (2 * h) for h in (learning_rate / 4, learning_rate / 2)]
    bends = [(value(h) - 2 * value(0.0) + value(-h)) / h**2 for h in (learning_rate / 4, learning_rate / 2)]
    # Errors of central differences go with h^2: a quarter of the larger step's error is left in the smaller one's.
    slope, bend = (near + (near - far) / 3 for near, far in (slopes, bends))
    crossing = _crossing(value, learning_rate, slope)
    bends_back = predicted_slope * predicted_curvature < 0
    bound = (
        2 * abs(predicted_slope) / (smoothness * squared_length) if smoothness * squared_length > 0 else None
    )
    return LineReport(
        learning_rate=learning_rate,
        steps=steps,
        losses=losses,
        slope=slope,
        predicted_slope=predicted_slope,
        curvature=bend,
        curvature_rounding=_rounding(value(0.0), learning_rate / 4),
        predicted_curvature=predicted_curvature,
        predicted_change=learning_rate * predicted_slope + learning_rate**2 / 2 * predicted_curvature,
        crossing=crossing,
        predicted_crossing=-2 * predicted_slope / predicted_curvature if bends_back else None,
        bound=bound,
        tightness=None if crossing is None or bound is None else bound / crossing,
    )


def _rounding(loss: float, step: float) -> float:
    """Of a second difference at this step, extrapolated by a third, where each loss is off by four roundings."""
    return 4 / 3 * 4 * 2.0**-22 * abs(loss) / step**2


def _crossing(value: Callable[[float], float], learning_rate: float, slope: float) -> float | None:
    """The first step size where the loss is back, by doubling from an eighth of the learning rate on."""
    sign = 1.0 if slope > 0 else -1.0

    def gone(step: float) -> float:
        return sign * (value(step) - value(0.0))

    before, step = 0.0, learning_rate / 8
    while step <= _FARTHEST * learning_rate:
        if gone(step) <= 0:
            low = before if before > 0 else step / 1024
            if gone(low) <= 0:
                return None
            return float(optimize.brentq(gone, low, step, rtol=1e-3))
        before, step = step, 2 * step
    return None
