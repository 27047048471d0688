"""torchcodec gives the frames and times of pyav, or says what it lacks."""

import builtins
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from framewise._errors import UsageError
from framewise.clips import ClipError, make_decoder, sample_clip
from framewise.clips.decoders import torchcodec
from framewise.clips.decoders.pyav import PyAV
from framewise.clips.decoders.torchcodec import TorchCodec

ROOT = Path(__file__).parents[3]
_ONE, _W = 65536, 1 << 30
_UNEVEN = [0.0, 0.033, 0.2, 0.3, 0.9, 0.95, 1.0, 1.1, 1.5, 2.0, 2.04, 3.0]


@pytest.fixture
def decoder() -> TorchCodec:
    try:
        return TorchCodec()
    except UsageError as absent:
        pytest.skip(str(absent))


def _smooth_frames(num_frames: int, height: int = 96, width: int = 128) -> np.ndarray:
    """Pictures without sharp edges and with slow colours, on which two good scalers agree."""
    y, x = np.mgrid[:height, :width]
    waves = [128 + 80 * np.sin((x + y * 2) / 25 + number / 3) for number in range(num_frames)]
    tint = np.stack([20 * x / width, 0 * x, 20 * y / height], axis=-1)
    return (np.stack(waves)[..., None] + tint).astype(np.uint8)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("b.mp4", {"options": {"g": "5", "bf": "3"}}),
        ("uneven.mp4", {"times_seconds": _UNEVEN}),
        ("uneven.mkv", {"times_seconds": _UNEVEN}),
        ("late.mov", {"times_seconds": [t + 2 for t in _UNEVEN]}),
        ("plain.avi", {"codec": "mpeg4"}),
        ("vp9.webm", {"codec": "libvpx-vp9", "times_seconds": _UNEVEN}),
        ("ten_bits.mp4", {"pixel_format": "yuv420p10le"}),
        ("turned.mp4", {"display_matrix": [0, _ONE, 0, -_ONE, 0, 0, 0, 0, _W]}),
        ("turned_back.mp4", {"display_matrix": [0, -_ONE, 0, _ONE, 0, 0, 0, 0, _W]}),
        ("upside_down.mp4", {"display_matrix": [-_ONE, 0, 0, 0, -_ONE, 0, 0, 0, _W]}),
    ],
)
def test_frames_and_times_are_those_of_pyav(
    decoder: TorchCodec, tmp_path: Path, write_clip: Callable, name: str, settings: dict[str, Any]
) -> None:
    file = write_clip(tmp_path / name, frames=_smooth_frames(12), **settings)
    for indices, size in (([0, 3, 4, 11], None), (range(12), None), ([2, 7], (56, 84)), ([5], (200, 160))):
        ours, theirs = PyAV().decode(file, indices, size=size), decoder.decode(file, indices, size=size)
        np.testing.assert_array_equal(theirs.times_seconds, ours.times_seconds)
        assert theirs.pixels.shape == ours.pixels.shape
        difference = np.abs(theirs.pixels.astype(int) - ours.pixels)
        # Two bicubic filters. FFmpeg leaves colours half as wide as the picture, and 10 bits a level too dark.
        assert difference.mean() < 2
        assert np.quantile(difference, 0.999) <= 5
    assert decoder.probe(file) == PyAV().probe(file)


def test_a_window_holds_the_same_frames(decoder: TorchCodec, tmp_path: Path, write_clip: Callable) -> None:
    file = write_clip(tmp_path / "clip.mp4", frames=_smooth_frames(12), times_seconds=_UNEVEN)
    window = {"num_frames": 4, "start_seconds": 0.25, "end_seconds": 2.02}
    (ours, chosen), (theirs, same) = sample_clip(PyAV(), file, **window), sample_clip(decoder, file, **window)
    assert chosen.indices.tolist() == same.indices.tolist()
    np.testing.assert_array_equal(theirs.times_seconds, ours.times_seconds)


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("stream.ts", {}, "MPEG streams"),
        (
            "interlaced.mp4",
            {"options": {"flags": "+ilme+ildct", "x264-params": "interlaced=1"}},
            "do not tell",
        ),
        ("mirrored.mp4", {"display_matrix": [-_ONE, 0, 0, 0, _ONE, 0, 0, 0, _W]}, "mirrored"),
    ],
)
def test_what_it_would_get_wrong_is_refused(
    decoder: TorchCodec, tmp_path: Path, write_clip: Callable, name: str, settings: dict[str, Any], said: str
) -> None:
    file = write_clip(tmp_path / name, num_frames=6, **settings)
    with pytest.raises(ClipError, match=said):
        decoder.decode(file, [0])
    found = decoder.probe(file)
    assert (found.status, said in found.reason) == ("unreadable", True)
    assert PyAV().probe(file).ok


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            ModuleNotFoundError("No module named 'torchcodec'", name="torchcodec"),
            r"pip install .*apt-get install",
        ),
        (
            RuntimeError("Could not load libtorchcodec.\nA long list"),
            r"Could not load libtorchcodec\.\).*apt-get",
        ),
        (OSError("libavcodec.so: cannot open shared object file"), r"cannot open.*apt-get install ffmpeg"),
    ],
)
def test_what_is_absent_is_said_with_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    original = builtins.__import__

    def without(name: str, *arguments: Any, **settings: Any) -> ModuleType:
        if name == "torchcodec":
            raise error
        return original(name, *arguments, **settings)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UsageError, match=said):
        make_decoder("torchcodec")


def test_a_gpu_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torchcodec, "_check_loads", lambda: None)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(UsageError, match="no CUDA device"):
        make_decoder("torchcodec:cuda")


@pytest.mark.gpu
def test_a_gpu_gives_the_frames_of_pyav(tmp_path: Path, write_clip: Callable) -> None:
    import torch

    if not torch.cuda.is_available():
        pytest.skip("no GPU")
    file = write_clip(tmp_path / "clip.mp4", frames=_smooth_frames(12, 256, 256), times_seconds=_UNEVEN)
    ours = PyAV().decode(file, [0, 3, 11], size=(112, 112))
    theirs = make_decoder("torchcodec:cuda").decode(file, [0, 3, 11], size=(112, 112))
    np.testing.assert_array_equal(theirs.times_seconds, ours.times_seconds)
    assert np.abs(theirs.pixels.astype(int) - ours.pixels).mean() < 3


@pytest.mark.slow
def test_these_tests_pass_with_the_real_library(tmp_path: Path) -> None:
    """Installed into a folder of its own, since it needs FFmpeg's libraries, which pip does not bring."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(tmp_path)]
    pinned = next(
        line for line in (ROOT / "constraints.txt").read_text().splitlines() if "torchcodec" in line
    )
    subprocess.run([*pip, pinned], check=True, timeout=200)
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    code = "from framewise.clips import make_decoder; make_decoder('torchcodec')"
    loads = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    if loads.returncode:
        pytest.skip(loads.stderr.strip().splitlines()[-1])
    files = ["tests/clips/decoders/test_torchcodec.py", "tests/contracts/test_decoder_contract.py"]
    command = [sys.executable, "-m", "pytest", "-q", "-m", "not slow", *files]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert "does not load" not in done.stdout
    assert "is not installed" not in done.stdout
