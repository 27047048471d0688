"""Finished run directories as the stages leave them, small but whole, with real videos.

Also a script: ``python tests/report/example_runs.py FOLDER`` leaves them, and a page, in FOLDER.
"""

import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from framewise._artifacts import RunDirectory
from framewise._jsonl import RowWriter, write_json
from framewise.budgets import allocate
from framewise.clips import probe
from framewise.evaluation import clustered_standard_error, compare

BASE = "base"
ARMS = ("fixed-8", "fixed-32", "hybrid", "hybrid-shuffled")
IMAGE_SUBTASKS = ("attribute", "count", "existence", "glyph", "identity", "position")
VIDEO_SUBTASKS = ("direction", "final_state", "number_of_events", "speed", "which_came_first")
QUESTIONS = {
    8: "What color is the large square?",
    16: "In which direction does the triangle move?",
    32: "How many times does the circle blink while the star crosses the scene?",
    64: "Which of the two shapes flashes first, the red disc or the green diamond?",
}
# Change against the base by arm: image, video.
_CHANGES = {
    "fixed-8": (-0.02, 0.08),
    "fixed-32": (-0.08, 0.15),
    "hybrid": (-0.03, 0.17),
    "hybrid-shuffled": (-0.04, 0.1),
}
_ITEMS = 40


@dataclass(frozen=True)
class Wording:
    """Texts that users choose and that pages must not trust."""

    record_prefix: str = "clip"
    question_suffix: str = ""
    reason: str = "how probable the options are"
    subtask_suffix: str = ""
    fault: str = "no video stream in the file"


def build_runs(root: Path, *, arms: tuple[str, ...] = ARMS, wording: Wording = Wording()) -> list[Path]:
    """Write a data root and a finished run of every stage and arm; returns directories, the result first."""
    data = root / "data"
    _write_data(data, wording)
    (data / "media" / "broken.mp4").write_bytes(b"not a video")
    probe(data / "records.jsonl", output=root / "probe")
    budgets = _allocate_all(root, arms, wording)
    sizes = dict(zip(arms, ("8", "32", None, None), strict=True))
    trainings = [_train(root / "train" / arm, arm, sizes[arm]) for arm in arms]
    models = {BASE: None} | dict(zip(arms, trainings, strict=True))
    scores = _scores(arms)
    evaluations = [
        _evaluate(root / "evaluate" / arm, scores[arm], card, wording) for arm, card in models.items()
    ]
    comparison = compare(evaluations[0], evaluations[1:], output=root / "compare")
    return [comparison, *budgets, *(root / "train" / arm for arm in arms), *evaluations, root / "probe"]


def write_video(path: Path, frames: NDArray[np.uint8], fps: int) -> None:
    """Encode frames [n, height, width, 3] as H.264."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(fps))
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        for picture in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


def moving_square(num_frames: int, seed: int) -> NDArray[np.uint8]:
    """A square that crosses a plain scene and a disc that blinks, 64 by 64."""
    colors = np.random.default_rng(seed).integers(90, 250, (2, 3))
    frames = np.full((num_frames, 64, 64, 3), 28 + 8 * (seed % 4), np.uint8)
    rows, columns = np.mgrid[:64, :64]
    for number in range(num_frames):
        left = 4 + (44 * number) // max(1, num_frames - 1)
        frames[number, 34 - seed % 10 : 48 - seed % 10, left : left + 12] = colors[0]
        if number // 4 % 2:
            frames[number, (rows - 14) ** 2 + (columns - 46) ** 2 < 64] = colors[1]
    return frames


def _write_data(data: Path, wording: Wording) -> None:
    with RowWriter(data / "records.jsonl") as records:
        for number in range(24):
            path = f"media/{number:02d}.mp4"
            write_video(data / path, moving_square(20 if number == 5 else 64, number), fps=16)
            records.write(_record(number, path, wording))
        records.write(_record(24, "media/broken.mp4", wording))


def _record(number: int, path: str, wording: Wording) -> dict[str, object]:
    question = list(QUESTIONS.values())[_wish(number) // 2] + wording.question_suffix
    return {
        "id": f"{wording.record_prefix}-{number:02d}",
        "source": "lab",
        "task": "open_ended",
        "media": [{"kind": "video", "path": path}],
        "turns": [{"role": "user", "text": f"<video> {question}"}, {"role": "assistant", "text": "Red."}],
    }


def _wish(number: int) -> int:
    """Twice the place of the budget among the options: mostly the first, as in the paper."""
    return 2 * (0 if number % 5 else (1, 2, 1, 3, 2)[number // 5 % 5])


def _allocate_all(root: Path, arms: tuple[str, ...], wording: Wording) -> list[Path]:
    """Real allocations, but for the instruction's, which needs a model: its rows are written."""
    hybrid, shuffled = arms[2], arms[3]
    _instruct(root / "budgets" / hybrid, root, wording)
    settings = {
        arms[0]: ("fixed", {"num_frames": 8}),
        arms[1]: ("fixed", {"num_frames": 32}),
        shuffled: ("shuffled", {"budgets": root / "budgets" / hybrid, "seed": 3}),
    }
    for arm, (allocator, values) in settings.items():
        allocate(
            root / "data" / "records.jsonl",
            allocator=allocator,
            settings=values,
            clips=root / "probe",
            output=root / "budgets" / arm,
        )
    return [root / "budgets" / arm for arm in arms]


def _instruct(output: Path, root: Path, wording: Wording) -> None:
    records = root / "data" / "records.jsonl"
    config = {
        "allocator": "instruction",
        "settings": {"options": [8, 16, 32, 64]},
        "multiple_of": 2,
        "tokens": None,
    }
    inputs = {"records/records.jsonl": records, "clips": root / "probe"}
    rows = [_budget(number, wording) for number in range(24)]
    paper = {"n": 74500, "mean_frames": 11.05, "histogram": {"8": 57604, "16": 11394, "32": 5365, "64": 137}}
    with RunDirectory(output, stage="allocate", config=config, inputs=inputs) as run:
        for row in rows:
            run.append("budgets.jsonl", row)
        frames = [row["num_frames"] for row in rows]
        summary = {
            "n": len(rows),
            "mean_frames": float(np.mean(frames)),
            "histogram": {str(m): frames.count(m) for m in sorted(set(frames))},
            "num_clamped": sum("clamped" in row["reason"] for row in rows),
            "num_skipped": 1,
            "skipped": {"not_a_video": 1},
            "visual_tokens": sum(frames) * 2,
            "paper": paper,
        }
        write_json(output / "summary.json", summary)
        places = {"records": str(records), "media_root": None}
        run.complete(seconds=1.25, places=places)


def _budget(number: int, wording: Wording) -> dict[str, object]:
    options = (8, 16, 32, 64)
    place = _wish(number) // 2
    weights = np.exp(-1.3 * np.abs(np.arange(4) - place - 0.2 * (number % 3)))
    wish, available = options[place], 20 if number == 5 else 64
    clamped = f"; wished {wish}, clamped to {available}" if wish > available else ""
    return {
        "record_id": f"{wording.record_prefix}-{number:02d}",
        "media_index": 0,
        "num_frames": min(wish, available),
        "allocator": "instruction",
        "probabilities": {str(o): float(w) for o, w in zip(options, weights / weights.sum(), strict=True)},
        "reason": wording.reason + clamped,
    }


def _train(output: Path, arm: str, fixed: str | None) -> dict[str, object]:
    rng = np.random.default_rng(len(arm))
    sizes = {"8": 18, "16": 3, "32": 2, "64": 1} if fixed is None else {fixed: 24}
    card = {
        "name": arm,
        "mean_frames": sum(int(m) * n for m, n in sizes.items()) / 24,
        "visual_tokens": sum(int(m) * n for m, n in sizes.items()) * 2,
        "train_seconds": 41.7 + 3 * len(arm),
        "num_samples": 24,
        "num_skipped": 1,
        "optimizer_steps": 60,
        "recipe": {"learning_rate": 1e-5},
        "versions": {},
        "inputs": {},
        "budgets_histogram": sizes,
        "loss_by_budget": {m: 0.6 + 0.1 * place for place, m in enumerate(sizes)},
    }
    with RunDirectory(output, stage="train", config={"recipe": "example"}, seed=0) as run:
        for step in range(1, 61):
            losses = {m: float(2.2 * np.exp(-step / 25) + 0.4 + 0.15 * rng.random()) for m in sizes}
            run.append(
                "log.jsonl",
                {"step": step, "loss": float(np.mean(list(losses.values()))), "loss_by_budget": losses},
            )
        (output / "model").mkdir(exist_ok=True)
        write_json(output / "model" / "run_card.json", card)
        run.complete(seconds=card["train_seconds"])
    return card


def _scores(arms: tuple[str, ...]) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Score of every item, by arm and subtask; an arm changes a few of the base's."""
    rng = np.random.default_rng(7)
    level = {name: 0.92 - 0.03 * i for i, name in enumerate(IMAGE_SUBTASKS)}
    level |= {name: 0.42 + 0.05 * i for i, name in enumerate(VIDEO_SUBTASKS)}
    draws = {name: rng.random(_ITEMS) for name in level}
    found = {BASE: {name: (draws[name] < level[name]).astype(float) for name in level}}
    for arm, changes in zip(arms, _CHANGES.values(), strict=True):
        found[arm] = {}
        for name, chance in level.items():
            wanted = chance + changes[name in VIDEO_SUBTASKS] * rng.uniform(0.4, 1.6)
            jitter = draws[name] + rng.normal(0, 0.06, _ITEMS)
            found[arm][name] = (jitter < wanted).astype(float)
    return found


def _evaluate(
    output: Path, scores: dict[str, NDArray[np.float64]], card: dict[str, object] | None, wording: Wording
) -> Path:
    with RunDirectory(output, stage="evaluate", config={"frames": 8, "limit": None}, seed=0) as run:
        benchmarks = {}
        for modality, names in (("image", IMAGE_SUBTASKS), ("video", VIDEO_SUBTASKS)):
            rows = [row for name in names for row in _rows(modality, name, scores[name], wording)]
            run.write_rows("scores.jsonl", [*run.rows("scores.jsonl"), *rows])
            benchmarks[f"lab_{modality}"] = _results(modality, rows)
        settings = {"frames": 8, "benchmarks": list(benchmarks), "items": dict.fromkeys(benchmarks, "digest")}
        results = {"model": output.name, "settings": settings, "training": card, "complete": True}
        write_json(output / "results.json", {**results, "benchmarks": benchmarks})
        run.append("failures.jsonl", {"benchmark": "lab_image", "item_id": "gone", "reason": "no such file"})
        run.complete(seconds=12.5, batch_size=8)
    return output


def _rows(modality: str, name: str, values: NDArray[np.float64], wording: Wording) -> list[dict[str, object]]:
    return [
        {
            "benchmark": f"lab_{modality}",
            "item_id": f"{name}-{number}",
            "subtask": name + wording.subtask_suffix,
            "cluster": f"{name}-{number // 2}",
            "prompt": "?",
            "answer": "red",
            "score": float(value),
        }
        for number, value in enumerate(values)
    ]


def _results(modality: str, rows: list[dict[str, object]]) -> dict[str, object]:
    def numbers(subtask: object = None) -> dict[str, object]:
        chosen = [row for row in rows if subtask in (None, row["subtask"])]
        values = [row["score"] for row in chosen]
        error = clustered_standard_error(values, [row["cluster"] for row in chosen])
        return {"n": len(values), "score": float(np.mean(values)), "standard_error": error, "chance": 0.25}

    return {
        "modality": modality,
        **numbers(),
        "num_failed": 1 if modality == "image" else 0,
        "num_unparsed": 2,
        "frames": {"8": 200} if modality == "video" else {"1": 240},
        "pixels": {"64x64": len(rows)},
        "subtasks": {subtask: numbers(subtask) for subtask in dict.fromkeys(row["subtask"] for row in rows)},
    }


if __name__ == "__main__":
    from framewise.report import write_report

    folder = Path(sys.argv[1])
    print(write_report(build_runs(folder), output=folder / "report.html"))
