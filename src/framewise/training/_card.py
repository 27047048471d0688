"""The run card: what made a model, beside its weights."""

from collections.abc import Mapping
from typing import Any

from framewise._artifacts import RunDirectory
from framewise.records import SKIPPED
from framewise.training._ledger import Ledger
from framewise.training._recipe import Recipe
from framewise.training._tally import means

RUN_CARD = "run_card.json"


def run_card(
    run: RunDirectory, recipe: Recipe, reading: Mapping[str, Any], ledger: Ledger, *, steps: int
) -> dict[str, Any]:
    """Everything that is needed to repeat a run, and what it was.

    A sample counts as often as it was drawn; ``train_seconds`` is the time spent over all stops.

    Args:
        run: The run directory.
        recipe: Its recipe.
        reading: How the family made tokens of media.
        ledger: What it wrote and counted.
        steps: Optimizer steps.
    """
    tally = ledger.tally
    return {
        "name": run.path.resolve().name,
        "mean_frames": tally.mean_frames,
        "visual_tokens": tally.visual_tokens,
        "train_seconds": round(ledger.seconds, 3),
        "num_samples": tally.num_samples,
        "num_skipped": ledger.num_rows[SKIPPED],
        "optimizer_steps": steps,
        "recipe": recipe.model_dump(mode="json"),
        "reading": dict(reading),
        "versions": run.manifest["versions"],
        "inputs": {role: entry["sha256"] for role, entry in run.manifest["inputs"].items()},
        "budgets_histogram": dict(sorted(tally.budgets_histogram.items(), key=lambda item: int(item[0]))),
        "loss_by_budget": means(tally.losses),
    }
