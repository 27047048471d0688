"""Where a model's files are, and what its training left beside them."""

from pathlib import Path
from typing import Any

from framewise._artifacts import require_finished
from framewise._errors import UsageError
from framewise._jsonl import read_json

RUN_CARD = "run_card.json"


def model_folder(model: Path) -> Path:
    """The folder with the official files, or the hub name.

    Raises:
        UsageError: It is neither, or a training that is not finished.
    """
    if (model / "config.json").is_file():
        return model
    if (model / "model" / "config.json").is_file():
        require_finished(model)
        return model / "model"
    if len(model.parts) == 2 and not model.is_absolute() and not Path(model.parts[0]).exists():
        return model
    raise UsageError(
        f"{model} is not a model: neither it nor {model / 'model'} has a config.json, and it is no hub name; "
        "give a folder in the official format, the run directory of a finished training, or owner/name"
    )


def read_run_card(folder: Path) -> dict[str, Any] | None:
    """What framewise's training left beside the model's weights, if it made them."""
    card = folder / RUN_CARD
    if not card.is_file():
        return None
    read: dict[str, Any] = read_json(card)
    return read


def as_named(name: str, asked: Any, card: dict[str, Any] | None) -> Any:
    """The value asked for, else the one that the recipe of the model's training names, else None."""
    return (card or {}).get("recipe", {}).get(name) if asked is None else asked


def as_trained(name: str, asked: Any, card: dict[str, Any] | None) -> Any:
    """The value of a setting that must be what it was in training; None if neither names one.

    What a family made of a setting that was left out is checked but not filled in, so that the model before
    training, of which nobody knows it, has the same settings.

    Raises:
        UsageError: The model was trained with another.
    """
    named = as_named(name, None, card)
    trained = (card or {}).get("reading", {}).get(name) or named
    if asked and trained and asked != trained:
        raise UsageError(
            f"{name}={asked}, but the model was trained with {trained}: it would read media as it never did; "
            "leave the setting out"
        )
    return asked or named
