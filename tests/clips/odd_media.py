"""A folder of broken and odd media, each made here, with what a probe must call it."""

import json
import os
import struct
from collections.abc import Callable
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import numpy as np
from av.stream import Disposition
from PIL import Image

_ONE = 65536
_TURNED = [0, _ONE, 0, -_ONE, 0, 0, 0, 0, 1 << 30]


class Workshop:
    """Writes files into ``root`` and remembers the status that each must get.

    Args:
        root: The folder.
        write_clip: The fixture.
    """

    def __init__(self, root: Path, write_clip: Callable[..., Path]) -> None:
        self.root, self._write_clip = root, write_clip
        self._store = root.parent / "store"
        self.expected: dict[str, str] = {}

    def place(self, name: str, status: str) -> Path:
        self.expected[name] = status
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        return self.root / name

    def data(self, name: str, status: str, data: bytes) -> None:
        self.place(name, status).write_bytes(data)

    def clip(self, name: str, **how: object) -> None:
        """A healthy clip."""
        self._write_clip(self.place(name, "ok"), **how)

    def bytes_of(self, name: str, **how: object) -> bytes:
        """The bytes of a healthy clip that is not in the folder."""
        return self._write_clip(self._store / name, **how).read_bytes()


def write_odd_media(root: Path, write_clip: Callable[..., Path]) -> dict[str, str]:
    """Fill ``root``; the status that ``probe`` must give each path."""
    workshop = Workshop(root, write_clip)
    for fill in (_no_video, _cut, _lying, _odd_but_fine, _places, _images):
        fill(workshop)
    return workshop.expected


def write_with_longer_sound(path: Path, *, codec: str, sound: str, options: dict[str, str]) -> None:
    """A healthy clip of 1 s whose sound goes on for 2 s more."""
    with av.open(str(path), "w", options=options) as container:
        video = container.add_stream(codec, rate=8)
        video.height = video.width = 64
        video.pix_fmt = "yuv420p"
        audio = container.add_stream(sound, rate=48000, layout="mono")
        for number in range(8):
            picture = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 20 * number, np.uint8), format="rgb24")
            container.mux(video.encode(picture))
        container.mux(video.encode())
        resampler = av.AudioResampler(format=audio.format.name, layout="mono", rate=48000)
        size = audio.codec_context.frame_size or 960
        for number in range(3 * 48000 // size):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, size), np.int16), format="s16", layout="mono")
            frame.rate, frame.pts, frame.time_base = 48000, number * size, Fraction(1, 48000)
            for converted in resampler.resample(frame):
                container.mux(audio.encode(converted))
        container.mux(audio.encode())


def _no_video(shop: Workshop) -> None:
    shop.data("html.mp4", "not_a_video", b"<!DOCTYPE html><html><body>404 Not Found</body></html>\n" * 40)
    shop.data("empty.mp4", "empty", b"")
    shop.data("zeros.mp4", "not_a_video", bytes(5000))
    shop.data("random.mp4", "not_a_video", np.random.default_rng(0).bytes(5000))
    shop.data("text.avi", "not_a_video", b"this was a video once\n" * 100)
    shop.data("playlist.mp4", "not_a_video", b"#EXTM3U\n#EXTINF:2,\nsingle_frame.mp4\n#EXT-X-ENDLIST\n")
    shop.data("concat.mp4", "not_a_video", b"ffconcat version 1.0\nfile single_frame.mp4\n")
    _sound(shop.place("audio_only.mp4", "no_video_stream"), cover=False)
    _sound(shop.place("cover_picture.mp4", "no_video_stream"), cover=True)
    Image.new("RGB", (32, 32)).save(shop.place("image.mp4", "not_a_video"), format="png")
    data = shop.bytes_of("codec.mp4", num_frames=4)
    shop.data("unknown_codec.mp4", "unsupported_codec", data.replace(b"avc1", b"zzzz"))
    shop.data("no_frames.mp4", "empty", _without_frames(data))


def _cut(shop: Workshop) -> None:
    whole = shop.bytes_of("end.mp4", num_frames=40, options={"g": "10"})
    shop.data("index_lost.mp4", "truncated", whole[: whole.find(b"moov") - 4])
    shop.data("index_cut.mp4", "truncated", whole[: whole.find(b"moov") + 600])
    fast = shop.bytes_of("start.mp4", num_frames=40, options={"g": "10"}, faststart=True)
    half = fast.find(b"mdat") + (len(fast) - fast.find(b"mdat")) // 2
    shop.data("index_first.mp4", "truncated", fast[:half])
    shop.data("zero_tail.mp4", "truncated", fast[:half] + bytes(len(fast) - half))
    garbled = fast[: half - 40] + b"\xff" * 80 + fast[half + 40 :]
    shop.data("garbled.mp4", "truncated", garbled)
    for name, codec in (
        ("cut.mkv", "libx264"),
        ("cut.webm", "libvpx-vp9"),
        ("cut.avi", "mpeg4"),
        ("cut.flv", "libx264"),
        ("cut.ts", "libx264"),
        ("cut.wmv", "wmv2"),
    ):
        whole = shop.bytes_of(name, num_frames=40, codec=codec, options={"g": "10"})
        shop.data(name, "truncated", whole[: len(whole) // 2 + 1])
    whole = _gif(12)
    shop.data("cut.gif", "truncated", whole[: len(whole) // 2])


def _lying(shop: Workshop) -> None:
    avi = bytearray(_raw_avi(16, 16, frames=8))
    lie = bytearray(avi)
    struct.pack_into("<I", lie, avi.find(b"avih") + 8 + 16, 1000)
    struct.pack_into("<I", lie, avi.find(b"strh") + 8 + 32, 1000)
    shop.data("claims_1000_frames.avi", "ok", lie)
    shop.data("claims_60000_pixels.avi", "zero_sized", _raw_avi(60000, 60000, frames=8, data=avi))
    shop.data("claims_no_pixels.avi", "zero_sized", _raw_avi(0, 0, frames=8, data=avi))
    data = bytearray(shop.bytes_of("box.mp4", num_frames=4))
    struct.pack_into(">II", data, data.find(b"tkhd") + 80, 65535 << 16, 65535 << 16)
    shop.data("claims_to_be_shown_huge.mp4", "ok", data)
    shop.data("all_at_once.mp4", "empty", _all_at_once(shop.bytes_of("once.mp4", num_frames=6)))


def _odd_but_fine(shop: Workshop) -> None:
    shop.data("gif_named.mp4", "ok", _gif(6))
    shop.data("animated.gif", "ok", _gif(6))
    shop.clip("single_frame.mp4", num_frames=1)
    shop.clip("rotated.mp4", num_frames=3, height=32, width=64, display_matrix=_TURNED)
    shop.clip("variable_rate.mp4", num_frames=5, times_seconds=[0, 0.1, 1.0, 1.05, 4.0])
    shop.clip("variable_rate.webm", num_frames=5, times_seconds=[0, 0.1, 1.0, 1.05, 4.0], codec="libvpx-vp9")
    shop.clip("late_start.mkv", num_frames=6, times_seconds=[5 + i / 8 for i in range(6)])
    shop.clip("reordered.mp4", num_frames=24, options={"bf": "3"})
    shop.clip("edit_list.mp4", num_frames=12, times_seconds=[i / 8 - 0.5 for i in range(12)])
    shop.clip("ten_bit.mp4", num_frames=3, pixel_format="yuv420p10le")
    shop.clip("alpha.webm", num_frames=3, codec="libvpx-vp9", pixel_format="yuva420p")
    shop.clip("odd_size.mp4", num_frames=3, height=35, width=63, pixel_format="yuv444p")
    shop.clip("one_pixel.mkv", num_frames=3, height=1, width=1, codec="ffv1", pixel_format="yuv444p")
    shop.clip("a name, with 'odd' \u5b57 <b>&amp;\n.mp4", num_frames=3)
    data = shop.bytes_of("tail.mp4", num_frames=4)
    shop.data("tail_of_garbage.mp4", "ok", data + np.random.default_rng(0).bytes(1000))
    first, second = (shop.bytes_of(f"{n}.ts", num_frames=4, height=n, width=n) for n in (64, 32))
    shop.data("two_joined.ts", "unreadable", first + second)


def _places(shop: Workshop) -> None:
    outside = shop.root.parent / "outside.mp4"
    outside.write_bytes(shop.bytes_of("outside.mp4", num_frames=2))
    shop.place("link_outside.mp4", "unreadable").symlink_to(outside)
    shop.place("link_to_nothing.mp4", "missing").symlink_to("absent.mp4")
    shop.place("link_to_itself.mp4", "unreadable").symlink_to("link_to_itself.mp4")
    shop.place("folder.mp4", "empty").mkdir()
    os.mkfifo(shop.place("pipe.mp4", "unreadable"))
    forbidden = shop.place("forbidden.mp4", "ok" if os.geteuid() == 0 else "unreadable")
    forbidden.write_bytes(outside.read_bytes())
    forbidden.chmod(0)


def _images(shop: Workshop) -> None:
    shop.data("video.jpg", "not_an_image", shop.bytes_of("named.mp4", num_frames=2))
    Image.effect_noise((64, 64), 50).save(shop.place("cut.png", "truncated"))
    whole = (shop.root / "cut.png").read_bytes()
    (shop.root / "cut.png").write_bytes(whole[: len(whole) // 2])
    Image.new("RGB", (8, 8)).save(shop.place("still.gif", "ok"))
    for name, status, said, sizes in (
        ("frames", "ok", {"fps": 2.0}, [8] * 11),
        ("frames_without_end", "bad_times", {"times_seconds": [0.0, 1.0]}, [8] * 3),
        ("frames_of_two_sizes", "mixed_sizes", {"fps": 2.0}, [8, 8, 9]),
        ("frames_backwards", "bad_times", {"times_seconds": [0.0, 2.0, 1.0]}, [8] * 3),
    ):
        for number, size in enumerate(sizes):
            file = shop.place(name, status) / f"{number}.png"
            file.parent.mkdir(exist_ok=True)
            Image.new("RGB", (size, size), (20 * number, 0, 0)).save(file)
        (shop.root / name / "times.json").write_text(json.dumps(said))


def _sound(path: Path, *, cover: bool) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000, layout="mono")
        picture = None
        if cover:
            picture = container.add_stream("mjpeg", rate=1)
            picture.height = picture.width = 32
            picture.pix_fmt = "yuvj420p"
            picture.disposition = Disposition.attached_pic
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), format="fltp", layout="mono")
        frame.rate = 16000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if picture is not None:
            still = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
            container.mux([*picture.encode(still), *picture.encode()])


def _gif(num_frames: int) -> bytes:
    pictures = [Image.effect_noise((32, 32), 20 + 5 * i).convert("P") for i in range(num_frames)]
    file = BytesIO()
    pictures[0].save(file, "gif", save_all=True, append_images=pictures[1:], duration=100)
    return file.getvalue()


def _raw_avi(width: int, height: int, *, frames: int, data: bytes = b"") -> bytes:
    """An avi file of raw pictures; with ``data``, that file with other sizes written into its header."""
    if data:
        changed = bytearray(data)
        struct.pack_into("<II", changed, data.find(b"avih") + 8 + 32, width, height)
        struct.pack_into("<II", changed, data.find(b"strf") + 8 + 4, width, height)
        return bytes(changed)
    file = BytesIO()
    with av.open(file, "w", format="avi") as container:
        stream = container.add_stream("rawvideo", rate=8)
        stream.height, stream.width, stream.pix_fmt = height, width, "bgr24"
        for number in range(frames):
            picture = np.full((height, width, 3), 20 * number, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, 8)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file.getvalue()


def _without_frames(mp4: bytes) -> bytes:
    """The file with a sample table that lists nothing."""
    changed = bytearray(mp4)
    for box, offset in ((b"stsz", 12), (b"stts", 8), (b"stsc", 8), (b"stco", 8), (b"ctts", 8), (b"stss", 8)):
        place = mp4.find(box)
        if place >= 0:
            struct.pack_into(">I", changed, place + offset, 0)
    return bytes(changed)


def _all_at_once(mp4: bytes) -> bytes:
    """The file with every frame shown for no time, so that all but one are never on screen."""
    changed = bytearray(mp4)
    for box in (b"stts", b"ctts"):
        place = mp4.find(box)
        count = struct.unpack_from(">I", mp4, place + 8)[0] if place >= 0 else 0
        for entry in range(count):
            struct.pack_into(">I", changed, place + 12 + 8 * entry + 4, 0)
    return bytes(changed)
