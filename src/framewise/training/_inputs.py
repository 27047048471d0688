"""What a run is checked against when it goes on: its settings, and what its input files hold."""

from pathlib import Path
from typing import Any

from framewise._artifacts import table_of
from framewise.records import record_inputs
from framewise.training._recipe import Recipe

# These change how fast a run is or what a stop costs, not what comes out: a run may go on with others.
_FREE = {"num_workers", "save_steps"}
_PATHS = {"model", "records", "media_root", "budgets", "clips"}


def recorded_config(recipe: Recipe) -> dict[str, Any]:
    """The settings that decide what comes out; inputs count by their content, a hub's model by its name."""
    config = recipe.model_dump(mode="json", exclude=_FREE | _PATHS)
    return config if Path(recipe.model).exists() else {"model": recipe.model, **config}


def recorded_inputs(recipe: Recipe) -> dict[str, Path]:
    """The files that the outcome depends on, by role."""
    inputs = record_inputs(recipe.records)
    if Path(recipe.model).exists():
        inputs["model"] = Path(recipe.model)
    for role, name in (("budgets", "budgets.jsonl"), ("clips", "clips.jsonl")):
        path: Path | None = getattr(recipe, role)
        if path is not None:
            inputs[role] = table_of(path, name)
    return inputs
