"""Pixels: the size of a frame does not depend on how many there are, and limits are limits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framewise._errors import UsageError
from framewise.compat import prepare_torchvision
from framewise.families._pixels import Patcher


def patcher(pixels_per_frame: int | None = None, pixels_per_image: int | None = None) -> Patcher:
    prepare_torchvision()
    import transformers

    size = {"shortest_edge": 64 * 64, "longest_edge": 96 * 96}
    sizes = {"patch_size": 8, "merge_size": 2, "temporal_patch_size": 2, "size": size}
    return Patcher(
        transformers.Qwen2VLImageProcessor(**sizes),
        transformers.Qwen2VLVideoProcessor(**sizes),
        shared_limits=False,
        pixels_per_image=pixels_per_image,
        pixels_per_frame=pixels_per_frame,
    )


def frames(num: int, height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (num, height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("pixels_per_frame", [None, 48 * 48])
def test_pixels_per_frame_are_the_same_for_every_budget(pixels_per_frame: int | None) -> None:
    chosen = patcher(pixels_per_frame)
    grids = {m: chosen.patches("video", frames(m, 72, 128))[1][0].tolist() for m in (1, 8, 9, 64)}
    assert len({tuple(grid[1:]) for grid in grids.values()}) == 1
    assert {m: grid[0] for m, grid in grids.items()} == {1: 1, 8: 4, 9: 5, 64: 32}
    assert pixels_per_frame is None or grids[8][1] * grids[8][2] * 64 <= pixels_per_frame


@settings(max_examples=60, deadline=None)
@given(st.integers(16, 200), st.integers(16, 200), st.integers(32 * 32, 128 * 128), st.sampled_from([1, 5]))
def test_planned_tokens_are_real_and_limits_hold(height: int, width: int, limit: int, num: int) -> None:
    chosen = patcher(pixels_per_frame=limit, pixels_per_image=limit)
    for kind, count in (("video", num), ("image", 1)):
        patches, grid = chosen.patches(kind, frames(count, height, width))
        groups, rows, columns = grid[0].tolist()
        assert len(patches) == groups * rows * columns
        assert np.prod(chosen.grid(kind, count, height, width)) == len(patches)
        blocks_across_short_side = min(rows, columns) // 2
        assert rows * columns * 64 <= limit or blocks_across_short_side == 1


def test_odd_count_repeats_the_last_frame() -> None:
    odd = frames(3, 64, 64)
    even = np.concatenate([odd, odd[-1:]])
    chosen = patcher()
    assert (chosen.patches("video", odd)[0] == chosen.patches("video", even)[0]).all()


def test_less_than_a_block_is_an_error() -> None:
    with pytest.raises(UsageError, match="pixels_per_frame=255 is less than one block of this model, 16x16"):
        patcher(pixels_per_frame=255)


@settings(max_examples=30, deadline=None)
@given(st.integers(8, 160), st.integers(8, 160), st.integers(1024, 128 * 128), st.sampled_from([1, 2, 5, 16]))
def test_limits_of_all_frames_together_become_limits_of_one(
    height: int, width: int, limit: int, num: int
) -> None:
    import transformers

    sizes = {"patch_size": 8, "merge_size": 2, "temporal_patch_size": 2}
    size = {"shortest_edge": 4096, "longest_edge": 8 * 96 * 96}
    chosen = Patcher(
        transformers.Qwen2VLImageProcessor(**sizes),
        transformers.Qwen3VLVideoProcessor(**sizes, size=size),
        shared_limits=True,
        pixels_per_image=None,
        pixels_per_frame=limit,
    )
    patches, grid = chosen.patches("video", frames(num, height, width))
    assert tuple(grid[0].tolist()) == chosen.grid("video", num, height, width)
    assert len(patches) == grid.prod()
    assert grid[0, 1:].tolist() == list(chosen.grid("video", 2, height, width)[1:])
    _, rows, columns = grid[0].tolist()
    assert rows * columns * 64 <= limit or min(rows, columns) == 2
