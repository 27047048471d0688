"""Videos that are made of images: their times, their frames and their faults."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from framewise._errors import UsageError
from framewise.clips import ClipError, ImageSequence, find_source, probe, read_clips, read_media, sample_clip
from framewise.clips._image_times import image_names
from framewise.clips.decoders.pyav import PyAV
from framewise.records import Media


def write_images(folder: Path, names: Sequence[str], size: tuple[int, int] = (6, 4)) -> list[Path]:
    """Images whose red says which they are."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        Image.new("RGB", size, (20 * number, 0, 0)).save(folder / name)
    return [folder / name for name in names]


def opened(root: Path, **said: object) -> ImageSequence:
    source = find_source(root, Media(kind="video", **said))
    assert isinstance(source, ImageSequence)
    return source


def numbers(pixels: np.ndarray) -> list[int]:
    return (pixels[:, 0, 0, 0] // 20).tolist()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Twelve images 0.png .. 11.png in the folder ``clip``."""
    write_images(tmp_path / "clip", [f"{i}.png" for i in range(12)])
    return tmp_path


def test_names_are_in_natural_order(tmp_path: Path) -> None:
    write_images(tmp_path, ["f10.png", "f9.png", "f1.png", "F2.PNG", ".hidden.png", "1.jpg", "01.jpg"])
    (tmp_path / "notes.txt").touch()
    (tmp_path / "sub").mkdir()
    assert image_names(tmp_path) == ["01.jpg", "1.jpg", "F2.PNG", "f1.png", "f9.png", "f10.png"]
    assert image_names(tmp_path / "absent") == []


def test_a_rate_in_the_record(root: Path) -> None:
    clip = opened(root, path="clip", fps=4.0)
    np.testing.assert_allclose(clip.frame_times(), np.arange(12) / 4)
    found = clip.probe()
    assert (found.status, found.num_frames, found.duration_seconds, found.fps) == ("ok", 12, 3.0, 4.0)
    assert (found.width, found.height, found.codec) == (6, 4, "png")
    assert numbers(clip.decode([0, 5, 11]).pixels) == [0, 5, 11]


def test_times_in_the_record_count_from_the_first(root: Path) -> None:
    frames = ("clip/3.png", "clip/1.png", "clip/7.png")
    clip = opened(root, frames=frames, times_seconds=(10.0, 10.5, 12.0))
    assert clip.frame_times().tolist() == [0.0, 0.5, 2.0]
    assert clip.probe().duration_seconds == 3.0
    assert numbers(clip.decode([0, 1, 2]).pixels) == [3, 1, 7]


@pytest.mark.parametrize(
    ("said", "times"),
    [
        ({"fps": 2.0}, [0.0, 1.0, 2.5]),
        ({"times_seconds": [i**2 for i in range(12)]}, [0.0, 12.0, 45.0]),
        ({"times_seconds": {"2.png": 1.5, "4.png": 2.0, "7.png": 4.0}}, [0.0, 0.5, 2.5]),
    ],
)
def test_times_beside_the_images(root: Path, said: dict, times: list[float]) -> None:
    """A list of some of a folder's images keeps the time that each has in the folder."""
    (root / "clip" / "times.json").write_text(json.dumps(said))
    assert opened(root, frames=("clip/2.png", "clip/4.png", "clip/7.png")).frame_times().tolist() == times


def test_the_record_goes_before_the_file_beside_the_images(root: Path) -> None:
    (root / "clip" / "times.json").write_text('{"fps": 1}')
    assert opened(root, path="clip", fps=2.0).frame_times()[1] == 0.5
    assert opened(root, path="clip").frame_times()[1] == 1.0


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("{", "bad_times"),
        ("[1]", "bad_times"),
        ("{}", "bad_times"),
        ('{"fps": 1, "times_seconds": []}', "bad_times"),
        ('{"fps": 0}', "bad_times"),
        ('{"fps": "2"}', "bad_times"),
        ('{"fps": NaN}', "bad_times"),
        ('{"times_seconds": [0, 1]}', "bad_times"),
        ('{"times_seconds": 3}', "bad_times"),
        ('{"times_seconds": {"0.png": 1}}', "bad_times"),
        (json.dumps({"times_seconds": [1] * 12}), "bad_times"),
        (json.dumps({"times_seconds": [*range(11), True]}), "bad_times"),
        (None, "no_times"),
    ],
)
def test_times_that_cannot_be(root: Path, said: str | None, status: str) -> None:
    if said is not None:
        (root / "clip" / "times.json").write_text(said)
    with pytest.raises(ClipError) as raised:
        find_source(root, Media(kind="video", path="clip"))
    assert raised.value.status == status


def test_no_rate_is_ever_assumed(root: Path, tmp_path: Path) -> None:
    write_images(tmp_path / "other", ["a.png"])
    (tmp_path / "other" / "times.json").write_text('{"fps": 2}')
    for frames in (("clip/0.png", "clip/1.png"), ("other/a.png", "clip/1.png")):
        with pytest.raises(ClipError, match="no_times: nothing says when the 2 images are shown"):
            find_source(root, Media(kind="video", frames=frames))


def test_faults_are_named(root: Path) -> None:
    (root / "clip" / "4.png").write_text("hello")
    assert opened(root, path="clip", fps=1.0).probe().status == "not_an_image"
    (root / "clip" / "4.png").unlink()
    listed = opened(root, frames=("clip/3.png", "clip/4.png"), fps=1.0).probe()
    assert (listed.status, "image 1, 4.png" in listed.reason) == ("missing", True)
    Image.new("RGB", (4, 6)).save(root / "clip" / "4.png")
    mixed = opened(root, path="clip", fps=1.0)
    assert mixed.probe().status == "mixed_sizes"
    with pytest.raises(ClipError, match=r"mixed_sizes: image 4, 4\.png, has 4 x 6"):
        mixed.decode([3, 4])
    (root / "none").mkdir()
    with pytest.raises(ClipError, match="empty"):
        find_source(root, Media(kind="video", path="none"))


def test_indices_are_checked(root: Path) -> None:
    clip = opened(root, path="clip", fps=1.0)
    for indices in ([12], [-1, 3]):
        with pytest.raises(IndexError, match="outside"):
            clip.decode(indices)
    for indices in ([], [3, 3], [5, 2]):
        with pytest.raises(ValueError, match="strictly increasing"):
            clip.decode(indices)


def test_frames_are_scaled_as_asked(root: Path) -> None:
    clip = opened(root, path="clip", fps=1.0)
    frames = clip.decode([0, 2], size=(8, 10))
    assert frames.pixels.shape == (2, 8, 10, 3)
    assert numbers(frames.pixels) == [0, 2]


def test_sampling_is_that_of_any_video(root: Path) -> None:
    source = opened(root, path="clip", fps=2.0)
    frames, chosen = sample_clip(PyAV(), source, 4)
    assert numbers(frames.pixels) == chosen.indices.tolist() == [1, 4, 7, 10]
    media = Media(kind="video", path="clip", fps=2.0, start_seconds=2.0, end_seconds=4.0)
    assert numbers(read_media(root, media, PyAV(), 64).pixels) == [4, 5, 6, 7]
    assert numbers(read_media(root, media, PyAV(), 3, multiple_of=2).pixels) == [5, 7]


def test_a_truncated_image_ends_the_good_frames(tmp_path: Path) -> None:
    files = []
    for i in range(5):
        files.append(tmp_path / f"{i}.png")
        Image.effect_noise((32, 32), 50).save(files[-1])
    data = files[3].read_bytes()
    files[3].write_bytes(data[: len(data) // 2])
    frames = tuple(file.name for file in files)
    row = {"kind": "video", "frames": frames, "fps": 1}
    line = {"turns": [{"role": "user", "text": "<video>"}], "media": [row]}
    (tmp_path / "r.jsonl").write_text(json.dumps(line))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("framewise.clips._probe.run_tasks", lambda f, items, **_: ((i, f(i)) for i in items))
        probe(tmp_path / "r.jsonl", output=tmp_path / "run", allow_truncated=True)
    (clip,) = read_clips(tmp_path / "run").values()
    assert (clip.status, clip.num_frames, clip.good_frames) == ("ok", 3, 3)
    media = Media(kind="video", frames=frames, fps=1.0)
    assert clip.path == media.path
    assert len(read_media(tmp_path, media, PyAV(), 8, good_frames=clip.good_frames).pixels) == 3


def test_files_have_times_of_their_own(tmp_path: Path, write_clip: Callable, write_image: Callable) -> None:
    write_clip(tmp_path / "a.mp4", num_frames=3)
    with pytest.raises(ClipError, match="bad_times: a video file has times of its own"):
        find_source(tmp_path, Media(kind="video", path="a.mp4", fps=2.0))
    assert find_source(tmp_path, Media(kind="video", path="a.mp4")) == tmp_path / "a.mp4"
    write_image(tmp_path / "a.png")
    assert read_media(tmp_path, Media(kind="image", path="a.png"), PyAV(), 8).pixels.shape == (1, 64, 64, 3)


def test_images_stay_below_the_root(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    secret = tmp_path_factory.mktemp("outside") / "secret.png"
    Image.new("RGB", (6, 4)).save(secret)
    with pytest.raises(UsageError, match="leaves the media root"):
        find_source(root, Media(kind="video", frames=(str(secret),), fps=1.0))
    (root / "clip" / "12.png").symlink_to(secret)
    with pytest.raises(UsageError, match="symbolic link"):
        find_source(root, Media(kind="video", path="clip", fps=1.0))
