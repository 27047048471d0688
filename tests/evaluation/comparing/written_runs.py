"""Finished evaluations written by hand, as the stage leaves them."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from framewise._artifacts import RunDirectory
from framewise._jsonl import write_json

COLOURS = ("red", "green", "blue", "yellow")


def write_run(
    path: Path,
    rows: Iterable[Mapping[str, Any]],
    modality: Mapping[str, str],
    *,
    settings: Mapping[str, Any] | None = None,
    failed: Iterable[Mapping[str, Any]] = (),
    scorer: str | None = None,
    **manifest: Any,
) -> Path:
    """A run of the benchmarks in ``modality`` with rows of ``scores.jsonl``."""
    known = {"frames": 8, "benchmarks": list(modality), "items": dict.fromkeys(modality, "digest")}
    results = {
        "model": path.name,
        "settings": {**known, **(settings or {})},
        "training": None,
        "complete": True,
        "benchmarks": {
            name: {"modality": kind, **({"scorer": scorer} if scorer else {})}
            for name, kind in modality.items()
        },
    }
    with RunDirectory(path, stage="evaluate", config={"name": path.name}) as run:
        run.write_rows("scores.jsonl", [dict(row) for row in rows])
        run.write_rows("failures.jsonl", [dict(row) for row in failed])
        write_json(path / "results.json", results)
        run.complete(**manifest)
    return path


def lab_row(
    number: int, prediction: str, *, parsed: str | None, score: float, each: int = 2
) -> dict[str, Any]:
    """A question with four colours, the first of which is right."""
    return {
        "benchmark": "lab_image",
        "item_id": f"i{number:05d}",
        "subtask": ("count", "colour")[number % 2],
        "cluster": f"c{number // each}",
        "prompt": f"<image>Which colour is it, {number}?",
        "prediction": prediction,
        "answer": COLOURS[0],
        "choices": list(COLOURS),
        "parsed": parsed,
        "score": score,
    }


def mme_row(number: int, prediction: str) -> dict[str, Any]:
    """Two questions about each image, in two categories; the first is answered yes."""
    image, answer = f"{number // 2}.png", ("Yes", "No")[number % 2]
    category = ("OCR", "code_reasoning")[number // 2 % 2]
    fields = {"question_id": image, "category": category, "answer": answer, "question": "?"}
    return {
        "benchmark": "mme",
        "item_id": f"{image}#{number % 2}",
        "subtask": category,
        "cluster": f"{category}/{image}",
        "prompt": f"<image>Is it so ({number})?",
        "prediction": prediction,
        "answer": answer,
        "choices": ["Yes", "No"],
        "fields": fields,
        "parsed": None,
        "score": 0.0,
    }


def pope_row(number: int, answer: str, prediction: str, *, each: int = 6) -> dict[str, Any]:
    """Questions about objects, six about each image."""
    fields = {
        "question_id": str(number),
        "category": "random",
        "answer": answer,
        "image_source": str(number // each),
    }
    return {
        **mme_row(number, prediction),
        "benchmark": "pope",
        "item_id": f"random/{number}",
        "subtask": "random",
        "cluster": str(number // each),
        "answer": answer.capitalize(),
        "fields": fields,
    }


def mmbench_rows(question: int, gold: str, picks: Iterable[str]) -> list[dict[str, Any]]:
    """The rotations of one question about four colours; ``picks`` are the replies to each."""
    rows = []
    for roll, pick in enumerate(picks):
        options = dict(zip("ABCD", np.roll(COLOURS, roll).tolist(), strict=True))
        letter = next(letter for letter, option in options.items() if option == gold)
        index = question + roll * 1_000_000
        rows.append(
            {
                **mme_row(index, pick),
                "benchmark": "mmbench",
                "item_id": str(index),
                "subtask": "colour",
                "cluster": str(question),
                "answer": letter,
                "fields": {
                    **options, "index": index, "answer": letter, "question": "?", "category": "colour",
                    "l2-category": "seeing",
                },
            }
        )  # fmt: skip
    return rows
