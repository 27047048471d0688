"""How long m frames of a clip take, here and elsewhere: ``make bench-decode``.

Every library runs on one thread in a process of its own. All decode the same cell (a clip and a number of frames) at
once on one core, where the system lets them take turns of some milliseconds: whatever else the machine does falls on
all alike, which it does not if one begins when another has ended. A time is that of the process on the core, from the
closed file to the scaled RGB pixels of all frames; the table shows medians over rounds. Imports are not measured, and
files are in memory.

All are given the same list of frames and the same output size, with the scaler that each has. Framewise alone is
given no list: it finds the times of all frames and chooses. Frames carry their number in their pixels: a library
that gives other frames than asked for has a star and does not count, for it did less, or other, work. One that is
absent or fails is named below the table. One that gives other frames in the first round, or takes 1.1 times as long as
the fastest peer, has no others: it cannot be the fastest.

A peer's ratio is the median over rounds of its time over ours in the same round; a cell's ratio is that of the fastest
peer. A cell has at least 3 rounds, and more until its ratio is three standard errors from 1 or its seconds are used up.
The last line ends with the smallest ratio; the exit code is 1 if that is below 1.
"""

import argparse
import contextlib
import math
import os
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks._clips import CLIPS, BenchClip, write_clip
from benchmarks._peer import Answer, Peer
from benchmarks._process import AbsentError
from framewise.clips.decoders.pyav import PyAV
from framewise.clips.sampling import sample

OURS = "framewise"
PEERS = (
    "torchcodec", "torchcodec_approximate", "decord", "opencv", "opencv_seek", "qwen_vl_utils", "sequential_pyav"
)  # fmt: skip
NUM_FRAMES = (8, 16, 32, 64)
CACHE = Path("runs/bench-decode")
_TOO_SLOW = 1.1
_LEAST_ROUNDS = 3
_CLEAR = 3
"""Standard errors between 1 and a ratio that needs no more rounds."""
_WIDTH = 11


@dataclass(frozen=True)
class Cell:
    """The answers of one clip and number of frames, by library; a text where there is none."""

    clip: BenchClip
    num_frames: int
    answers: dict[str, list[Answer] | str]

    def seconds(self, name: str) -> list[float]:
        """Of each round, if the library gave the right frames; else nothing."""
        answers = self.answers[name]
        if isinstance(answers, str) or not all(answer.is_right for answer in answers):
            return []
        return [answer.seconds for answer in answers]

    def ratios(self, name: str) -> list[float]:
        """A peer's time over ours in each round; nothing if it gave other frames or was left out of a round."""
        ours, theirs = self.seconds(OURS), self.seconds(name)
        assert ours, f"our own frames are wrong: {self.answers[OURS]}"
        return (
            [their / own for their, own in zip(theirs, ours, strict=True)] if len(theirs) == len(ours) else []
        )

    @property
    def ratio(self) -> tuple[float, str]:
        """The fastest peer's time over ours, and who that is."""
        medians = {name: statistics.median(ratios) for name in PEERS if (ratios := self.ratios(name))}
        assert medians, "no peer gave the right frames"
        fastest = min(medians, key=medians.__getitem__)
        return medians[fastest], fastest

    @property
    def error(self) -> float:
        """The standard error of the ratio, were the rounds' ratios normally distributed."""
        ratios = self.ratios(self.ratio[1])
        return math.sqrt(math.pi / 2 / len(ratios)) * statistics.stdev(ratios)

    @property
    def is_clear(self) -> bool:
        """Whether more rounds would hardly carry the ratio across 1."""
        return abs(self.ratio[0] - 1) > _CLEAR * self.error

    def may_be_fastest(self, name: str) -> bool:
        """Whether a peer gave the right frames, and in about the time of the fastest in the first round."""
        first = {peer: seconds[0] for peer in PEERS if (seconds := self.seconds(peer))}
        return name in first and first[name] < _TOO_SLOW * min(first.values())

    def row(self) -> str:
        """The line of the table."""
        ratio, name = self.ratio
        columns = [self._entry(peer).rjust(_WIDTH) for peer in (OURS, *PEERS)]
        rounds = f"{ratio:7.3f}{self.error:7.3f}{len(self.ratios(name)):7}"
        return f"{self.clip.name:15}{self.num_frames:3}{''.join(columns)}{rounds}  {name}"

    def _entry(self, name: str) -> str:
        answers = self.answers[name]
        if isinstance(answers, str):
            return "-"
        star = "" if self.seconds(name) else "*"
        return f"{statistics.median(answer.seconds for answer in answers):.3f}{star}"


def measure(clip: BenchClip, num_frames: int, peers: dict[str, Peer], seconds: float) -> Cell:
    """All libraries at once, round by round; after the first, those that can be the fastest."""
    path = CACHE / clip.name
    with PyAV().open(path) as file:
        indices = sample(file.frame_times(), num_frames).indices.tolist()
    cell = Cell(clip, num_frames, {name: [] for name in peers})
    left, begin, turn = list(peers), time.monotonic(), 0
    while turn < _LEAST_ROUNDS or not (cell.is_clear or time.monotonic() - begin > seconds):
        with ThreadPoolExecutor(len(left)) as pool:
            found = pool.map(lambda name: _decode(peers[name], path, indices, clip.size), left)
        for name, answer in zip(left, found, strict=True):
            if isinstance(answer, str):
                cell.answers[name] = answer
            else:
                cell.answers[name].append(answer)
        assert cell.seconds(OURS), f"our own frames are wrong: {cell.answers[OURS]}"
        left = [name for name in left if name == OURS or cell.may_be_fastest(name)]
        turn += 1
    return cell


def _decode(peer: Peer, path: Path, indices: list[int], size: tuple[int, int]) -> Answer | str:
    try:
        return peer.decode(path, indices, size)
    except AbsentError as error:
        return str(error)


def main() -> None:
    """Print a row for each cell as soon as it is known, then who failed, then the worst ratio."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--seconds", type=float, default=180, help="of a cell; 3 rounds take what they need (180)"
    )
    parser.add_argument("--clips", nargs="*", default=[clip.name for clip in CLIPS], help="some of the clips")
    settings = parser.parse_args()
    clips = [clip for clip in CLIPS if clip.name in settings.clips]
    for clip in clips:
        if not (CACHE / clip.name).exists():
            print(f"writing {CACHE / clip.name}, once", file=sys.stderr)
            write_clip(clip, CACHE / clip.name)
    cells = _run(clips, settings.seconds)
    (ratio, peer), worst = min(((cell.ratio, cell) for cell in cells), key=lambda pair: pair[0])
    where = f"{worst.clip.name}, m = {worst.num_frames}, {peer}"
    print(f"worst of {len(cells)} ratios, the fastest peer's time over ours ({where}): {ratio:.3f}")
    sys.exit(ratio < 1)


def _warm_up(peer: Peer, clip: BenchClip) -> None:
    with contextlib.suppress(AbsentError):  # Said again, and then shown, in every cell.
        peer.decode(CACHE / clip.name, [0], clip.size)


def _run(clips: list[BenchClip], seconds: float) -> list[Cell]:
    # What is started here runs where this process may.
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    peers, cells = {name: Peer(name) for name in (OURS, *PEERS)}, []
    names = [name.replace("torchcodec", "tc").replace("sequential", "seq")[: _WIDTH - 1] for name in peers]
    for peer in peers.values():
        _warm_up(peer, clips[0])
    print(
        f"seconds\n{'clip':16}m{''.join(name.rjust(_WIDTH) for name in names)}  ratio  error rounds  fastest peer"
    )
    for clip in clips:
        for num_frames in NUM_FRAMES:
            cells.append(measure(clip, num_frames, peers, seconds))
            print(cells[-1].row(), flush=True)
    for peer in peers.values():
        peer.close()
    print("* gives other frames than asked for, and does not count")
    for cell in cells:
        for name, said in cell.answers.items():
            if isinstance(said, str):
                print(f"- {name} on {cell.clip.name}, m = {cell.num_frames}: {said}")
    return cells


if __name__ == "__main__":
    main()
