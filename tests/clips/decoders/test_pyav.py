"""The PyAV decoder: named faults, odd formats, turned pictures, and files that point elsewhere."""

from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from av.packet import Packet
from PIL import Image

from framewise.clips import ClipError
from framewise.clips.decoders import _random_access
from framewise.clips.decoders.pyav import PyAV

_ONE = 65536
_W = 1 << 30


@pytest.fixture(scope="module")
def clip(write_clip: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("pyav") / "clip.mp4"
    return write_clip(file, num_frames=40, faststart=True, options={"g": "10"})


def _packets(file: Path) -> list[tuple[int, int]]:
    with av.open(str(file)) as container:
        return sorted((entry.pos, entry.size) for entry in container.streams.video[0].index_entries)


def _damage(clip: Path, target: Path, kind: str) -> Path:
    data, packets = bytearray(clip.read_bytes()), _packets(clip)
    if kind == "cut within a packet":
        data = data[: packets[20][0] + packets[20][1] // 2]
    elif kind == "cut between packets":
        data = data[: packets[20][0]]
    elif kind == "index lost":
        data = data[: data.find(b"moov")]
    elif kind == "garbled":
        start, size = packets[15]
        data[start + 8 : start + size] = b"\xff" * (size - 8)
    elif kind == "unknown codec":
        data = data.replace(b"avc1", b"zzzz")
    elif kind == "wrong codec":
        data = data.replace(b"avc1", b"vvc1")
    target.write_bytes(data)
    return target


@pytest.mark.parametrize(
    ("kind", "status", "reason"),
    [
        ("cut within a packet", "truncated", "good frames"),
        ("cut between packets", "truncated", "the file ends after 20 good frames"),
        ("index lost", "truncated", "0 good frames"),
        ("garbled", "truncated", "good frames"),
        ("unknown codec", "unsupported_codec", "no decoder"),
        ("wrong codec", "unreadable", "no frame decodes"),
    ],
)
def test_a_damaged_file_has_a_named_fault(
    clip: Path, tmp_path: Path, kind: str, status: str, reason: str
) -> None:
    file = _damage(clip, tmp_path / "damaged.mp4", kind)
    found = PyAV().probe(file)
    assert found.status == status
    assert reason in found.reason
    with pytest.raises(ClipError) as raised, PyAV().open(file) as opened:
        opened.decode(range(len(opened.frame_times())))
    assert raised.value.status == status


def test_frames_before_the_damage_still_decode(clip: Path, tmp_path: Path, frame_numbers: Callable) -> None:
    file = _damage(clip, tmp_path / "cut.mp4", "cut between packets")
    assert frame_numbers(PyAV().decode(file, [0, 5, 12]).pixels) == [0, 5, 12]


def test_files_that_are_no_video(tmp_path: Path, write_image: Callable[..., Path]) -> None:
    (tmp_path / "text.mp4").write_text("hello\n" * 100)
    (tmp_path / "empty.mp4").touch()
    write_image(tmp_path / "image.png").rename(tmp_path / "image.mp4")
    with av.open(str(tmp_path / "sound.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=16000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), format="fltp", layout="mono")
        frame.rate = 16000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    statuses = {
        file: PyAV().probe(tmp_path / f"{file}.mp4").status for file in ("text", "empty", "image", "sound")
    }
    assert statuses == {
        "text": "not_a_video",
        "empty": "empty",
        "image": "not_a_video",
        "sound": "no_video_stream",
    }
    assert PyAV().probe(tmp_path / "absent.mp4").status == "missing"
    assert PyAV().probe(tmp_path).status == "unreadable"


@pytest.mark.parametrize(
    "text",
    [
        "ffconcat version 1.0\nfile clip.mp4\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:2,\nclip.mp4\n#EXT-X-ENDLIST\n",
    ],
)
def test_a_playlist_in_disguise_reads_no_other_file(clip: Path, text: str) -> None:
    for name in ("list.mp4", "list.m3u8", "list.ffconcat"):
        (clip.parent / name).write_text(text)
        assert PyAV().probe(clip.parent / name).status == "not_a_video"


@pytest.mark.parametrize(
    ("codec", "suffix", "pixel_format"),
    [
        ("libx264", ".mp4", "yuv420p"),
        ("libx264", ".mp4", "gray"),
        ("libx264", ".mp4", "yuv420p10le"),
        ("libx264", ".mp4", "yuv444p"),
        ("libx264", ".mkv", "yuv422p"),
        ("libvpx-vp9", ".webm", "yuv420p"),
        ("mpeg4", ".avi", "yuv420p"),
        ("libx264", ".ts", "yuv420p"),
    ],
)
def test_pixel_formats_and_containers(
    tmp_path: Path, write_clip: Callable, frame_numbers: Callable, codec: str, suffix: str, pixel_format: str
) -> None:
    file = write_clip(tmp_path / f"clip{suffix}", num_frames=12, codec=codec, pixel_format=pixel_format)
    found = PyAV().probe(file)
    assert (found.status, found.num_frames) == ("ok", 12)
    frames = PyAV().decode(file, range(12))
    assert frame_numbers(frames.pixels) == list(range(12))
    np.testing.assert_allclose(frames.times_seconds, np.arange(12) / 8, atol=2e-3)


def test_an_odd_size_keeps_its_size(tmp_path: Path, write_clip: Callable) -> None:
    file = write_clip(tmp_path / "odd.mp4", num_frames=2, height=35, width=63, pixel_format="yuv444p")
    assert (PyAV().probe(file).height, PyAV().probe(file).width) == (35, 63)
    assert PyAV().decode(file, [1]).pixels.shape == (1, 35, 63, 3)


def test_colours_survive(tmp_path: Path, write_clip: Callable) -> None:
    picture = np.zeros((1, 32, 32, 3), np.uint8)
    picture[0, :16], picture[0, 16:] = (220, 30, 40), (20, 60, 200)
    file = write_clip(tmp_path / "colour.mp4", frames=picture, pixel_format="yuv444p", options={"qp": "0"})
    assert np.abs(PyAV().decode(file, [0]).pixels.astype(int) - picture).max() <= 3


@pytest.mark.parametrize(
    ("matrix", "shown"),
    [
        ((_ONE, 0, 0, _ONE), lambda p: p),
        ((0, _ONE, -_ONE, 0), lambda p: np.rot90(p, -1)),
        ((0, -_ONE, _ONE, 0), lambda p: np.rot90(p, 1)),
        ((-_ONE, 0, 0, -_ONE), lambda p: np.rot90(p, 2)),
        ((-_ONE, 0, 0, _ONE), lambda p: p[:, ::-1]),
        ((_ONE, 0, 0, -_ONE), lambda p: p[::-1]),
    ],
    ids=["upright", "phone held upright", "anticlockwise", "upside down", "mirrored", "flipped"],
)
def test_pictures_are_turned_as_a_player_shows_them(
    tmp_path: Path, write_clip: Callable, matrix: tuple[int, ...], shown: Callable
) -> None:
    a, b, c, d = matrix
    full = [a, b, 0, c, d, 0, 0, 0, _W]
    size = {"num_frames": 3, "height": 32, "width": 64}
    plain = PyAV().decode(write_clip(tmp_path / "plain.mp4", **size), [2]).pixels[0]
    file = write_clip(tmp_path / "turned.mp4", display_matrix=full, **size)
    turned = PyAV().decode(file, [2]).pixels[0]
    np.testing.assert_array_equal(turned, shown(plain))
    found = PyAV().probe(file)
    assert (found.height, found.width) == turned.shape[:2]


def test_an_odd_angle_is_a_fault(tmp_path: Path, write_clip: Callable) -> None:
    slanted = [46341, 46341, 0, -46341, 46341, 0, 0, 0, _W]
    assert (
        PyAV().probe(write_clip(tmp_path / "s.mp4", num_frames=2, display_matrix=slanted)).status
        == "unreadable"
    )


def test_times_count_from_the_first_frame(tmp_path: Path, write_clip: Callable) -> None:
    file = write_clip(tmp_path / "late.mkv", num_frames=4, times_seconds=[5.0, 5.1, 5.3, 6.0])
    np.testing.assert_allclose(PyAV().frame_times(file), [0, 0.1, 0.3, 1.0], atol=1e-3)
    assert PyAV().probe(file).duration_seconds == pytest.approx(1.125, abs=0.26)


def test_one_frame(tmp_path: Path, write_clip: Callable) -> None:
    found = PyAV().probe(write_clip(tmp_path / "one.mp4", num_frames=1, fps=8.0))
    assert (found.num_frames, found.duration_seconds, found.fps) == (1, 0.125, 8.0)


@pytest.mark.parametrize(
    ("indices", "num_packets"),
    [([2, 7], range(8, 12)), ([35], range(6, 9)), ([5, 38], range(15, 20)), ([0, 10, 20, 30], range(4, 9))],
    ids=["stops after the last", "begins at its key frame", "skips what lies between", "key frames alone"],
)
def test_no_more_packets_are_decoded_than_needed(
    clip: Path, monkeypatch: pytest.MonkeyPatch, indices: list[int], num_packets: range
) -> None:
    read = []
    original = _random_access._read_from

    def counted(*arguments: object) -> Iterator[Packet]:
        for packet in original(*arguments):
            read.append(packet)
            yield packet

    monkeypatch.setattr(_random_access, "_read_from", counted)
    PyAV().decode(clip, indices)
    assert len(read) in num_packets


@pytest.mark.parametrize("size", [(70, 126), (140, 252), (196, 350)])
def test_colours_of_a_smaller_frame_are_as_sharp_as_its_light(
    tmp_path: Path, write_clip: Callable, size: tuple[int, int]
) -> None:
    """Against the frame as RGB at its own size, shrunk by another library."""
    colours = np.random.default_rng(0).integers(0, 255, (23, 40, 3), np.uint8)
    picture = np.asarray(Image.fromarray(colours).resize((640, 360), Image.Resampling.BICUBIC))
    file = write_clip(tmp_path / "clip.mp4", frames=np.stack([picture] * 2), options={"crf": "1"})
    whole = PyAV().decode(file, [0]).pixels[0]
    expected = np.asarray(Image.fromarray(whole).resize(size[::-1], Image.Resampling.BICUBIC))
    found = PyAV().decode(file, [0], size=size).pixels[0]
    assert np.abs(found.astype(int) - expected).mean(axis=(0, 1)).max() < 3
