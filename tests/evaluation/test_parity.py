"""Recorded scores of the public tools' own scorers, reproduced item by item and number by number.

``parity/<benchmark>.<tool>.dev.json``: synthetic items in the official fields with varied outputs, and what each
tool made of them. The files of ``framewise score`` are what is compared, so its whole way is tested.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from framewise.evaluation import score_file

FILES = sorted((Path(__file__).parent / "parity").glob("*.json"))
NAMES = {"videomme": "video_mme", "videommmu": "video_mmmu"}
TOLERANCE = 1e-4
ABBREVIATIONS = {
    "AR": "attribute_reasoning",
    "CP": "coarse_perception",
    "FP-C": "finegrained_perception (cross-instance)",
    "FP-S": "finegrained_perception (instance-level)",
    "LR": "logic_reasoning",
    "RR": "relation_reasoning",
}
Numbers = Iterator[tuple[str, float]]
"""Names of our metrics with the tool's values."""


def mme(aggregate: dict[str, Any], tool: str) -> Numbers:
    if tool == "lmms_eval":
        yield "perception", aggregate["mme_perception_score"]
        yield "cognition", aggregate["mme_cognition_score"]
        categories = aggregate["per_category_acc_plus_accplus"]
    else:
        yield "perception", aggregate["perception"]
        yield "cognition", aggregate["reasoning" if tool == "vlmevalkit" else "cognition"]
        categories = aggregate.get("per_category") or {
            name: value for name, value in aggregate.items() if name not in ("perception", "reasoning")
        }
    yield from ((f"category/{name}/score", value) for name, value in categories.items())


def pope(aggregate: dict[str, Any], tool: str) -> Numbers:
    ours = {"acc": "accuracy", "Overall": "f1", "f1_score": "f1"}
    for part, numbers in aggregate.items():
        slash = "" if part in ("pope", "Overall") else f"category/{part}/"
        for name, value in numbers.items():
            plain = name.removeprefix("pope_")
            yield f"{slash}{ours.get(plain, plain)}", value


def mmstar(aggregate: dict[str, Any], tool: str) -> Numbers:
    for name, value in aggregate.items():
        if name in ("average", "Overall", "final score"):
            yield "overall", value
        elif name.endswith(")"):
            yield f"l2_category/{name.split('(', 1)[1][:-1]}", value
        elif name != "split":
            yield f"category/{name}", value


def mmbench(aggregate: dict[str, Any], tool: str) -> Numbers:
    if tool == "lmms_eval":
        yield "circular", aggregate["overall"]
        yield from ((f"category/{name}", value) for name, value in aggregate["category"].items())
        yield from ((f"group/{name}", value) for name, value in aggregate["l2_category"].items())
        return
    for name, value in aggregate.items():
        if name == "Overall":
            yield "circular", value
        elif name in ABBREVIATIONS:
            yield f"group/{ABBREVIATIONS[name]}", value
        elif name != "split":
            yield f"category/{name}", value


def videomme(aggregate: dict[str, Any], tool: str) -> Numbers:
    yield "overall", aggregate["overall"]
    for part in ("duration", "domain", "sub_category", "task_type"):
        yield from ((f"{part}/{name}", value) for name, value in aggregate[part].items())


def mvbench(aggregate: dict[str, Any], tool: str) -> Numbers:
    if tool == "vlmevalkit":
        for name, (right, total, _) in aggregate.items():
            yield "overall" if name == "overall" else f"task/{name}", 100 * right / total
        return
    tasks = aggregate.get("per_task") or {name: value for name, value in aggregate.items() if name != "Avg"}
    yield "overall", aggregate.get("Avg", aggregate.get("mean_of_tasks_not_computed_by_peer"))
    yield from ((f"task/{name}", value) for name, value in tasks.items())


def tempcompass(aggregate: dict[str, Any], tool: str) -> Numbers:
    if tool == "vlmevalkit":
        for part in ("TempCompass_MCQ", "TempCompass_YorN"):
            for name, (right, total) in aggregate[part].items():
                aspect, task = name.split(". ")
                yield f"task/{task}/dim/{aspect}", 100 * right / total
        return
    for task, numbers in aggregate.items():
        for name, value in numbers.items():
            aspect = name.removesuffix("_accuracy")
            yield (
                f"task/{task}" + {"avg": "", "match_rate": "/match_rate"}.get(aspect, f"/dim/{aspect}"),
                value,
            )


def videommmu(aggregate: dict[str, Any], tool: str) -> Numbers:
    if tool == "vlmevalkit":
        for name, numbers in aggregate.items():
            yield "overall" if name == "Overall" else f"track/{name}", numbers["acc"]
        return
    for track in ("Perception", "Comprehension", "Adaptation"):
        yield f"track/{track}", aggregate[track]
        for name, value in aggregate["per_discipline"][track].items():
            yield f"track/{track}/discipline/{name}", value


def read(file: Path) -> dict[str, Any]:
    return json.loads(file.read_bytes())


def score(recorded: Mapping[str, Any], folder: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Rows of ``scores.jsonl`` and ``results.json`` for the items without what the tool said of them."""
    predictions = folder / "predictions.jsonl"
    rows = [{k: v for k, v in item.items() if not k.startswith("peer_")} for item in recorded["items"]]
    predictions.write_text("".join(json.dumps(row) + "\n" for row in rows))
    benchmark = NAMES.get(recorded["benchmark"], recorded["benchmark"])
    out = score_file(benchmark, predictions, scorer=recorded["peer"], output=folder / "out")
    scores = [json.loads(line) for line in (out / "scores.jsonl").read_text().splitlines()]
    return scores, json.loads((out / "results.json").read_text())


def test_all_recordings_are_here():
    assert len(FILES) == 25


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name.removesuffix(".dev.json"))
def test_every_item_and_every_number_is_the_tools(file, tmp_path):
    recorded = read(file)
    scores, results = score(recorded, tmp_path)
    assert [row["item_id"] for row in scores] == [item["item_id"] for item in recorded["items"]]
    assert [row["score"] for row in scores] == [item["peer_score"] for item in recorded["items"]]
    if recorded["peer"] in ("official", "vlmevalkit") and recorded["benchmark"] == "videomme":
        return  # Their tables are printed with few digits: see below.
    numbers = list(globals()[recorded["benchmark"]](recorded["aggregate"], recorded["peer"]))
    assert len(numbers) >= 2
    for name, value in numbers:
        assert results["metrics"][name] == pytest.approx(value, abs=TOLERANCE), name


def test_the_printed_table_of_video_mme(tmp_path):
    recorded = read(next(file for file in FILES if file.name.startswith("videomme.official")))
    _, results = score(recorded, tmp_path)
    prefix, slice_name, seen = "", "", 0
    slices = {"Categories": "domain", "Domains": "domain", "Sub Categories": "sub_category"}
    for line in recorded["aggregate"]["printed"]:
        if line.startswith("Evaluation on"):
            duration = line.split(": ")[1] if "Type" in line else None
            prefix = f"duration/{duration}/" if duration else ""
        elif line.startswith(("Video ", "Task ")):
            slice_name = "task_type" if line.startswith("Task") else slices[line.removeprefix("Video ")]
        elif line.endswith("%"):
            name, percent = line[:-1].rsplit(": ", 1)
            ours = (prefix.rstrip("/") or "overall") if name == "Overall" else f"{prefix}{slice_name}/{name}"
            # A slice without answered items is printed as 0.
            value = results["metrics"].get(ours) or 0.0
            assert f"{value:.1f}" == percent.strip(), line
            seen += 1
    assert seen == 4 * (6 + 30 + 12 + 1)


def test_the_rating_of_video_mme(tmp_path):
    recorded = read(next(file for file in FILES if file.name.startswith("videomme.vlmevalkit")))
    _, results = score(recorded, tmp_path)
    for duration, parts in recorded["aggregate"].items():
        whole = duration == "overall"
        assert f"{results['metrics']['overall' if whole else f'duration/{duration}']:.3f}" == parts["overall"]
        for part in ("domain", "sub_category", "task_type"):
            for name, value in parts[part].items():
                ours = results["metrics"].get(
                    f"{part}/{name}" if whole else f"duration/{duration}/{part}/{name}"
                )
                assert ("nan" if ours is None else f"{ours:.3f}") == value


@pytest.mark.parametrize("old", [file for file in FILES if "_v071" in file.name], ids=lambda file: file.name)
def test_the_tools_new_parser_gives_the_same_outputs_more_points(old, tmp_path):
    new = read(old.with_name(old.name.replace("_v071", "")))
    before, after = read(old), new
    assert [i["prediction"] for i in before["items"]] == [i["prediction"] for i in after["items"]]
    totals = []
    for number, recorded in enumerate((before, after)):
        folder = tmp_path / str(number)
        folder.mkdir()
        scores, _ = score(recorded, folder)
        totals.append(sum(row["score"] or 0 for row in scores))
    assert totals[1] > totals[0]
