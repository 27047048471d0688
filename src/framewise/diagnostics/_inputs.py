"""Files that a measurement depends on, by role."""

from collections.abc import Sequence
from pathlib import Path

from framewise._artifacts import table_of
from framewise.records import record_inputs


def recorded_inputs(
    models: Sequence[Path | str],
    *,
    images: Path | None = None,
    videos: Path | None = None,
    truth: Path | None = None,
    budgets: Path | None = None,
) -> dict[str, Path]:
    """What counts by its content; a hub's model counts by its name, which stands in the settings.

    Args:
        models: Checkpoints in order.
        images: Records; only files of rows count, not the media beside them.
        videos: Likewise.
        truth: A table of minimal budgets, or the folder that has it.
        budgets: A table of budgets, or the run that has it.
    """
    inputs: dict[str, Path] = {}
    for role, records in (("images", images), ("videos", videos)):
        inputs |= record_inputs(records, role) if records is not None else {}
    here = [Path(model) for model in models]
    names = ["model"] if len(here) == 1 else [f"model/{number}" for number in range(len(here))]
    inputs |= {name: path for name, path in zip(names, here, strict=True) if path.exists()}
    if truth is not None:
        inputs["truth"] = truth / "truth.jsonl" if (truth / "truth.jsonl").is_file() else truth
    if budgets is not None:
        inputs["budgets"] = table_of(budgets, "budgets.jsonl")
    return inputs
