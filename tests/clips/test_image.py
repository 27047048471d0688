"""Images as clips of one frame."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from framewise.clips import ClipError, load_image, probe_image

PICTURE = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)


def test_one_frame_at_time_zero(tmp_path: Path, write_image: Callable) -> None:
    frames = load_image(write_image(tmp_path / "a.png", PICTURE))
    np.testing.assert_array_equal(frames.pixels, PICTURE[None])
    assert frames.times_seconds.tolist() == [0.0]


def test_probe_equals_the_truth(tmp_path: Path, write_image: Callable) -> None:
    for suffix, codec in (
        (".png", "png"),
        (".jpg", "jpeg"),
        (".webp", "webp"),
        (".bmp", "bmp"),
        (".gif", "gif"),
    ):
        found = probe_image(write_image(tmp_path / f"a{suffix}", PICTURE))
        assert (found.status, found.num_frames, found.codec) == ("ok", 1, codec)
        assert (found.height, found.width, found.duration_seconds) == (20, 30, 0.0)


def test_it_is_turned_by_its_exif_data(tmp_path: Path) -> None:
    image = Image.fromarray(PICTURE)
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(load_image(tmp_path / "a.png").pixels[0], np.rot90(PICTURE, -1))
    assert (probe_image(tmp_path / "a.png").height, probe_image(tmp_path / "a.png").width) == (30, 20)


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "1", "I;16", "CMYK"])
def test_any_mode_becomes_rgb(tmp_path: Path, mode: str) -> None:
    grey = np.full((4, 6), 200, np.uint8)
    source = grey.astype(np.uint16) * 256 if mode == "I;16" else grey
    image = Image.fromarray(source) if mode == "I;16" else Image.fromarray(source).convert(mode)
    file = tmp_path / ("a.tif" if mode == "CMYK" else "a.png")
    image.save(file)
    pixels = load_image(file).pixels
    assert pixels.shape == (1, 4, 6, 3)
    if mode != "1":
        assert np.abs(pixels.astype(int) - 200).max() <= 1


def test_transparency_is_over_white(tmp_path: Path) -> None:
    clear = np.zeros((4, 6, 4), np.uint8)
    clear[:, 3:] = (10, 20, 30, 255)
    Image.fromarray(clear).save(tmp_path / "a.png")
    pixels = load_image(tmp_path / "a.png").pixels[0]
    assert (pixels[:, :3] == 255).all()
    assert (pixels[:, 3:] == (10, 20, 30)).all()


@pytest.mark.parametrize(
    ("make", "status"),
    [
        (lambda file, data: None, "missing"),
        (lambda file, data: file.touch(), "empty"),
        (lambda file, data: file.write_text("hello"), "not_an_image"),
        (
            lambda file, data: file.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"),
            "not_an_image",
        ),
        (lambda file, data: file.write_bytes(data[: len(data) // 2]), "truncated"),
        (lambda file, data: file.mkdir(), "unreadable"),
    ],
    ids=["missing", "empty", "text", "postscript", "cut", "folder"],
)
def test_named_faults(tmp_path: Path, write_image: Callable, make: Callable, status: str) -> None:
    data = write_image(tmp_path / "good.png", PICTURE).read_bytes()
    file = tmp_path / "bad.png"
    make(file, data)
    found = probe_image(file)
    assert (found.status, bool(found.reason)) == (status, True)
    with pytest.raises(ClipError, match=status):
        load_image(file)


def test_a_bomb_is_not_opened(tmp_path: Path, write_image: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write_image(tmp_path / "a.png", PICTURE)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    found = probe_image(file)
    assert found.status == "unreadable"
    assert "exceeds limit" in found.reason
