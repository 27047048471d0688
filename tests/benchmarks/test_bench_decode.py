"""The benchmark of decoders notices other frames, and names who fails."""

import importlib
import itertools
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    monkeypatch.syspath_prepend(ROOT)
    monkeypatch.chdir(ROOT)
    return importlib.import_module


def test_numbers_are_read_back_at_any_size(load, tmp_path: Path) -> None:
    numbers, clips = load("benchmarks._numbers"), load("benchmarks._clips")
    frames = np.zeros((3, 120, 200), np.uint8)
    for frame, number in zip(frames, (0, 77, 4319), strict=True):
        numbers.write_number(frame, number)
    assert numbers.read_numbers(frames[:, ::2, ::3, None].repeat(3, -1)) == [0, 77, 4319]
    assert [len(clip.times) for clip in clips.CLIPS[:3]] == [150, 900, 4320]


@pytest.mark.slow  # Each process imports torch.
def test_a_peer_decodes_in_its_own_process_and_a_failure_has_a_name(load, tmp_path: Path) -> None:
    clips, peers = load("benchmarks._clips"), load("benchmarks._peer")
    absent = load("benchmarks._process").AbsentError
    clip = clips.BenchClip("c.mp4", 64, 112, (56, 84), [i / 10 for i in range(20)], "libx264")
    clips.write_clip(clip, tmp_path / "c.mp4")
    ours = peers.Peer("framewise")
    assert ours.decode(tmp_path / "c.mp4", [2, 7, 12, 17], (56, 84)).is_right
    assert not ours.decode(tmp_path / "c.mp4", [2, 7, 12, 18], (56, 84)).is_right
    with pytest.raises(absent, match="missing"):
        ours.decode(tmp_path / "absent.mp4", [0], (56, 84))
    ours.close()
    with pytest.raises(absent, match="No module"):
        peers.Peer("absent").decode(tmp_path / "c.mp4", [0], (56, 84))


def test_the_ratio_counts_right_frames_of_all_rounds_and_compares_within_a_round(load) -> None:
    decode, peers = load("benchmarks.decode"), load("benchmarks._peer")
    answers = dict.fromkeys((decode.OURS, *decode.PEERS), "absent")
    answers |= {
        decode.OURS: [peers.Answer(s, True) for s in (1.0, 2.0, 4.0)],
        "decord": [peers.Answer(s, True) for s in (1.5, 3.0, 1.0)],
        "opencv": [peers.Answer(1.4, True)],
        "sequential_pyav": [peers.Answer(1.9, True)],
        "torchcodec": [peers.Answer(0.5, False)],
    }
    cell = decode.Cell(load("benchmarks._clips").CLIPS[0], 8, answers)
    assert cell.ratio == (1.5, "decord")
    assert [name for name in decode.PEERS if cell.may_be_fastest(name)] == ["decord", "opencv"]
    assert "0.500*" in cell.row()
    assert cell.error == pytest.approx(np.sqrt(np.pi / 2) * np.std([1.5, 1.5, 0.25], ddof=1) / np.sqrt(3))
    assert not cell.is_clear


def test_a_cell_is_measured_until_its_ratio_is_clear_or_its_time_is_up(load, monkeypatch) -> None:
    decode, peers, clips = load("benchmarks.decode"), load("benchmarks._peer"), load("benchmarks._clips")
    asked = []

    class Timed:
        """Answers with given seconds, again and again."""

        def __init__(self, name: str, *seconds: float) -> None:
            self.name, self.seconds = name, itertools.cycle(seconds)

        def decode(self, *_: object) -> object:
            asked.append(self.name)
            return peers.Answer(next(self.seconds), True)

    opened = SimpleNamespace(frame_times=lambda: np.arange(9.0))
    monkeypatch.setattr(decode, "PyAV", lambda: SimpleNamespace(open=lambda _: nullcontext(opened)))
    monkeypatch.setattr(decode, "PEERS", ("decord", "opencv"))
    named = {decode.OURS: Timed("o", 1.0), "decord": Timed("d", 2.0), "opencv": Timed("slow", 9.0)}
    cell = decode.measure(clips.CLIPS[0], 4, named, seconds=60)
    assert (cell.ratio, cell.is_clear) == ((2.0, "decord"), True)
    assert Counter(asked) == {"o": 3, "d": 3, "slow": 1}
    asked.clear()
    cell = decode.measure(clips.CLIPS[0], 4, named | {"decord": Timed("d", 0.9, 1.1)}, seconds=0)
    assert not cell.is_clear
    assert Counter(asked) == {"o": 3, "d": 3, "slow": 1}
