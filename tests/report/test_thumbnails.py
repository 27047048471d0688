"""Frames as small pictures."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from framewise.report._thumbnails import picture_uri


def decode(uri):
    kind, _, data = uri.partition(",")
    assert kind == "data:image/webp;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")).astype(float)


@pytest.mark.parametrize(
    ("size", "shrunk"),
    [
        ((64, 64), (64, 64)),
        ((720, 1280), (54, 96)),
        ((1280, 720), (96, 54)),
        ((2, 2), (2, 2)),
        ((3, 5000), (2, 96)),
    ],
)
def test_size_keeps_the_shape(size, shrunk):
    picture = decode(picture_uri(np.full((*size, 3), 90, np.uint8)))
    assert picture.shape[:2] == shrunk


def test_colours_stay():
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[:, :32] = (200, 40, 40)
    pixels[:, 32:] = (20, 60, 210)
    picture = decode(picture_uri(pixels))
    assert np.abs(picture[:, :28].mean((0, 1)) - (200, 40, 40)).max() < 12
    assert np.abs(picture[:, 36:].mean((0, 1)) - (20, 60, 210)).max() < 12


def test_views_of_other_arrays_are_read_right():
    pixels = np.zeros((64, 128, 3), np.uint8)
    pixels[:, ::2] = 255
    assert decode(picture_uri(pixels[:, ::2])).mean() > 250


def test_a_busy_frame_is_small():
    noise = np.random.default_rng(0).integers(0, 256, (720, 1280, 3), dtype=np.uint8)
    assert len(picture_uri(noise)) < 6000
