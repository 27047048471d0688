"""Files that hold the frames they were given, at exact times."""

from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framewise.materialise._encode import _frame, encode, frame_interval

BROADCAST = [
    Fraction(1),
    Fraction(2),
    Fraction(24000, 1001),
    Fraction(25),
    Fraction(30000, 1001),
    Fraction(60),
]


def write(path, frames, interval):
    encode(path, frames, interval)
    return path


def flat(num_frames):
    return np.full((num_frames, 28, 28, 3), 90, np.uint8)


@pytest.mark.parametrize("duration", [0.5, 1 / 3, 10.01, 180.18, 1234.567891, 3600.0, 3599.999])
@pytest.mark.parametrize("num_frames", [2, 7, 64])
def test_times_and_duration_are_exact(tmp_path, duration, num_frames):
    interval = frame_interval(duration, num_frames)
    with av.open(str(write(tmp_path / "a.mp4", flat(num_frames), interval))) as container:
        stream = container.streams.video[0]
        assert stream.frames == num_frames
        assert stream.average_rate == 1 / interval
        assert stream.duration * stream.time_base == interval * num_frames
        times = [frame.pts * frame.time_base for frame in container.decode(stream)]
    assert times == [i * interval for i in range(num_frames)]
    assert float(interval * num_frames) == pytest.approx(duration, abs=1.2e-4)


@given(
    rate=st.sampled_from(BROADCAST),
    source_frames=st.integers(1, 100_000),
    num_frames=st.sampled_from([1, 8, 16, 32, 64]),
)
def test_usual_rates_are_kept_exactly(rate, source_frames, num_frames):
    duration = source_frames / rate
    if 0.5 <= duration <= 500:
        assert frame_interval(float(duration), num_frames) == duration / num_frames


@given(duration=st.floats(1e-4, 7200.0), num_frames=st.integers(1, 768))
def test_intervals_fit_into_an_mp4(duration, num_frames):
    interval = frame_interval(duration, num_frames)
    assert interval > 0
    assert interval.denominator <= 2_000_000
    scale = interval.denominator
    while scale < 10_000:
        scale *= 2
    assert interval * num_frames * scale < 2**31
    if duration / num_frames > 1e-4:
        assert float(interval) == pytest.approx(duration / num_frames, abs=3.5e-6)


def test_every_packet_is_a_key_frame_and_the_index_comes_first(tmp_path):
    pictures = np.random.default_rng(0).integers(0, 256, (9, 56, 28, 3), dtype=np.uint8)
    path = write(tmp_path / "a.mp4", pictures, Fraction(1, 2))
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
        assert [packet.is_keyframe for packet in packets] == [True] * 9
        assert [packet.dts for packet in packets] == [packet.pts for packet in packets]
        context = stream.codec_context
        assert (context.name, context.pix_fmt, context.width, context.height) == ("h264", "yuv420p", 28, 56)
        assert (context.colorspace, context.color_range) == (6, 1)
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def smooth_pictures(num_frames=4, height=140, width=196):
    """Moving waves of every colour with some grain: what is near to a photograph and made by arithmetic."""
    y, x = np.mgrid[:height, :width]
    waves = [
        np.sin(x / (9 + 4 * c) + y / (17 - 3 * c) + shift) for shift in range(num_frames) for c in range(3)
    ]
    pictures = 128 + 90 * np.array(waves).reshape(num_frames, 3, height, width).transpose(0, 2, 3, 1)
    grain = np.random.default_rng(0).normal(0, 2, (num_frames, height, width, 1))
    return np.clip(pictures + grain, 0, 255).astype(np.uint8)


def psnr(a, b):
    return 10 * np.log10(255**2 / np.square(a.astype(float) - b).mean())


def test_decoded_frames_are_as_near_to_the_pictures_as_the_pixel_format_allows(tmp_path):
    pictures = smooth_pictures()
    with av.open(str(write(tmp_path / "a.mp4", pictures, Fraction(1, 4)))) as container:
        decoded = list(container.decode(video=0))
    uncoded = [_frame(picture, 0, Fraction(1)) for picture in pictures]
    luma = [np.stack([f.to_ndarray()[: f.height] for f in frames]) for frames in (decoded, uncoded)]
    shown, best = (np.stack([f.to_ndarray(format="rgb24") for f in frames]) for frames in (decoded, uncoded))
    assert psnr(*luma) > 48.0
    assert psnr(shown, best) > 43.0
    assert psnr(shown, pictures) > psnr(best, pictures) - 1.0


@pytest.mark.parametrize("color", [(0, 0, 0), (255, 255, 255), (200, 30, 30), (30, 200, 30), (30, 30, 200)])
def test_colours_come_back_through_the_matrix_and_range_that_the_file_states(tmp_path, color):
    pictures = np.full((2, 28, 28, 3), color, np.uint8)
    with av.open(str(write(tmp_path / "a.mp4", pictures, Fraction(1, 4)))) as container:
        (first, _) = (frame.to_ndarray(format="rgb24") for frame in container.decode(video=0))
    assert np.abs(first.astype(int) - color).max() <= 3


def test_equal_pictures_give_equal_bytes(tmp_path):
    pictures = smooth_pictures()
    files = [write(tmp_path / name, pictures, Fraction(1001, 3000)) for name in ("a.mp4", "b.mp4")]
    assert files[0].read_bytes() == files[1].read_bytes()
