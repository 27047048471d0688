"""The stage ``evaluate``: one model on benchmarks, from files to a run directory."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from framewise._artifacts import RunDirectory, digest, table_of
from framewise._chat_client import ChatClient
from framewise._engine import Engine
from framewise._errors import UsageError
from framewise._jsonl import read_json, write_json
from framewise.clips import make_decoder
from framewise.evaluation._asking import forget_unanswered
from framewise.evaluation._frame_counts import FrameCounts, read_frame_counts
from framewise.evaluation._items import Benchmarks, load_benchmarks, prepare_data, read_items
from framewise.evaluation._model import Model, open_family_model
from framewise.evaluation._model_folder import as_named, as_trained, model_folder, read_run_card
from framewise.evaluation._rules import choose_scorer
from framewise.evaluation._scoring import DEFAULT_SCORERS, RESULTS, score_predictions
from framewise.evaluation._server_model import ServerModel
from framewise.evaluation._settings import EvaluationSettings, check_settings
from framewise.evaluation._subset import digest_items
from framewise.evaluation._workers import READING, Job, ask_pending

if TYPE_CHECKING:
    from framewise.families import FamilySettings, TextPosition


def evaluate(
    model: str | Path,
    *,
    benchmarks: Sequence[str],
    data_root: Path,
    output: Path,
    frames: int | None = None,
    budgets: Path | None = None,
    prompt: str = "official",
    scorers: Sequence[str] = DEFAULT_SCORERS,
    pixels_per_frame: int | None = None,
    pixels_per_image: int | None = None,
    replicate: int | None = None,
    decoder: str = "pyav",
    batch_size: int = 8,
    max_new_tokens: int = 64,
    limit: int | None = None,
    seed: int = 0,
    text_position: "TextPosition | None" = None,
    frame_pooling: int | None = None,
    server: ChatClient | None = None,
    engine: Engine | None = None,
    num_workers: int | None = None,
    fresh: bool = False,
    open_model: "Callable[[Path, FamilySettings], Model]" = open_family_model,
) -> Path:
    """Ask a model every item greedily, keep each answer, score them.

    Writes ``predictions.jsonl``, ``failures.jsonl`` (items that got no answer, above all because their media
    cannot be read: counted, never scored), ``scores.jsonl`` and ``results.json``. The score of a benchmark is
    the mean over its items. A run that was killed goes on with the batch that was in flight; a finished one is
    returned as it is, but scored again where other scorers are named.

    Args:
        model: Folder with a model in the official format, the run directory of a training, or a hub name.
        benchmarks: Names of benchmark plugins.
        data_root: Folder that item and media paths are relative to.
        output: The run directory.
        frames: Frames wanted of each video.
        budgets: Instead, run directory of an allocation over what ``write_item_records`` wrote.
        prompt: In whose words items are asked: ``official``, ``lmms_eval``, ``vlmevalkit``, or a benchmark's own.
        scorers: Names or ids of scorers; the first gives ``parsed`` and ``score``. No part of the settings.
        pixels_per_frame: Most pixels of a video frame after resizing; None: what the model's training named,
            else the checkpoint's own.
        pixels_per_image: The same of an image.
        replicate: Identical frames of a video that an image is shown as (appendix B.2); None: as an image.
        decoder: Who decodes the videos: ``pyav``, ``torchcodec``, or ``torchcodec:cuda`` on the GPU. No part of the
            settings: the frames are the same. A GPU may round colours otherwise, so the manifest says which it was.
        batch_size: Most items asked at once. No part of the settings: a run may go on with another.
        max_new_tokens: Longest reply, in tokens.
        limit: Items of each benchmark, rounded up to whole clusters; None: all.
        seed: Seed of the draw that ``limit`` makes.
        text_position: Where text goes on after a medium; None: where it did when framewise trained the model,
            else ``after_max``.
        frame_pooling: Side of the blocks of visual tokens of a frame that are averaged, where a family reads
            frames as images; None: as in that training, else the family's own.
        server: Where the model is asked, if not here; ``model`` is what the server calls it.
        engine: Who spreads the batches over workers, each of which opens the model once; None: they are asked here.
            No part of the settings: the answers are the same on machines of one kind.
        num_workers: Workers of the engine; None: one a core, and with Ray one a GPU where there are GPUs.
        fresh: Start over.
        open_model: Opens the model; called only if there is something to ask.

    Returns:
        ``output``.

    Raises:
        UsageError: A name, a setting, the model folder or the data root cannot be used, or the model was
            trained with another ``text_position`` or ``frame_pooling``.
        FramewiseError: A benchmark has no item that could be read.
    """
    _check_request(batch_size, frames, budgets, decoder)
    folder = model_folder(Path(model)) if server is None else Path(model)
    card = read_run_card(folder) if server is None else None
    settings = check_settings(
        benchmarks=benchmarks,
        prompt=prompt,
        frames=frames,
        budgets=None if budgets is None else _budget_digest(budgets),
        replicate=replicate,
        pixels_per_frame=as_named("pixels_per_frame", pixels_per_frame, card),
        pixels_per_image=as_named("pixels_per_image", pixels_per_image, card),
        max_new_tokens=max_new_tokens,
        limit=limit,
        seed=seed,
        text_position=as_trained("text_position", text_position, card) or "after_max",
        frame_pooling=as_trained("frame_pooling", frame_pooling, card),
    )
    plugins = load_benchmarks(settings.benchmarks)
    _check_scorers(plugins, scorers)
    items = read_items(plugins, data_root, prompt=prompt, limit=limit, seed=seed)
    counts = FrameCounts(frames=frames) if budgets is None else read_frame_counts(budgets, items)
    recorded = {
        **settings.model_dump(mode="json"),
        "items": {name: digest_items(part) for name, part in items.items()},
    }
    config = {"model": str(model), "data_root": str(data_root), **recorded}
    inputs = {"model": folder} if server is None and folder.exists() else {}
    begin = time.monotonic()
    with RunDirectory(output, stage="evaluate", config=config, inputs=inputs, seed=seed, fresh=fresh) as run:
        forget_unanswered(run, server)
        if not run.finished:
            heading = {"model": str(model), "settings": recorded, "training": card, "complete": False}
            heading["data"] = prepare_data(plugins, items, data_root)
            opener = _Opener(
                server=server, name=str(model), folder=folder, settings=settings, open_model=open_model
            )
            job = Job(
                open_model=opener, benchmarks=plugins, counts=counts, data_root=data_root, decoder=decoder,
                replicate=replicate, max_new_tokens=max_new_tokens, whole_batches=server is None, folder=Path.cwd(),
            )  # fmt: skip
            num_halved = ask_pending(
                run, job, items, batch_size=batch_size, engine=engine, num_workers=num_workers
            )
            write_json(output / RESULTS, {**heading, "reading": _reading(output)})
            score_predictions(output, data_root=data_root, scorers=scorers)
            seconds = round(time.monotonic() - begin, 3)
            run.complete(decoder=decoder, batch_size=batch_size, num_halved=num_halved, seconds=seconds)
        elif read_json(output / RESULTS).get("scorers") != list(scorers):
            score_predictions(output, data_root=data_root, scorers=scorers)
    return output


@dataclass(frozen=True, eq=False, kw_only=True)
class _Opener:
    """Opens the model, in whatever process it is called."""

    server: ChatClient | None
    name: str
    folder: Path
    settings: EvaluationSettings
    open_model: "Callable[[Path, FamilySettings], Model]"

    def __call__(self) -> Model:
        pixels = {
            "pixels_per_frame": self.settings.pixels_per_frame,
            "pixels_per_image": self.settings.pixels_per_image,
        }
        if self.server is not None:
            return ServerModel(self.server, self.name, **pixels)
        # Only here: the families need torch, and a run that has all its answers does not.
        from framewise.families import FamilySettings

        how = FamilySettings(
            **pixels, text_position=self.settings.text_position, frame_pooling=self.settings.frame_pooling
        )
        return self.open_model(self.folder, how)


def _check_request(batch_size: int, frames: int | None, budgets: Path | None, decoder: str) -> None:
    make_decoder(decoder)
    if batch_size < 1:
        raise UsageError(f"the batch size must be at least 1, got {batch_size}")
    if (frames is None) == (budgets is None):
        raise UsageError("give either frames or budgets: how many frames each video is shown with")


def _budget_digest(budgets: Path) -> str:
    return digest(table_of(budgets, "budgets.jsonl"))


def _check_scorers(plugins: Benchmarks, scorers: Sequence[str]) -> None:
    if not scorers:
        raise UsageError("name at least one scorer")
    for name, plugin in plugins.items():
        for scorer in scorers if plugin.scorers else ():
            choose_scorer(name, scorer)


def _reading(output: Path) -> dict[str, Any]:
    file = output / READING
    stated: dict[str, Any] = read_json(file) if file.is_file() else {}
    return stated
