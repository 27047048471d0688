"""What every decoder must satisfy."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from framewise._errors import FramewiseError, UsageError
from framewise._plugins import plugin_names
from framewise.clips import Decoder, make_decoder

pytestmark = pytest.mark.parametrize("name", plugin_names("decoders"))
_TIMES = [0.0, 0.1, 0.15, 0.9, 0.95, 1.0, 2.0, 2.5]


def make(name: str) -> Decoder:
    try:
        return make_decoder(name)
    except UsageError as absent:
        if name == "pyav":
            raise
        pytest.skip(str(absent))


@pytest.fixture(scope="module")
def clip(write_clip: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "numbers.mp4", num_frames=40, fps=10.0)


@pytest.fixture(scope="module")
def uneven(write_clip: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("uneven") / "uneven.mp4"
    return write_clip(file, num_frames=len(_TIMES), times_seconds=_TIMES)


def test_probe_equals_the_truth(name: str, clip: Path) -> None:
    found = make(name).probe(clip)
    assert (found.status, found.num_frames, found.width, found.height) == ("ok", 40, 64, 64)
    assert found.duration_seconds == pytest.approx(4.0, abs=0.01)
    assert found.fps == pytest.approx(10.0, rel=0.01)
    assert found.codec == "h264"


def test_every_frame_is_in_its_place(name: str, clip: Path, frame_numbers: Callable) -> None:
    frames = make(name).decode(clip, range(40))
    assert frame_numbers(frames.pixels) == list(range(40))
    np.testing.assert_allclose(frames.times_seconds, np.arange(40) / 10, atol=1e-3)


def test_the_same_indices_give_the_same_frames(name: str, clip: Path, frame_numbers: Callable) -> None:
    decoder, indices = make(name), [0, 3, 4, 17, 39]
    first, second = decoder.decode(clip, indices), make(name).decode(clip, np.array(indices))
    np.testing.assert_array_equal(first.pixels, second.pixels)
    np.testing.assert_array_equal(first.pixels, decoder.decode(clip, range(40)).pixels[indices])
    assert frame_numbers(first.pixels) == indices


def test_times_are_true_and_sorted_at_a_variable_rate(name: str, uneven: Path) -> None:
    decoder = make(name)
    np.testing.assert_allclose(decoder.frame_times(uneven), _TIMES, atol=1e-3)
    np.testing.assert_allclose(decoder.decode(uneven, [1, 3, 7]).times_seconds, [0.1, 0.9, 2.5], atol=1e-3)
    assert decoder.probe(uneven).num_frames == len(_TIMES)


def test_an_index_outside_raises(name: str, clip: Path) -> None:
    for indices in ([40], [0, 39, 1000], [-1], [-1, 3]):
        with pytest.raises(IndexError, match="outside"):
            make(name).decode(clip, indices)


def test_indices_must_increase(name: str, clip: Path) -> None:
    for indices in ([], [3, 3], [5, 2]):
        with pytest.raises(ValueError, match="strictly increasing"):
            make(name).decode(clip, indices)


def test_a_file_that_cannot_be_used_is_a_status_for_probe_and_an_error_for_decode(
    name: str, clip: Path, tmp_path: Path
) -> None:
    half = tmp_path / "half.mp4"
    half.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    (tmp_path / "text.mp4").write_text("not a video\n" * 100)
    (tmp_path / "empty.mp4").touch()
    for file in (half, tmp_path / "text.mp4", tmp_path / "empty.mp4", tmp_path / "absent.mp4", tmp_path):
        found = make(name).probe(file)
        assert not found.ok
        assert found.reason
        with pytest.raises(FramewiseError):
            make(name).decode(file, [0])
        with pytest.raises(FramewiseError):
            make(name).frame_times(file)
