"""Gradient alignment: what a video step does to the image loss, by number of frames."""

from typing import Any

from framewise.report._run import Run
from framewise.report._section import Page, Section
from framewise.report.sections._alignment_figure import draw_alignment
from framewise.report.sections._numbers import ends, significant

POSITION = 26


def build(page: Page) -> list[Section]:
    """One section, with one figure and two tables a run."""
    runs = page.of("alignment")
    return [
        Section(
            anchor="alignment",
            title="Do videos pull against images?",
            template="alignment.html.jinja",
            context={
                "measured": [
                    _describe(run, f"alignment-{number}") for number, run in enumerate(runs, start=1)
                ]
            },
        )
    ]


def _describe(run: Run, anchor: str) -> dict[str, Any]:
    result = run.json("alignment.json")
    rows = result["per_frames"]
    return {
        "name": run.name,
        "result": result,
        "figure": draw_alignment(result, anchor=anchor, name=run.name),
        "lines": [_line(row) for row in rows],
        "frames": [row["m"] for row in rows],
        "modules": [
            (module["module"], [_cell(row["modules"][place]) for row in rows])
            for place, module in enumerate(rows[0]["modules"])
        ],
        "seconds": run.manifest.get("seconds"),
        "beyond": [
            {
                "ratio": entry["ratio"],
                "n": entry["n"],
                "numbers": [
                    (significant(entry[name]["value"]), ends(entry[name]))
                    for name in ("alignment", "squared_norm")
                ],
            }
            for entry in result["beyond_need"] or []
        ],
        "bound": _bound(result.get("bound")),
        "image": {name: _shown(value) for name, value in result["image"].items()},
    }


def _line(row: dict[str, Any]) -> dict[str, Any]:
    numbers = (
        "alignment",
        "fall_from_first",
        "squared_norm",
        "cosine_corrected",
        "exchange_rate",
        "replay_share",
    )
    return {
        "m": row["m"],
        "shown": row["mean_shown"],
        "numbers": [(significant(row[name]["value"]), ends(row[name])) for name in numbers],
        "plain": significant(row["cosine_plain"]),
        "second": significant(row["second_moment"]["value"]),
    }


def _bound(found: dict[str, Any] | None) -> dict[str, Any] | None:
    """Eq. 28 beside the measured change, by number of frames and by its ratio to what is needed."""
    if found is None:
        return None

    def lines(entries: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
        return [
            {
                "key": entry[key],
                "numbers": [(significant(entry[n]["value"]), ends(entry[n])) for n in ("bound", "measured")],
                "n": entry.get("n", found["n"]),
            }
            for entry in entries
        ]

    rank = found["rank_correlation"]
    return {
        "n": found["n"],
        "beta": significant(found["smoothness"]),
        "smallest_beta": significant(found["smallest_beta"]),
        "rate": significant(found["learning_rate"]),
        "held": found["share_held"],
        "judged": found["num_judged"],
        "rank": (significant(rank["value"]), ends(rank)) if rank else None,
        "by_frames": lines(found["per_frames"], "m"),
        "by_ratio": lines(found["per_ratio"], "ratio"),
    }


def _cell(module: dict[str, Any]) -> tuple[str, bool]:
    """The alignment of a module, and whether its interval leaves zero out."""
    found = module["ci95"]
    return significant(module["value"]), found is not None and (found[0] > 0 or found[1] < 0)


def _shown(value: Any) -> str:
    return significant(value["value"] if isinstance(value, dict) else value)
