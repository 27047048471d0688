"""Numbers of attention maps against cases that can be worked out by hand."""

import numpy as np
import pytest

from framewise._errors import UsageError
from framewise._jsonl import write_rows
from framewise.diagnostics._boxes import coverage, elsewhere, onto, paint, read_boxes, within
from framewise.diagnostics._maps import divergence, map_metrics, normalise, relative

KEEP = np.ones(4, dtype=bool)
INSIDE = np.array([1.0, 0.0, 0.0, 0.0])


def test_a_map_on_the_box_has_every_number_at_its_best():
    attention = np.array([0.5, 0.0, 0.0, 0.0])
    found = map_metrics(attention, KEEP, INSIDE, normalise(attention, KEEP))
    assert found["image_mass"] == 0.5
    assert found["entropy"] == pytest.approx(0, abs=1e-6)
    assert [found[name] for name in ("box_mass", "lift", "pointing", "auroc")] == pytest.approx([1, 4, 1, 1])


def test_an_even_map_knows_nothing():
    attention = np.full(4, 0.2)
    found = map_metrics(attention, KEEP, INSIDE, normalise(attention, KEEP))
    assert [found[name] for name in ("image_mass", "entropy", "box_mass", "lift", "auroc")] == pytest.approx(
        [0.8, 1, 0.25, 1, 0.5]
    )


def test_sinks_are_taken_out_and_counted():
    attention, keep = np.array([0.1, 0.1, 0.6, 0.0]), np.array([True, True, False, True])
    found = map_metrics(attention, keep, INSIDE, normalise(attention, keep))
    assert found["sink_share"] == pytest.approx(0.75)
    assert found["box_mass"] == pytest.approx(0.5)


def test_a_habit_of_the_neutral_prompt_is_taken_out():
    habit = np.array([0.1, 0.6, 0.2, 0.1])
    assert relative(2 * habit, habit, KEEP) == pytest.approx(np.full(4, 0.25))


def test_leading_axes_are_kept():
    attention = np.random.default_rng(0).random((3, 2, 4))
    whole = map_metrics(attention, KEEP, INSIDE, normalise(attention, KEEP))
    one = map_metrics(attention[1, 0], KEEP, INSIDE, normalise(attention[1, 0], KEEP))
    for name, values in whole.items():
        assert values.shape == (3, 2)
        assert values[1, 0] == pytest.approx(one[name])


def test_divergence_is_zero_for_equal_maps_and_one_bit_for_apart_ones():
    left, right = np.array([1.0, 0, 0, 0]), np.array([0, 0, 0.5, 0.5])
    assert divergence(left, left) == pytest.approx(0)
    assert divergence(left, right) == pytest.approx(1)
    assert divergence(left, right) == pytest.approx(divergence(right, left))


def test_coverage_is_the_share_of_each_cell():
    assert coverage([(0, 0, 0.5, 0.5)], 2, 2).tolist() == [1, 0, 0, 0]
    assert coverage([(0.25, 0, 0.75, 1)], 1, 2).tolist() == [0.5, 0.5]
    assert coverage([(0, 0, 1, 1), (0, 0, 0.5, 0.5)], 2, 2).tolist() == [1, 1, 1, 1]


def test_boxes_are_cut_to_what_a_model_sees():
    middle = (0.25, 0.0, 0.75, 1.0)
    boxes = [(0.0, 0.0, 0.5, 0.5), (0.8, 0.0, 1.0, 1.0), (0.5, 0.2, 0.625, 0.4)]
    assert within(boxes, middle) == ((0, 0, 0.5, 0.5), (0.5, 0.2, 0.75, 0.4))
    assert onto(within(boxes[2:], middle), middle) == (pytest.approx(boxes[2]),)
    padded = (0.0, -0.5, 1.0, 1.5)
    assert within([(0.0, 0.0, 1.0, 1.0)], padded) == ((0, 0.25, 1, 0.75),)


def test_paint_leaves_the_rest_and_patches_elsewhere_are_clear_of_the_box():
    pixels = np.random.default_rng(0).integers(0, 256, (1, 8, 8, 3), dtype=np.uint8)
    painted = paint(pixels, [(0, 0, 0.5, 0.5)])
    assert (painted[:, :4, :4] == pixels.mean(axis=(1, 2)).round().astype(np.uint8)).all()
    assert (painted[:, 4:] == pixels[:, 4:]).all()
    ((left, top, right, bottom),) = elsewhere([(0, 0, 0.25, 0.5)], np.random.default_rng(0))
    assert (right - left, bottom - top) == pytest.approx((0.25, 0.5))
    assert left >= 0.25 or top >= 0.5
    assert elsewhere([(0, 0, 1, 1)], np.random.default_rng(0)) == ()


@pytest.mark.parametrize(
    "boxes", [[], [[0, 0, 1]], [[0.5, 0, 0.5, 1]], [[0, 0, 2, 1]], "box", [["a", 0, 1, 1]]]
)
def test_malformed_boxes_are_named(tmp_path, boxes):
    write_rows(tmp_path / "boxes.jsonl", [{"record_id": "i0", "boxes": boxes}])
    with pytest.raises(UsageError, match="row 1"):
        read_boxes(tmp_path / "boxes.jsonl")
    with pytest.raises(UsageError, match="does not exist"):
        read_boxes(tmp_path / "none.jsonl")
