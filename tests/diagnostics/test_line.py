"""Losses along a line: a parabola whose slope, curvature, crossing and bound are known."""

import numpy as np
import pytest

from framewise.diagnostics._line import MULTIPLES, along_line


def report(loss, slope, curvature, *, rate=0.01, smoothness=None):
    bend = abs(curvature) if smoothness is None else smoothness
    return along_line(
        loss, learning_rate=rate, predicted_slope=slope, predicted_curvature=curvature, squared_length=1.0,
        smoothness=bend,
    )  # fmt: skip


@pytest.mark.parametrize("slope", [-3.0, 2.0])
def test_a_parabola_is_measured_exactly(slope):
    curvature = -40.0 * slope / abs(slope)
    found = report(lambda t: 5 + slope * t + curvature / 2 * t * t, slope, curvature)
    assert len(found.steps) == len(MULTIPLES) == 9
    assert found.losses[3] == 5
    assert found.slope == pytest.approx(slope)
    assert found.curvature == pytest.approx(curvature)
    assert found.predicted_change == pytest.approx(found.losses[6] - 5)
    # The loss is back where slope t + curvature t^2 / 2 = 0.
    assert found.crossing == pytest.approx(-2 * slope / curvature, rel=2e-3)
    assert found.predicted_crossing == pytest.approx(-2 * slope / curvature)
    # beta is the curvature itself here, so Eq. 11 is met with equality.
    assert found.bound == pytest.approx(found.predicted_crossing)
    assert found.tightness == pytest.approx(1, rel=2e-3)


def test_a_larger_smoothness_makes_the_bound_shorter():
    found = report(lambda t: -3 * t + 20 * t * t, -3.0, 40.0, smoothness=80.0)
    assert found.tightness == pytest.approx(0.5, rel=2e-3)


def test_cubic_terms_are_extrapolated_away():
    found = report(lambda t: -3 * t + 20 * t * t + 100 * t**3, -3.0, 40.0)
    assert found.slope == pytest.approx(-3.0)
    assert found.curvature == pytest.approx(40.0)


def test_a_loss_that_never_comes_back_has_no_crossing():
    found = report(lambda t: 3 * t + 20 * t * t, 3.0, 40.0)
    assert (found.crossing, found.predicted_crossing, found.tightness) == (None, None, None)
    assert report(lambda t: -3 * t, -3.0, 0.0).bound is None


def test_rounding_to_float32_stays_within_what_is_said():
    def loss(t):
        return float(np.float32(2.0 - 3 * t + 20 * t * t))

    for rate in (1e-2, 1e-3, 1e-4):
        found = report(loss, -3.0, 40.0, rate=rate)
        assert abs(found.curvature - 40.0) < 1e-6 + found.curvature_rounding
