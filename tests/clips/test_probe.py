"""The probe stage: what it finds, resumes and refuses."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from framewise._errors import UsageError
from framewise.clips import Clip, open_clips, probe, read_clips
from framewise.clips.decoders.pyav import PyAV

pytestmark = pytest.mark.usefixtures("in_process")


@pytest.fixture
def folder(tmp_path: Path, write_clip: Callable, write_image: Callable) -> Path:
    root = tmp_path / "data"
    write_clip(root / "videos" / "a.mp4", num_frames=8, fps=8.0)
    write_clip(root / "videos" / "b.mp4", num_frames=16, fps=8.0)
    write_image(root / "c.png")
    (root / "videos" / "bad.mp4").write_text("hello")
    (root / "notes.txt").write_text("not media")
    (root / ".cache").mkdir()
    (root / ".cache" / "x.mp4").touch()
    return root


@pytest.fixture
def records(folder: Path) -> Path:
    media = ["videos/b.mp4", "videos/a.mp4", "c.png", "videos/absent.mp4", "videos/a.mp4", "../out.mp4"]
    rows = [
        {"turns": [{"role": "user", "text": f"<{kind}> {i}"}], "media": [{"kind": kind, "path": path}]}
        for i, path in enumerate(media)
        for kind in ["image" if path.endswith("png") else "video"]
    ]
    file = folder / "records.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    return file


def lines(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_a_folder_of_media(folder: Path, tmp_path: Path) -> None:
    found = probe(folder, output=tmp_path / "run")
    assert found.statuses == {"ok": 3, "not_a_video": 1}
    assert found.hours == pytest.approx(3.0 / 3600)
    assert [(c.path, c.status) for c in found.faults] == [("videos/bad.mp4", "not_a_video")]
    assert [row["path"] for row in lines(tmp_path / "run" / "clips.jsonl")] == [
        "c.png",
        "videos/a.mp4",
        "videos/b.mp4",
        "videos/bad.mp4",
    ]
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert (summary["num_media"], summary["statuses"]) == (4, found.statuses)
    assert json.loads((tmp_path / "run" / "manifest.json").read_text())["status"] == "complete"


def test_records_are_probed_once_a_file_and_bad_rows_are_kept(records: Path, tmp_path: Path) -> None:
    found = probe(records, output=tmp_path / "run")
    assert found.statuses == {"ok": 3, "missing": 1}
    assert [b.line for b in found.bad_rows] == [6]
    assert read_clips(tmp_path / "run")["videos/b.mp4"].num_frames == 16
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["bad_rows"][0]["line"] == 6


def test_a_folder_below_the_media_root_keeps_the_roots_paths(folder: Path, tmp_path: Path) -> None:
    probe(folder / "videos", media_root=folder, output=tmp_path / "run")
    assert set(read_clips(tmp_path / "run")) == {"videos/a.mp4", "videos/b.mp4", "videos/bad.mp4"}
    with pytest.raises(UsageError, match="is not in the media root"):
        probe(folder, media_root=folder / "videos", output=tmp_path / "other")


def test_a_folder_of_records_alone(records: Path, tmp_path: Path) -> None:
    only = tmp_path / "only" / "rows.jsonl"
    only.parent.mkdir()
    only.write_text(records.read_text())
    found = probe(only.parent, media_root=records.parent, output=tmp_path / "run")
    assert found.num_media == 4
    with pytest.raises(UsageError, match="lies in the folder of records"):
        probe(only.parent, media_root=records.parent, output=only.parent / "clips.jsonl")


def test_links_out_of_the_folder_are_faults(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.mp4").write_bytes((folder / "videos" / "a.mp4").read_bytes())
    (folder / "link.mp4").symlink_to(tmp_path / "secret.mp4")
    found = probe(folder, output=tmp_path / "run")
    assert [(c.status, "symbolic link" in c.reason) for c in found.faults if c.path == "link.mp4"] == [
        ("unreadable", True)
    ]


@pytest.mark.parametrize("output", ["run", "clips.jsonl"])
def test_an_interrupted_probe_goes_on(
    folder: Path, tmp_path: Path, output: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = probe(folder, output=tmp_path / "whole" / output)
    probed: list[str] = []
    original = PyAV.probe

    def interrupted(self: PyAV, path: Path) -> Clip:
        if len(probed) == 1:
            raise KeyboardInterrupt
        probed.append(path.name)
        return original(self, path)

    monkeypatch.setattr(PyAV, "probe", interrupted)
    with pytest.raises(KeyboardInterrupt):
        probe(folder, output=tmp_path / output)
    file = tmp_path / output / "clips.jsonl" if output == "run" else tmp_path / output
    assert len(lines(file)) == 2
    with pytest.raises(UsageError, match="not finished"):
        read_clips(tmp_path / output)
    with file.open("a") as stream:
        stream.write('{"path": "vid')

    def counted(self: PyAV, path: Path) -> Clip:
        probed.append(path.name)
        return original(self, path)

    monkeypatch.setattr(PyAV, "probe", counted)
    assert probe(folder, output=tmp_path / output) == whole
    assert probed == ["a.mp4", "b.mp4", "bad.mp4"], "a file with a row is not decoded again"
    assert probe(folder, output=tmp_path / output) == whole
    assert len(probed) == 3, "a finished run is not done again"
    name = "whole/run/clips.jsonl" if output == "run" else "whole/clips.jsonl"
    assert file.read_text() == (tmp_path / name).read_text()


@pytest.mark.parametrize("output", ["run", "clips.jsonl"])
def test_changed_media_need_fresh(folder: Path, tmp_path: Path, output: str) -> None:
    probe(folder, output=tmp_path / output)
    (folder / "videos" / "bad.mp4").unlink()
    with pytest.raises(UsageError, match=r"other settings \(config.media_sha256.*--fresh"):
        probe(folder, output=tmp_path / output)
    assert probe(folder, output=tmp_path / output, fresh=True).statuses == {"ok": 3}
    assert len(read_clips(tmp_path / output)) == 3


def test_a_rows_file_has_its_manifest_beside_it(records: Path, tmp_path: Path) -> None:
    found = probe(records, output=tmp_path / "out" / "clips.jsonl")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["clips.jsonl", "clips.manifest.json"]
    manifest = json.loads((tmp_path / "out" / "clips.manifest.json").read_text())
    assert manifest["status"] == "complete"
    assert manifest["summary"]["statuses"] == found.statuses
    assert list(manifest["inputs"]) == ["records"]
    assert read_clips(tmp_path / "out" / "clips.jsonl") == read_clips(tmp_path / "out" / "clips.jsonl")


def test_a_file_of_somebody_else_is_not_touched(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.jsonl").write_text('{"a": 1}\n')
    for fresh in (False, True):
        with pytest.raises(UsageError, match="choose another -o"):
            probe(folder, output=tmp_path / "mine.jsonl", fresh=fresh)
    assert (tmp_path / "mine.jsonl").read_text() == '{"a": 1}\n'


def test_records_that_disagree_about_a_medium(folder: Path, tmp_path: Path) -> None:
    rows = [
        {
            "turns": [{"role": "user", "text": "<video>"}],
            "media": [{"kind": "video", "path": "x", "fps": fps}],
            "id": str(number),
        }
        for number, fps in enumerate((1, 2, 1))
    ]
    (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    found = probe(folder / "rows.jsonl", output=tmp_path / "run")
    assert [(bad.line, "other times" in bad.reason) for bad in found.bad_rows] == [(2, True)]
    assert found.statuses == {"missing": 1}


def test_a_folder_of_images_is_a_video_where_its_times_are_told(
    tmp_path: Path, write_image: Callable
) -> None:
    for name in ("told/1.png", "told/2.png", "untold/1.png"):
        write_image(tmp_path / "data" / name)
    (tmp_path / "data" / "told" / "times.json").write_text('{"fps": 4}')
    probe(tmp_path / "data", output=tmp_path / "run")
    found = read_clips(tmp_path / "run")
    assert {p: (c.status, c.num_frames, c.duration_seconds) for p, c in found.items()} == {
        "told": ("ok", 2, 0.5),
        "untold/1.png": ("ok", 1, 0.0),
    }
    with pytest.raises(UsageError, match="itself a video of images"):
        probe(tmp_path / "data" / "told", output=tmp_path / "other")
    below = probe(tmp_path / "data" / "told", media_root=tmp_path / "data", output=tmp_path / "below")
    assert below.num_media == 1
    (tmp_path / "data" / "told" / "times.json").write_text('{"fps": 40}')
    with pytest.raises(UsageError, match="media_sha256"):
        probe(tmp_path / "data", output=tmp_path / "run")


def test_nothing_to_probe(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.jsonl").write_text('{"turns": [{"role": "user", "text": "Hello"}]}\n')
    for source, message in (
        ("absent", "does not exist"),
        ("empty", "holds no file of records"),
        ("text.jsonl", "names no media"),
    ):
        with pytest.raises(UsageError, match=message):
            probe(tmp_path / source, output=tmp_path / "run")
    assert not (tmp_path / "run").exists()
    with pytest.raises(UsageError, match="did you mean 'pyav'"):
        probe(tmp_path / "empty", output=tmp_path / "run", decoder="pyaw")


def test_reading_what_is_no_probe(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"status": "ok"}\n')
    for name, message in (
        ("absent", "does not exist"),
        ("", "is not a run directory"),
        ("x.jsonl", "not hold clips"),
    ):
        with pytest.raises(UsageError, match=message):
            read_clips(tmp_path / name)


def test_clips_on_disk_are_those_in_memory(tmp_path: Path) -> None:
    names = ["b.mp4", "a.mp4", "b.mp4", "caf\udce9.mp4"]
    rows = [Clip(path=name, status="ok", num_frames=n) for n, name in enumerate(names)]
    (tmp_path / "x.jsonl").write_text("".join(json.dumps(clip.to_json()) + "\n" for clip in rows))
    found = open_clips(tmp_path / "x.jsonl")
    assert dict(found) == read_clips(tmp_path / "x.jsonl")
    assert found["b.mp4"].num_frames == 2
    assert found.get("c.mp4") is None


def test_a_broken_row_names_file_and_line(tmp_path: Path) -> None:
    good = json.dumps(Clip(path="a.mp4", status="ok").to_json())
    (tmp_path / "x.jsonl").write_text(f"{good}\n{{broken\n")
    with pytest.raises(UsageError, match=r"x.jsonl:2"):
        read_clips(tmp_path / "x.jsonl")


def test_it_is_fast_enough(tmp_path: Path, write_clip: Callable) -> None:
    """Ten milliseconds of computing a clip of 64 frames, workers' start apart; a slow machine gets five times that."""
    data = write_clip(tmp_path / "data" / "0.mp4", num_frames=64, fps=16.0).read_bytes()
    for i in range(1, 40):
        (tmp_path / "data" / f"{i}.mp4").write_bytes(data)
    started = time.process_time()
    probe(tmp_path / "data", output=tmp_path / "run")
    assert (time.process_time() - started) / 40 < 0.05
