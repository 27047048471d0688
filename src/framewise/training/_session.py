"""One session of a training run: from its last checkpoint, or from the start, to the end."""

import shutil
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch
import transformers
from accelerate import PartialState
from accelerate.utils import broadcast_object_list

from framewise._artifacts import RunDirectory
from framewise._errors import FramewiseError
from framewise._progress import progress_bar
from framewise.clips import make_decoder
from framewise.families import Family, FamilySettings, open_family
from framewise.planning import Pairing, num_draws, sample_order
from framewise.records import SKIPPED, default_media_root
from framewise.training._arguments import training_arguments
from framewise.training._bar import BarCallback
from framewise.training._card import run_card
from framewise.training._checkpoints import FOLDER, last_whole
from framewise.training._dataset import ClipDataset, Collator
from framewise.training._inputs import recorded_config, recorded_inputs
from framewise.training._ledger import Ledger
from framewise.training._parts import prepare_model
from framewise.training._plan import plan_examples
from framewise.training._recipe import Recipe
from framewise.training._save import save_result
from framewise.training._trainer import LOG, BudgetTrainer


def run_session(recipe: Recipe, output: Path, *, fresh: bool) -> None:
    """See ``train``."""
    make_decoder(recipe.decoder)  # A wrong name is told before anything is read.
    processes = PartialState(cpu=not torch.cuda.is_available())
    with _open_run(recipe, output, fresh, processes) as run:
        if not _from_main(run.finished if run else None):
            _go_on(recipe, output, run, processes)
        if run:
            shutil.rmtree(output / FOLDER, ignore_errors=True)
    processes.wait_for_everyone()


def _open_run(
    recipe: Recipe, output: Path, fresh: bool, processes: PartialState
) -> AbstractContextManager[RunDirectory | None]:
    if not processes.is_main_process:
        return nullcontext()
    config = {**recorded_config(recipe), "num_processes": processes.num_processes}
    inputs = recorded_inputs(recipe)
    return RunDirectory(output, stage="train", config=config, inputs=inputs, seed=recipe.seed, fresh=fresh)


def _go_on(recipe: Recipe, output: Path, run: RunDirectory | None, processes: PartialState) -> None:
    """Train from the last whole checkpoint, or from the start, to the end."""
    arguments = training_arguments(recipe, output / FOLDER)
    plan = plan_examples(recipe)
    checkpoint, kept = _from_main(last_whole(output / FOLDER) if run else None) or (None, None)
    transformers.set_seed(recipe.seed)
    settings = FamilySettings(
        pixels_per_frame=recipe.pixels_per_frame,
        pixels_per_image=recipe.pixels_per_image,
        text_position=recipe.text_position,
        frame_pooling=recipe.frame_pooling,
    )
    family = open_family(recipe.model, settings, dtype=torch.float32, device="cpu")
    parts = family.parts()
    trained = prepare_model(family, recipe)
    ledger = Ledger(run, {LOG: [], SKIPPED: plan.skipped}, kept)
    with progress_bar() as bar:
        trainer = BudgetTrainer(
            recipe=recipe,
            parts=parts,
            ledger=ledger,
            model=trained,
            args=arguments,
            callbacks=[BarCallback(bar, show=processes.is_main_process)],
            **_data(recipe, settings, plan, processes.num_processes),
        )
        try:
            trainer.train(resume_from_checkpoint=checkpoint)
        except torch.OutOfMemoryError as error:
            raise FramewiseError(
                "a device has too little memory: lower batch_size or pixels_per_frame, or set "
                f"gradient_checkpointing; the run goes on from its last checkpoint ({error})"
            ) from error
    if run:
        _finish(run, recipe, family, trained, ledger, trainer.state.global_step)


def _data(recipe: Recipe, settings: FamilySettings, plan: Pairing, num_processes: int) -> dict[str, Any]:
    """Dataset and collator; with a family of their own, which workers can copy without the weights."""
    family: Family = open_family(recipe.model, settings, device="cpu", with_model=False)
    draws = num_draws(
        len(plan.examples),
        epochs=recipe.epochs,
        max_steps=recipe.max_steps,
        batch_size=recipe.batch_size,
        gradient_accumulation=recipe.gradient_accumulation,
        num_processes=num_processes,
    )
    dataset = ClipDataset(
        plan.examples,
        sample_order(len(plan.examples), draws, recipe.seed),
        media_root=recipe.media_root or default_media_root(recipe.records),
        family=family,
        decoder=make_decoder(recipe.decoder),
    )
    return {"train_dataset": dataset, "data_collator": Collator(family)}


def _finish(
    run: RunDirectory, recipe: Recipe, family: Family, trained: Any, ledger: Ledger, steps: int
) -> None:
    if ledger.tally.num_samples == 0:
        failure = ledger.tally.failures[0]
        raise FramewiseError(
            f"no sample could be decoded; the first fault is {failure['status']} at {failure['path']}: "
            f"{failure['reason']}"
        )
    card = run_card(run, recipe, family.reading(), ledger, steps=steps)
    save_result(family, trained, run.path, card)
    run.complete(train_seconds=card["train_seconds"], num_skipped=card["num_skipped"])


def _from_main(value: Any) -> Any:
    """What the main process says, in every process."""
    box = [value]
    broadcast_object_list(box)
    return box[0]
