"""Allocation of very many records: what it takes in memory."""

import json
import random
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from framewise.budgets import allocate, describe_budgets
from framewise.clips import Clip

MIB = 1 << 20
WORDS = (
    "what",
    "color",
    "does",
    "the",
    "ball",
    "have",
    "after",
    "a",
    "man",
    "in",
    "red",
    "puts",
    "it",
    "on",
    "table",
)


def write_records(folder: Path, num_records: int, num_clips: int) -> None:
    """Questions of LLaVA-Video-178K's length and paths, about clips that are drawn at random."""
    draw = random.Random(0)
    paths = [
        f"0_30_s_academic_v0_1/academic_source/NextQA/videos/{i % 1000:04d}/{i:010d}.mp4"
        for i in range(num_clips)
    ]
    with (folder / "clips.jsonl").open("w") as file:
        for path in paths:
            frames = draw.randint(4, 5400)
            clip = Clip(
                path=path, status="ok", num_frames=frames, duration_seconds=frames / 30, fps=30.0, width=640,
                height=360, codec="h264", claimed_frames=frames, claimed_seconds=frames / 30,
            )  # fmt: skip
            file.write(json.dumps(clip.to_json()) + "\n")
    with (folder / "records.jsonl").open("w") as file:
        for number in range(num_records):
            texts = [" ".join(draw.choices(WORDS, k=draw.randint(8, 40))) for _ in range(2)]
            row = {
                "id": f"academic-{draw.getrandbits(40):010x}-{number}",
                "source": f"source_{number % 5}",
                "task": ("caption", "open_ended", "multiple_choice")[number % 3],
                "media": [{"kind": "video", "path": draw.choice(paths)}],
                "turns": [
                    {"role": "user", "text": f"<video>\n{texts[0]}?"},
                    {"role": "assistant", "text": texts[1]},
                ],
            }
            file.write(json.dumps(row) + "\n")


def run(folder: Path, verb: str) -> None:
    if verb == "describe":
        describe_budgets(folder / "by_duration")
        return
    settings = {
        "fixed": {"num_frames": 8},
        "by_duration": {},
        "shuffled": {"budgets": str(folder / "by_duration")},
    }[verb]
    allocate(
        folder / "records.jsonl",
        allocator=verb,
        settings=settings,
        clips=folder / "clips.jsonl",
        output=folder / verb,
    )


VERBS = ("by_duration", "fixed", "shuffled", "describe")


def test_memory_grows_by_little_for_each_record(tmp_path):
    """Ids and, for the deal, keys are all that is kept: a request, a wish and a budget are 2,400 bytes together."""
    peaks: dict[str, list[int]] = {}
    sizes = (10, 100, 600)  # The first one imports what the others need.
    for num_records in sizes:
        folder = tmp_path / str(num_records)
        folder.mkdir()
        write_records(folder, num_records, num_clips=10)
        for verb in ("by_duration", "shuffled", "describe"):
            tracemalloc.start()
            run(folder, verb)
            peaks.setdefault(verb, []).append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    grown = {verb: (found[2] - found[1]) / (sizes[2] - sizes[1]) for verb, found in peaks.items()}
    assert max(grown.values()) < 700, grown
    print(grown)


@pytest.fixture(scope="module")
def million(tmp_path_factory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("million")
    write_records(folder, 1_000_000, num_clips=100_000)
    yield folder
    for file in folder.rglob("*.jsonl"):
        file.unlink()


SCRIPT = """
import resource, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_scale import run

run(Path(sys.argv[2]), sys.argv[3])
assert "torch" not in sys.modules
# Not ru_maxrss, which begins at what the parent process had.
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
used = resource.getrusage(resource.RUSAGE_SELF)
print(peak, used.ru_utime + used.ru_stime)
"""


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("verb", VERBS)
def test_a_million_records_take_less_than_a_gibibyte(million, verb, capsys: pytest.CaptureFixture[str]):
    command = [sys.executable, "-c", SCRIPT, str(Path(__file__).parent), str(million), verb]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    peak_kib, seconds = map(float, done.stdout.split())
    with capsys.disabled():
        print(f"\n{verb}: {peak_kib / 1024:.0f} MiB, {seconds:.0f} s of one core")
    assert peak_kib * 1024 < 1024 * MIB
