"""Sizes at which frames are stored."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers.models.qwen2_vl.image_processing_qwen2_vl import smart_resize

from framewise._errors import UsageError
from framewise.materialise import FrameSize
from framewise.materialise._frame_size import largest_size

SIDES = st.integers(1, 8000)


@given(height=SIDES, width=SIDES, multiple=st.sampled_from([2, 28, 32]), blocks=st.integers(1, 2000))
def test_sides_are_multiples_within_the_limit(height, width, multiple, blocks):
    pixels = blocks * multiple**2
    sides = largest_size(height, width, pixels, multiple)
    assert all(side >= multiple and side % multiple == 0 for side in sides)
    assert sides[0] * sides[1] <= pixels


@given(height=st.integers(56, 4000), width=st.integers(56, 4000), blocks=st.integers(16, 2000))
def test_sizes_are_those_of_upstream_without_its_lower_limit(height, width, blocks):
    if max(height, width) / min(height, width) < 10:
        pixels = blocks * 28**2
        assert largest_size(height, width, pixels, 28) == smart_resize(height, width, 28, 1, pixels)


def test_a_family_says_the_size(tiny_checkpoint):
    from framewise.families import FamilySettings, open_family

    size = FrameSize(model=str(tiny_checkpoint), pixels_per_frame=56 * 84)
    family = open_family(tiny_checkpoint, FamilySettings(pixels_per_frame=56 * 84), with_model=False)
    assert size.of(100, 200) == family.frame_size("video", 100, 200)
    assert size.temporal_multiple == family.temporal_multiple


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"side_multiple": 7}, "must be even"),
        ({"side_multiple": 0}, "must be even"),
        ({"pixels_per_frame": 100}, "less than one block of 28x28"),
        ({"model": "m", "side_multiple": 28}, "a model has its own multiple"),
    ],
)
def test_wrong_sizes_are_refused(wrong, message):
    with pytest.raises(UsageError, match=message):
        FrameSize(**wrong)


def test_the_default_is_the_limit_of_the_qwen_releases():
    assert FrameSize().of(1080, 1920) == (560, 1008)
