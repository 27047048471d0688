"""The stage ``evaluate``: one model on benchmarks, from files to a run directory."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from framewise._artifacts import RunDirectory, require_finished
from framewise._errors import UsageError
from framewise._jsonl import read_json, write_json
from framewise._plugins import load_plugin
from framewise.evaluation._asking import ask, finished_items, pending_batches
from framewise.evaluation._benchmark import Item
from framewise.evaluation._model import Model, open_family_model
from framewise.evaluation._scoring import RESULTS, score_predictions
from framewise.evaluation._settings import EvaluationSettings, check_settings
from framewise.evaluation._subset import digest_items, limit_items

if TYPE_CHECKING:
    from framewise.families import FamilySettings, TextPosition

RUN_CARD = "run_card.json"


def evaluate(
    model: str | Path,
    *,
    benchmarks: Sequence[str],
    data_root: Path,
    frames: int,
    output: Path,
    pixels_per_frame: int | None = None,
    batch_size: int = 8,
    max_new_tokens: int = 64,
    limit: int | None = None,
    seed: int = 0,
    text_position: "TextPosition" = "after_max",
    fresh: bool = False,
    open_model: "Callable[[Path, FamilySettings], Model]" = open_family_model,
) -> Path:
    """Ask a model every item greedily, keep each answer, score them.

    Writes ``predictions.jsonl``, ``failures.jsonl`` (items whose media cannot be read: counted, never
    scored), ``scores.jsonl`` and ``results.json``. The score of a benchmark is the mean over its items. A run
    that was killed goes on with the batch that was in flight; a finished one is returned as it is.

    Args:
        model: Folder with a model in the official format, the run directory of a training, or a hub name.
        benchmarks: Names of benchmark plugins.
        data_root: Folder that item and media paths are relative to.
        frames: Frames wanted of each video.
        output: The run directory.
        pixels_per_frame: Most pixels of a video frame after resizing; None: the checkpoint's own.
        batch_size: Most items asked at once. No part of the settings: a run may go on with another.
        max_new_tokens: Longest reply, in tokens.
        limit: Items of each benchmark, rounded up to whole clusters; None: all.
        seed: Seed of the draw that ``limit`` makes.
        text_position: Where text goes on after a medium.
        fresh: Start over.
        open_model: Opens the model; called only if there is something to ask.

    Returns:
        ``output``.

    Raises:
        UsageError: A name, a setting, the model folder or the data root cannot be used.
        FramewiseError: A benchmark has no item that could be read.
    """
    if batch_size < 1:
        raise UsageError(f"the batch size must be at least 1, got {batch_size}")
    settings = check_settings(
        benchmarks=benchmarks,
        frames=frames,
        pixels_per_frame=pixels_per_frame,
        max_new_tokens=max_new_tokens,
        limit=limit,
        seed=seed,
        text_position=text_position,
    )
    folder = _model_folder(Path(model))
    inputs = {"model": folder} if folder.exists() else {}
    items = _read_items(settings, data_root)
    recorded = {
        **settings.model_dump(mode="json"),
        "items": {name: digest_items(part) for name, part in items.items()},
    }
    config = {"model": str(model), "data_root": str(data_root), **recorded}
    begin = time.monotonic()
    with RunDirectory(output, stage="evaluate", config=config, inputs=inputs, seed=seed, fresh=fresh) as run:
        if run.finished:
            return output
        _ask_pending(run, items, settings, folder, data_root, batch_size, open_model)
        heading = {
            "model": str(model),
            "settings": recorded,
            "training": _run_card(folder),
            "complete": False,
        }
        write_json(output / RESULTS, heading)
        score_predictions(output, data_root=data_root)
        run.complete(batch_size=batch_size, seconds=round(time.monotonic() - begin, 3))
    return output


def _ask_pending(
    run: RunDirectory,
    items: Mapping[str, Sequence[Item]],
    settings: EvaluationSettings,
    folder: Path,
    data_root: Path,
    batch_size: int,
    open_model: "Callable[[Path, FamilySettings], Model]",
) -> None:
    done = finished_items(run)
    batches = pending_batches(items, done, batch_size)
    if not batches:
        return
    # Only here: the families need torch, and a run that has all its answers does not.
    from framewise.families import FamilySettings

    opened = open_model(
        folder,
        FamilySettings(pixels_per_frame=settings.pixels_per_frame, text_position=settings.text_position),
    )
    ask(
        run,
        opened,
        batches,
        done=done,
        data_root=data_root,
        frames=settings.frames,
        max_new_tokens=settings.max_new_tokens,
    )


def _read_items(settings: EvaluationSettings, data_root: Path) -> dict[str, list[Item]]:
    plugins = {name: load_plugin("benchmarks", name)() for name in settings.benchmarks}
    return {
        name: limit_items(list(plugin.items(data_root)), settings.limit, seed=settings.seed)
        for name, plugin in plugins.items()
    }


def _model_folder(model: Path) -> Path:
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


def _run_card(folder: Path) -> dict[str, Any] | None:
    card = folder / RUN_CARD
    if not card.is_file():
        return None
    read: dict[str, Any] = read_json(card)
    return read
