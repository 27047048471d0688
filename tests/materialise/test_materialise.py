"""The stage: what it writes, shares, survives and refuses."""

import json
import os
import signal
import subprocess
import sys
import time
from importlib.metadata import EntryPoint

import av
import numpy as np
import pytest

from framewise import _plugins
from framewise._artifacts import digest
from framewise._errors import UsageError
from framewise.clips.decoders.pyav import PyAV
from framewise.clips.sampling import sample
from framewise.materialise import FrameSize, materialise


def test_a_clip_has_the_frames_that_training_samples(dataset, frame_numbers):
    source = dataset.clip("a.mp4", num_frames=64, fps=8.0, height=64, width=80)
    windows = [{}, {"start_seconds": 2.0, "end_seconds": 6.0}, {"start_seconds": 3.0}]
    dataset.write(*[({"path": "a.mp4", **window}, m) for window in windows for m in (2, 8, 16)])
    run = dataset.run()
    times = PyAV().frame_times(source)
    for row, window, m in zip(run.rows, [w for w in windows for _ in range(3)], [2, 8, 16] * 3, strict=True):
        chosen = sample(times, m, **window)
        frames = run.decode(row)
        assert frame_numbers(frames.pixels) == chosen.indices.tolist() == row["indices"]
        assert row["times_seconds"] == pytest.approx(chosen.times_seconds.tolist())
        duration = window.get("end_seconds", 8.0) - window.get("start_seconds", 0.0)
        assert row["duration_seconds"] == pytest.approx(duration, abs=1e-6)
        assert frames.times_seconds == pytest.approx(np.arange(m) * duration / m, abs=1e-6)
        assert frames.pixels.shape == (m, row["height"], row["width"], 3) == (m, 28, 56, 3)
        assert row["fps"] == pytest.approx(m / duration)
        assert (row["num_frames"], row["source_path"], row["clamped"]) == (m, "a.mp4", False)
    assert run.summary["psnr_db"]["min"] > 30.0


def test_the_container_states_the_frames_and_the_rate(dataset):
    dataset.clip("a.mp4", num_frames=30, fps=10.0)
    dataset.write(({"path": "a.mp4"}, 8))
    run = dataset.run()
    with av.open(str(run.folder / run.rows[0]["path"])) as container:
        stream = container.streams.video[0]
        assert (stream.frames, float(stream.average_rate)) == (8, pytest.approx(8 / 3))
        assert float(stream.duration * stream.time_base) == pytest.approx(3.0)


def test_variable_rates_keep_true_times_beside_a_constant_rate(dataset, frame_numbers):
    times = [0.0, 0.1, 0.2, 0.3, 2.0, 3.0, 3.1, 3.2, 7.0, 7.5]
    dataset.clip("a.mkv", num_frames=10, times_seconds=times)
    dataset.write(({"path": "a.mkv"}, 4))
    run = dataset.run()
    (row,) = run.rows
    assert row["times_seconds"] == [times[i] for i in row["indices"]]
    assert np.ptp(np.diff(run.decode(row).times_seconds)) < 1e-6
    assert frame_numbers(run.decode(row).pixels) == row["indices"]


def test_images_with_times_are_a_video(dataset, write_image):
    for number in range(6):
        write_image(dataset.folder / "shots" / f"{number}.png", np.full((60, 90, 3), 40 * number, np.uint8))
    dataset.write(({"path": "shots", "fps": 2.0}, 4))
    run = dataset.run()
    (row,) = run.rows
    assert row["duration_seconds"] == pytest.approx(3.0)
    levels = run.decode(row).pixels.mean((1, 2, 3))
    assert levels == pytest.approx([40 * i for i in row["indices"]], abs=1.5)


def test_one_frame_gets_a_second(dataset):
    dataset.clip("a.mp4", num_frames=1)
    dataset.write(({"path": "a.mp4"}, 1))
    (row,) = dataset.run().rows
    assert (row["num_frames"], row["fps"], row["duration_seconds"]) == (1, 1.0, 1.0)


def test_equal_wishes_share_a_file_by_content_not_by_name(dataset):
    original = dataset.clip("a.mp4", num_frames=20)
    (dataset.folder / "copy.mp4").write_bytes(original.read_bytes())
    whole, part = {}, {"start_seconds": 0.5}
    dataset.write(
        ({"path": "a.mp4", **whole}, 8),
        ({"path": "a.mp4", **whole}, 8),
        ({"path": "copy.mp4", **whole}, 8),
        ({"path": "a.mp4", **whole}, 4),
        ({"path": "a.mp4", **part}, 8),
    )
    run = dataset.run()
    paths = [row["path"] for row in run.rows]
    assert paths[0] == paths[1] == paths[2]
    assert len(set(paths)) == 3
    assert {p.relative_to(run.folder).as_posix() for p in run.folder.rglob("*.mp4")} == set(paths)
    summary = run.summary
    assert (summary["num_clips"], summary["num_files"], summary["num_shared"]) == (5, 3, 2)
    assert summary["bytes"] == sum(p.stat().st_size for p in run.folder.rglob("*.mp4"))
    assert summary["histogram"] == {"4": 1, "8": 4}


def test_other_contents_get_another_file(dataset):
    dataset.clip("a.mp4", num_frames=16)
    dataset.write(({"path": "a.mp4"}, 4))
    first = dataset.run("one").rows[0]["path"]
    dataset.clip("a.mp4", num_frames=16, options={"crf": "40"})
    assert dataset.run("two").rows[0]["path"] != first


def test_a_budget_above_the_window_is_clamped_as_in_training(dataset):
    dataset.clip("a.mp4", num_frames=5)
    dataset.write(({"path": "a.mp4"}, 16), ({"path": "a.mp4"}, 7))
    run = dataset.run()
    assert [(row["num_frames"], row["clamped"]) for row in run.rows] == [(4, True), (5, True)]
    assert run.summary["num_clamped"] == 2


def test_a_model_says_size_and_multiple(dataset, tiny_checkpoint):
    dataset.clip("a.mp4", num_frames=16, height=96, width=160)
    dataset.write(({"path": "a.mp4"}, 4))
    size = FrameSize(model=str(tiny_checkpoint), pixels_per_frame=56 * 84)
    (row,) = dataset.run(size=size).rows
    assert (row["height"], row["width"]) == size.of(96, 160)
    dataset.write(({"path": "a.mp4"}, 7))
    with pytest.raises(UsageError, match=r"a budget is 7 frames, but .* reads frames 2 at a time"):
        dataset.run("odd", size=size)


def test_bad_clips_are_named_counted_and_not_replaced(dataset):
    dataset.clip("good.mp4", num_frames=16)
    (dataset.folder / "page.mp4").write_bytes(b"<html>not found</html>")
    (dataset.folder / "empty.mp4").touch()
    dataset.clip("whole.mp4", num_frames=60, options={"g": "10", "bf": "0"}, faststart=True)
    data = (dataset.folder / "whole.mp4").read_bytes()
    (dataset.folder / "cut.mp4").write_bytes(data[: len(data) * 2 // 3])
    dataset.write(
        ({"path": "page.mp4"}, 4),
        ({"path": "good.mp4"}, 4),
        ({"path": "empty.mp4"}, 4),
        ({"path": "missing.mp4"}, 4),
        ({"path": "cut.mp4"}, 4),
        ({"path": "good.mp4", "start_seconds": 90.0}, 4),
    )
    with (dataset.folder / "records.jsonl").open("a") as file:
        file.write("{broken\n")
    run = dataset.run()
    assert [row["record_id"] for row in run.rows] == ["r1"]
    statuses = {key: status for key, (status, _) in run.skipped.items()}
    assert statuses == {
        None: "bad_record",
        "r0": "not_a_video",
        "r2": "empty",
        "r3": "missing",
        "r4": "truncated",
        "r5": "unreadable",
    }
    assert "the window from 90 s" in run.skipped["r5"][1]
    assert run.summary["num_skipped"] == 6
    assert run.summary["skipped"]["truncated"] == 1


def test_a_truncated_clip_gives_the_frames_that_its_probe_found(dataset, frame_numbers):
    from framewise.clips import probe

    dataset.clip("a.mp4", num_frames=60, options={"g": "10", "bf": "0"}, faststart=True)
    data = (dataset.folder / "a.mp4").read_bytes()
    (dataset.folder / "a.mp4").write_bytes(data[: len(data) * 2 // 3])
    dataset.write(({"path": "a.mp4"}, 8))
    clips = dataset.folder / "clips.jsonl"
    probe(dataset.folder / "records.jsonl", output=clips, allow_truncated=True)
    (clip,) = map(json.loads, clips.read_text().splitlines())
    assert clip["truncated"]
    (row,) = dataset.run(clips=clips).rows
    times = np.arange(clip["num_frames"]) / 8
    assert row["indices"] == sample(times, 8).indices.tolist()


def test_a_video_without_a_budget_is_skipped(dataset):
    dataset.clip("a.mp4")
    dataset.write(({"path": "a.mp4"}, 4), ({"path": "a.mp4"}, 4))
    budgets = dataset.folder / "budgets.jsonl"
    budgets.write_text(budgets.read_text().splitlines()[1] + "\n")
    run = dataset.run()
    assert run.skipped["r0"][0] == "no_budget"
    assert [row["record_id"] for row in run.rows] == ["r1"]


def test_budgets_of_other_records_are_refused(dataset):
    dataset.clip("a.mp4")
    dataset.write(({"path": "a.mp4"}, 4))
    budgets = dataset.folder / "budgets.jsonl"
    budgets.write_text(budgets.read_text().replace("r0", "x0"))
    with pytest.raises(UsageError, match=r"no video of .* has a row in"):
        dataset.run()
    assert not (dataset.folder / "run").exists()


def test_an_output_among_the_records_is_refused(dataset):
    dataset.clip("a.mp4")
    dataset.write(({"path": "a.mp4"}, 4))
    with pytest.raises(UsageError, match="lies in the folder of records"):
        materialise(dataset.folder, budgets=dataset.folder / "budgets.jsonl", output=dataset.folder / "run")


# ---- interruptions ----


def some_clips(dataset, number=6):
    for i in range(number):
        dataset.clip(f"{i}.mp4", num_frames=12 + i)
    dataset.write(*[({"path": f"{i}.mp4"}, 8) for i in range(number)])


def test_a_finished_run_is_left_alone_and_other_settings_are_refused(dataset):
    some_clips(dataset, 2)
    run = dataset.run()
    before = digest(run.folder)
    (dataset.folder / "0.mp4").unlink()
    dataset.run()
    assert digest(run.folder) == before
    with pytest.raises(UsageError, match=r"started with other settings \(config.size"):
        dataset.run(size=FrameSize(pixels_per_frame=28 * 28))


def test_a_run_does_not_depend_on_the_number_of_workers(dataset):
    some_clips(dataset)
    assert digest(dataset.run("one").folder) == digest(dataset.run("two", num_workers=2).folder)


def test_a_kill_in_the_middle_of_a_file_loses_nothing_and_leaves_nothing(dataset, tmp_path):
    some_clips(dataset)
    whole = digest(dataset.run("whole").folder)
    script = f"""
import os, signal
from pathlib import Path
from framewise.materialise import FrameSize, _encode, _materialise, _store
from framewise.materialise._make import make_clip
from framewise.clips import Workers

folder = Path({str(dataset.folder)!r})
made = 0

def kill_in_the_third(path, pictures, interval):
    global made
    made += 1
    if made < 3:
        return _encode.encode(path, pictures, interval)
    path.write_bytes(b"half a file")
    os.kill(os.getpid(), signal.SIGKILL)

_store.encode = kill_in_the_third
_materialise.run_tasks = lambda function, items, **_: ((item, function(item)) for item in items)
_materialise.materialise(
    folder / "records.jsonl", budgets=folder / "budgets.jsonl", output=folder / "run",
    size=FrameSize(pixels_per_frame=56 * 56),
)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == -signal.SIGKILL, done.stderr
    output = dataset.folder / "run"
    assert len((output / "materialised.jsonl").read_text().splitlines()) == 2
    assert [p.read_bytes() for p in (output / "parts").iterdir()] == [b"half a file"]
    kept = {p: p.stat().st_mtime_ns for p in output.rglob("clips/*/*.mp4")}
    assert len(kept) == 2
    with (output / "materialised.jsonl").open("a") as file:
        file.write('{"record_id": "r2", "torn')
    dataset.run()
    assert digest(output) == whole
    assert {p: p.stat().st_mtime_ns for p in kept} == kept
    assert not (output / "parts").exists()


def test_killing_the_program_ends_its_workers_and_it_goes_on(dataset):
    some_clips(dataset, 8)
    whole = digest(dataset.run("whole").folder)
    command = [
        sys.executable, "-m", "framewise.cli", "materialise", str(dataset.folder / "records.jsonl"),
        "--budgets", str(dataset.folder / "budgets.jsonl"), "-o", str(dataset.folder / "run"),
        "--pixels-per-frame", str(56 * 56), "--workers", "1",
    ]  # fmt: skip
    program = "import sys; from framewise.cli import main; sys.argv[0] = 'framewise'; main()"
    process = subprocess.Popen([sys.executable, "-c", program, *command[3:]], stdout=subprocess.DEVNULL)
    rows = dataset.folder / "run" / "materialised.jsonl"
    deadline = time.monotonic() + 60
    while not (rows.exists() and rows.read_text().count("\n") >= 2) and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.kill()
    process.wait()
    assert subprocess.run([sys.executable, "-c", program, *command[3:]], timeout=60).returncode == 0
    assert digest(dataset.folder / "run") == whole


def test_a_file_that_is_gone_is_made_again(dataset):
    some_clips(dataset, 3)
    run = dataset.run()
    whole = digest(run.folder)
    manifest = run.folder / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "status": "interrupted"}))
    (run.folder / run.rows[1]["path"]).unlink()
    dataset.run()
    assert digest(run.folder) == whole


MOODY = """
import os, signal, time
from framewise.clips.decoders.pyav import PyAV

class Moody(PyAV):
    '''Dies or hangs where the name says so.'''

    def frame_times(self, path, num_frames=None):
        if path.name.startswith("dies"):
            os.kill(os.getpid(), signal.SIGSEGV)
        if path.name.startswith("hangs"):
            time.sleep(600)
        return super().frame_times(path, num_frames)
"""


@pytest.fixture
def moody(tmp_path, monkeypatch):
    """A decoder of another distribution, which workers find as well."""
    folder = tmp_path / "site"
    (folder / "moody-1.dist-info").mkdir(parents=True)
    (folder / "moody_decoder.py").write_text(MOODY)
    (folder / "moody-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: moody\nVersion: 1\n")
    (folder / "moody-1.dist-info" / "entry_points.txt").write_text(
        "[framewise.decoders]\nmoody = moody_decoder:Moody\n"
    )
    monkeypatch.syspath_prepend(folder)
    point = EntryPoint("moody", "moody_decoder:Moody", "framewise.decoders")
    monkeypatch.setattr(
        _plugins,
        "_entry_points",
        lambda kind: {"moody": point} if kind == "decoders" else {},
    )
    return "moody"


def test_a_decoder_that_hangs_or_dies_costs_its_own_clip(dataset, moody):
    for name in ("good0", "dies", "good1", "hangs", "good2"):
        dataset.clip(f"{name}.mp4")
    dataset.write(*[({"path": f"{n}.mp4"}, 4) for n in ("good0", "dies", "good1", "hangs", "good2")])
    run = dataset.run(decoder=moody, num_workers=2, timeout=10.0)
    assert [row["record_id"] for row in run.rows] == ["r0", "r2", "r4"]
    assert {key: status for key, (status, _) in run.skipped.items()} == {"r1": "crashed", "r3": "timeout"}
    assert "raise the time limit" in run.skipped["r3"][1]
    assert "signal 11" in run.skipped["r1"][1]


@pytest.mark.slow
def test_a_ray_cluster_gives_the_same_files(dataset):
    some_clips(dataset, 4)
    whole = digest(dataset.run("whole").folder)
    program = "import sys; from framewise.cli import main; sys.argv[0] = 'framewise'; main()"
    arguments = [
        "materialise", "records.jsonl", "--budgets", "budgets.jsonl", "-o", "ray",
        "--pixels-per-frame", str(56 * 56), "--engine", "ray", "--workers", "2",
    ]  # fmt: skip
    environment = {**os.environ, "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=dataset.folder, env=environment, timeout=200
    )
    assert done.returncode == 0
    assert digest(dataset.folder / "ray") == whole
