"""Files that were cut short are found, and healthy ones are left alone."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from framewise.clips import probe, read_clips
from framewise.clips._container_end import needed_bytes

_MADE = [
    ("plain.mp4", "libx264", {}),
    ("first.mp4", "libx264", {"faststart": True}),
    ("plain.mov", "libx264", {}),
    ("plain.mkv", "libx264", {}),
    ("plain.webm", "libvpx-vp9", {}),
    ("plain.avi", "mpeg4", {}),
    ("plain.flv", "libx264", {}),
    ("plain.ts", "libx264", {}),
    ("plain.wmv", "wmv2", {}),
]


@pytest.mark.parametrize(("name", "codec", "how"), _MADE)
def test_cuts_are_found(tmp_path: Path, write_clip: Callable, name: str, codec: str, how: dict) -> None:
    file = write_clip(tmp_path / name, num_frames=24, codec=codec, **how)
    whole = file.read_bytes()
    assert needed_bytes(file) <= len(whole)
    cuts = np.random.default_rng(0).integers(len(whole) // 3, len(whole) - 8, 60)
    found = 0
    for cut in cuts:
        file.write_bytes(whole[:cut])
        found += needed_bytes(file) > cut
    # A cut between two tags of an flv file, or two packets of a stream, leaves nothing to find.
    assert found >= 0.8 * len(cuts)


def test_a_gif_ends_with_its_trailer(tmp_path: Path) -> None:
    pictures = [Image.effect_noise((16, 16), 20 + i).convert("P") for i in range(5)]
    file = tmp_path / "a.gif"
    pictures[0].save(file, save_all=True, append_images=pictures[1:], duration=100)
    whole = file.read_bytes()
    assert needed_bytes(file) <= len(whole)
    for cut in range(20, len(whole) - 2, 7):
        file.write_bytes(whole[:cut])
        assert needed_bytes(file) > cut


@pytest.mark.parametrize("junk", [b"", b"\0" * 400, b"hello" * 100])
def test_bytes_after_the_end_are_no_fault(tmp_path: Path, write_clip: Callable, junk: bytes) -> None:
    for name, codec, how in _MADE[:6]:
        file = write_clip(tmp_path / name, num_frames=4, codec=codec, **how)
        file.write_bytes(file.read_bytes() + junk)
        assert needed_bytes(file) <= file.stat().st_size, name


def test_any_bytes_are_measured(tmp_path: Path, write_clip: Callable) -> None:
    """Hostile headers end the measuring; they never hang or break it."""
    random = np.random.default_rng(0)
    magics = (
        b"\x1aE\xdf\xa3",
        b"RIFF",
        b"GIF89a",
        b"FLV\1",
        b"OggS",
        b"\0\0\0\x18ftyp",
        b"\x30\x26\xb2\x75",
        b"",
    )
    file = tmp_path / "x"
    for magic in magics:
        for length in (0, 1, 5, 30, 600):
            file.write_bytes(magic + random.bytes(length))
            assert needed_bytes(file) >= 0
            file.write_bytes(magic + bytes(length))
            assert needed_bytes(file) >= 0


def test_live_streams_say_no_size(tmp_path: Path) -> None:
    segment_without_size = b"\x1aE\xdf\xa3\x80" + b"\x18S\x80g\x01" + b"\xff" * 7
    (tmp_path / "live.webm").write_bytes(segment_without_size)
    assert needed_bytes(tmp_path / "live.webm") <= len(segment_without_size)
    (tmp_path / "unclosed.avi").write_bytes(b"RIFF\0\0\0\0AVI ")
    assert needed_bytes(tmp_path / "unclosed.avi") == 0


def test_healthy_files_are_no_faults(
    tmp_path: Path, write_clip: Callable, write_with_longer_sound: Callable, in_process: None
) -> None:
    """Variable rates, reordered frames, late starts, pieces, and sound that is longer than the pictures."""
    uneven = [0.0, 0.1, 1.0, 1.05, 3.0, 7.0, 7.1]
    for name, codec, how in _MADE:
        write_clip(tmp_path / "media" / name, num_frames=9, codec=codec, **how)
        write_clip(
            tmp_path / "media" / f"uneven-{name}", num_frames=7, times_seconds=uneven, codec=codec, **how
        )
        late = [5 + i / 8 for i in range(6)]
        write_clip(tmp_path / "media" / f"late-{name}", num_frames=6, times_seconds=late, codec=codec, **how)
    for name, codec, sound, options in (
        ("a.mp4", "libx264", "aac", {}),
        ("pieces.mp4", "libx264", "aac", {"movflags": "frag_keyframe+empty_moov"}),
        ("a.mov", "libx264", "pcm_s16le", {}),
        ("a.mkv", "libx264", "aac", {}),
        ("a.webm", "libvpx-vp9", "libopus", {}),
        ("live.webm", "libvpx-vp9", "libopus", {"live": "1"}),
        ("a.avi", "mpeg4", "pcm_s16le", {}),
        ("a.flv", "libx264", "aac", {}),
        ("a.ts", "libx264", "aac", {}),
    ):
        write_with_longer_sound(
            tmp_path / "media" / f"sound-{name}", codec=codec, sound=sound, options=options
        )
    probe(tmp_path / "media", output=tmp_path / "run")
    clips = read_clips(tmp_path / "run")
    assert len(clips) == 3 * len(_MADE) + 9
    assert {path: f"{c.status} {c.reason}" for path, c in clips.items() if not c.ok or c.reason} == {}
    assert {c.num_frames for path, c in clips.items() if path.startswith("sound-")} == {8}
