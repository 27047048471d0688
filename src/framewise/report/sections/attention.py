"""Attention before and after, against boxes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from framewise.report._run import Run
from framewise.report._section import Page, Section
from framewise.report.sections._attention_figure import draw_maps
from framewise.report.sections._numbers import ends, significant

POSITION = 28
_NAMES = {
    "image_mass": "Mass on the picture",
    "sink_share": "of that on sinks",
    "entropy": "Entropy, 1: even",
    "box_mass": "Mass in the box",
    "lift": "by its area (lift)",
    "pointing": "Largest in the box",
    "auroc": "Box above rest (AUROC)",
}
_PAINTED = {
    "box": "Box painted over: loss rises by",
    "elsewhere": "As much elsewhere",
    "box_beyond_elsewhere": "Difference",
}


def build(page: Page) -> list[Section]:
    """One section, with maps and two tables a run."""
    runs = [_describe(run, f"attention-{n}") for n, run in enumerate(page.of("attention"), start=1)]
    return [
        Section(
            anchor="attention",
            title="Where the models look",
            template="attention.html.jinja",
            context={"measured": runs},
        )
    ]


def _describe(run: Run, anchor: str) -> dict[str, Any]:
    result = run.json("attention.json")
    models, per_model = [Path(name).name for name in result["models"]], result["per_model"]
    names = [
        f"{'before' if place == 0 else 'after'}: {_told_apart(place, models, result['models'])}"
        for place in range(len(models))
    ]
    best = [(_NAMES[name], [_cell(model["best_head"][name]) for model in per_model]) for name in _NAMES]
    painted = [
        (words, [_cell(model["occlusion"][name]) for model in per_model]) for name, words in _PAINTED.items()
    ]
    return {
        "name": run.name,
        "result": result,
        "models": names,
        "figure": draw_maps(result["maps"], names, anchor=anchor),
        "best": best,
        "painted": painted,
        "layers": [
            (layer, [_layer(model, layer) for model in per_model]) for layer in range(result["num_layers"])
        ],
        "seconds": run.manifest.get("seconds"),
    }


def _told_apart(place: int, short: list[str], long: list[str]) -> str:
    return short[place] if short.count(short[place]) == 1 else "/".join(Path(long[place]).parts[-3:])


def _cell(number: Mapping[str, Any]) -> tuple[str, str]:
    """A model's number, and how it changed."""
    change = number["change"]
    if change is None:
        return significant(number["value"]["value"]), ""
    return significant(number["value"]["value"]), f"{significant(change['value'])}: {ends(change)}"


def _layer(model: Mapping[str, Any], layer: int) -> list[str]:
    shown = [
        significant(model["layers"][name][layer]["value"]["value"])
        for name in ("image_mass", "lift", "auroc")
    ]
    moved = model["divergence"]
    return [*shown, significant(moved[layer]["value"] if moved else None)]
