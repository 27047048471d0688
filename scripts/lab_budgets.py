"""Every allocator over the lab, held against its truth: makes the table of docs/budgets.md.

``python scripts/lab_budgets.py FOLDER`` works in FOLDER, goes on where it was stopped, and writes the table between
the marks in docs/budgets.md.
"""

import argparse
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from framewise._artifacts import read_manifest
from framewise._jsonl import read_rows, write_rows
from framewise.budgets import Rounding, Scores, allocate, score_budgets
from framewise.clips import probe
from framewise.compat import prepare_torchvision
from framewise.lab import LabConfig, checkpoint_folder, write_lab

PAGE = Path(__file__).parent.parent / "docs" / "budgets.md"
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"
SIDE = 28
RANKED = (
    "random_range", "shuffled", "by_duration", "instruction", "motion", "similarity", "fused", "consensus", "learned",
)  # fmt: skip


def write_random_dinov2(folder: Path) -> Path:
    """DINOv2 of the real class and file format, small and never trained."""
    if not folder.exists():
        import torch

        prepare_torchvision()
        from transformers import BitImageProcessor, Dinov2Config, Dinov2Model

        torch.manual_seed(0)
        config = Dinov2Config(
            hidden_size=96, num_hidden_layers=3, num_attention_heads=3, image_size=SIDE, patch_size=7
        )
        Dinov2Model(config).save_pretrained(folder)
        crop = {"height": SIDE, "width": SIDE}
        BitImageProcessor(size={"shortest_edge": SIDE}, crop_size=crop).save_pretrained(folder)
    return folder


def split_truth(lab: Path, folder: Path) -> tuple[Path, Path]:
    """Half of the clips, with all their questions, is for learning; the other half is what is scored."""
    rows = list(read_rows(lab / "truth.jsonl"))
    halves = [[row for row in rows if int(row["record_id"].split("-")[0]) % 2 == part] for part in (0, 1)]
    files = folder / "learning.jsonl", folder / "scored.jsonl"
    for file, half in zip(files, halves, strict=True):
        write_rows(file, half)
    return files


def scored_records(lab: Path, scored: Path, folder: Path) -> Path:
    """The records that are scored, alone: measuring needs is slow, and needs of the others would not be read."""
    wanted = {row["record_id"] for row in read_rows(scored)}
    file = folder / "scored-records.jsonl"
    write_rows(file, [row for row in read_rows(lab / "records.jsonl") if row["id"] in wanted])
    return file


def arms(folder: Path, learning: Path, model: Path) -> dict[str, tuple[str, Mapping[str, Any], Rounding]]:
    """Allocator, settings and rounding by name, each after those that it reads."""
    budgets = folder / "budgets"
    asked, moving, alike = (budgets / name for name in ("instruction", "motion", "similarity"))
    plain, free = Rounding(), Rounding(continuous=True)
    # Its seconds are those of asking.
    instruction = {"model": str(model), "cache": "off"}
    found: dict[str, tuple[str, Mapping[str, Any], Rounding]] = {
        f"fixed-{m}": ("fixed", {"num_frames": m}, plain) for m in (8, 16, 32, 64)
    }
    return found | {
        "by_duration": ("by_duration", {}, plain),
        "random_range": ("random_range", {}, plain),
        "instruction": ("instruction", instruction, plain),
        "shuffled": ("shuffled", {"budgets": asked}, plain),
        "motion": ("motion", {}, plain),
        "motion-vectors": ("motion", {"measure": "vectors"}, plain),
        "similarity": ("similarity", {"model": str(write_random_dinov2(folder / "dinov2"))}, plain),
        "fused": ("fused", {"question": asked, "visual": moving}, plain),
        "consensus": ("consensus", {"budgets": f"{asked},{moving},{alike}", "truth": learning}, plain),
        "learned": (
            "learned",
            {
                "labels": learning,
                "features": f"{asked},{moving},{alike}",
                "model": str(model),
                "delta": 0.1,
            },
            free,
        ),
    }


def histogram_of(run: Path) -> tuple[tuple[int, int], ...]:
    """Frames and counts of a table."""
    frames = [row["num_frames"] for row in read_rows(run / "budgets.jsonl")]
    return tuple((m, frames.count(m)) for m in sorted(set(frames)))


def table(scores: Scores, seconds: Mapping[str, float]) -> list[str]:
    lines = [
        "| allocator | mean frames | starved % | wasted frames | log2 error | kappa | calibration | s per 1,000 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in scores.scores:
        calibration = "–" if row.calibration is None else f"{row.calibration:.3f}"
        lines.append(
            f"| {row.name} | {_interval(row.mean_frames)} | {_interval(row.starved, 100)} | {_interval(row.wasted)} "
            f"| {_interval(row.log2_error)} | {row.kappa:.2f} | {calibration} | {seconds[row.name]:.1f} |"
        )
    return lines


def compare(reference: str, run: Path, same: Mapping[str, Path], scored: Path) -> list[str]:
    """Other allocators with the histogram of one, less that one."""
    found = score_budgets([run, *same.values()], scored)
    lines = [
        "",
        f"Ranks of each with the histogram of `{reference}`, so at equal mean frames, less `{reference}`:",
        "",
        "| allocator | starved, points | log2 error |",
        "|---|---|---|",
    ]
    for row in found.differences:
        name = row.name.removesuffix(f" as {reference}")
        lines.append(f"| {name} | {_interval(row.starved, 100)} | {_interval(row.log2_error)} |")
    return lines


def _interval(value: Any, factor: float = 1) -> str:
    return f"{value.mean * factor:.2f} [{value.low * factor:.2f}, {value.high * factor:.2f}]"


def run(folder: Path, config: LabConfig, oracle: Path) -> str:
    lab, clips, model = folder / "lab", folder / "clips", checkpoint_folder()
    write_lab(config, output=lab)
    probe(lab / "records.jsonl", output=clips)
    learning, scored = split_truth(lab, folder)
    todo = arms(folder, learning, model)
    todo["oracle"] = ("oracle", {"model": str(oracle)}, Rounding())
    measured = scored_records(lab, scored, folder)
    seconds: dict[str, float] = {}

    def work(name: str, arm: tuple[str, Mapping[str, Any], Rounding]) -> Path:
        started = time.monotonic()
        run_directory = allocate(
            measured if name == "oracle" else lab / "records.jsonl", allocator=arm[0], settings=arm[1], clips=clips,
            rounding=arm[2], media_root=lab, output=folder / "budgets" / name,
        )  # fmt: skip
        manifest = read_manifest(run_directory) or {}
        count = sum(1 for _ in read_rows(run_directory / "budgets.jsonl"))
        seconds[name] = manifest["seconds"] / count * 1000
        print(f"{name}: {time.monotonic() - started:.1f} s", flush=True)
        return run_directory

    runs = {name: work(name, arm) for name, arm in todo.items()}
    lines = table(score_budgets(list(runs.values()), scored), seconds)
    for reference in ("instruction", "learned"):
        rounding = Rounding(histogram=histogram_of(runs[reference]))
        same = {
            name: work(f"{name} as {reference}", (*todo[name][:2], rounding))
            for name in RANKED
            if name != reference
        }
        lines += compare(reference, runs[reference], same, scored)
    scores = score_budgets([runs["learned"]], scored)
    lines += [
        "",
        f"{scores.scores[0].n} questions about {scores.num_clusters} clips; 95 % intervals, drawn over clips.",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("--small", action="store_true", help="A small lab, to try the command out.")
    parser.add_argument(
        "--oracle",
        type=Path,
        default=checkpoint_folder(),
        help="The model whose needs are measured (the lab's own).",
    )
    chosen = parser.parse_args()
    config = LabConfig(clips_per_skill=12, still_clips=20) if chosen.small else LabConfig()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    text = run(chosen.folder, config, chosen.oracle)
    before, _, rest = chosen.page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    chosen.page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
