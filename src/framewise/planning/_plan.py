"""The stage ``plan``: what a training run will take. Nothing is decoded, no weights are opened."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framewise._artifacts import RunDirectory, read_manifest, table_of
from framewise._errors import UsageError
from framewise._jsonl import Row, read_json, write_json
from framewise._progress import track
from framewise.clips import read_clips
from framewise.families import open_family
from framewise.planning._architecture import Architecture, empty_model, read_architecture
from framewise.planning._batches import Batch, batches
from framewise.planning._examples import nothing_left, pair_examples
from framewise.planning._memory import Accountant
from framewise.planning._order import num_draws, num_steps, sample_order
from framewise.planning._recipe import (
    Machine,
    TrainingRecipe,
    computes_in_bfloat16,
    family_settings,
    recorded,
)
from framewise.planning._samples import Sample, Sampler
from framewise.planning._shapes import Shaper
from framewise.planning._summary import batch_shapes, budget_table, fits, skipped_counts
from framewise.planning._trainable import Shape, trainable_shapes
from framewise.planning._work import Workload
from framewise.records import SKIPPED, record_inputs

PLAN, SAMPLES = "plan.json", "samples.jsonl"
_HERE = Machine()
_WEIGHTS = {".safetensors", ".bin", ".pt", ".pth", ".gguf"}


@dataclass(frozen=True)
class _Counted:
    samples: list[Sample]
    skipped: list[Row]
    architecture: Architecture
    learned: dict[str, Shape]


def plan(
    recipe: TrainingRecipe, *, machine: Machine = _HERE, output: Path | None = None, fresh: bool = False
) -> dict[str, Any]:
    """Say what a training run will take, without decoding anything.

    Sequence lengths, visual tokens and text tokens are those that training will have: the same code lays the
    sequences out, with the sizes that the probe found. Records, their order, batches and steps are
    training's own too. Memory is an estimate (``_memory`` says how it is made), and so is time (``_work``).

    A record whose media were not probed, or cannot be used, is skipped with a row in ``skipped.jsonl``.

    Args:
        recipe: The run. Where it names no clips, those that its budgets were made from are used.
        machine: Where it will be trained.
        output: A run directory for ``plan.json``, ``samples.jsonl`` and ``skipped.jsonl``; None: write nothing.
        fresh: Delete what an earlier run left and start over.

    Returns:
        What ``plan.json`` holds.

    Raises:
        UsageError: An input or a setting cannot be used, or nothing is left to train on.
    """
    clips = recipe.clips or _clips_of(recipe)
    if output is None:
        counted = _count(recipe, clips)
        return _summarise(counted, recipe, machine)
    config = {**recorded(recipe), "machine": machine.model_dump()}
    inputs = _inputs(recipe, clips)
    with RunDirectory(output, stage="plan", config=config, inputs=inputs, fresh=fresh) as run:
        if not run.finished:
            started = time.monotonic()
            counted = _count(recipe, clips)
            run.write_rows(SAMPLES, (sample.to_json() for sample in counted.samples))
            run.write_rows(SKIPPED, counted.skipped)
            write_json(run.path / PLAN, _summarise(counted, recipe, machine))
            run.complete(seconds=time.monotonic() - started)
    found: dict[str, Any] = read_json(output / PLAN)
    return found


def _count(recipe: TrainingRecipe, clips: Path | None) -> _Counted:
    pairing = pair_examples(recipe.records, budgets=recipe.budgets, clips=clips, media_root=recipe.media_root)
    family = open_family(recipe.model, family_settings(recipe), device="cpu", with_model=False)
    family.model = empty_model(recipe.model)
    parts = family.parts()
    architecture = read_architecture(family.model, parts)
    learned = trainable_shapes(family.model, parts, recipe)
    shaper = Shaper(read_clips(clips) if clips else {}, multiple_of=family.temporal_multiple)
    samples, skipped = [], list(pairing.skipped)
    found = Sampler(family, architecture, shaper).samples(pairing.examples)
    for sample in track(found, "plan", len(pairing.examples)):
        if isinstance(sample, Sample):
            samples.append(sample)
        else:
            skipped.append(sample)
    if not samples:
        raise UsageError(nothing_left(recipe.records, skipped))
    return _Counted(samples=samples, skipped=skipped, architecture=architecture, learned=learned)


def _summarise(counted: _Counted, recipe: TrainingRecipe, machine: Machine) -> dict[str, Any]:
    share = {
        "batch_size": recipe.batch_size,
        "gradient_accumulation": recipe.gradient_accumulation,
        "num_processes": machine.gpus,
    }
    draws = num_draws(len(counted.samples), epochs=recipe.epochs, max_steps=recipe.max_steps, **share)
    order = sample_order(len(counted.samples), draws, recipe.seed)
    drawn = list(batches(counted.samples, order, recipe.batch_size))
    architecture = counted.architecture
    longer = sum(sample.length > architecture.context for sample in counted.samples)
    return {
        "num_samples": len(counted.samples),
        "num_skipped": len(counted.skipped),
        "skipped": skipped_counts(counted.skipped),
        "budgets": budget_table(counted.samples),
        "context": {"tokens": architecture.context, "num_longer": longer},
        "run": {
            "num_draws": draws,
            "optimizer_steps": num_steps(draws, **share),
            "visual_tokens": sum(batch.visual_tokens for batch in drawn),
            "text_tokens": sum(batch.tokens - batch.visual_tokens for batch in drawn),
        },
        "batches": batch_shapes(drawn, recipe.batch_size),
        "parameters": architecture.num_parameters,
        "memory": _memory(counted, drawn, recipe, machine),
        "time": Workload(architecture, recipe, counted.learned).duration(drawn, machine).to_json(),
    }


def _memory(
    counted: _Counted, drawn: Sequence[Batch], recipe: TrainingRecipe, machine: Machine
) -> dict[str, Any]:
    """The heaviest batch, with activations kept and computed again."""
    found: dict[str, Any] = {
        "gpus": machine.gpus,
        "gpu_memory_gib": machine.gpu_memory_gib,
        "computes_in": "bfloat16" if computes_in_bfloat16(recipe) else "float32",
        "gradient_checkpointing": recipe.gradient_checkpointing,
    }
    for name, checkpointing in (("kept", False), ("checkpointed", True)):
        accountant = Accountant(counted.architecture, recipe, counted.learned, machine, checkpointing)
        memory = accountant.heaviest(drawn)
        found[name] = {**memory.to_json(), "fits": fits(memory, machine)}
    return found


def _clips_of(recipe: TrainingRecipe) -> Path | None:
    """The probe that the budgets were made from, where their manifest says it."""
    if recipe.budgets is None:
        return None
    folder = recipe.budgets if recipe.budgets.is_dir() else recipe.budgets.parent
    manifest = read_manifest(folder) if folder.is_dir() else None
    named = ((manifest or {}).get("inputs") or {}).get("clips")
    clips = Path(named["path"]) if named else None
    if clips is None or not clips.exists():
        place = f"{clips}, which is not there" if clips else "no clips"
        raise UsageError(
            f"the sizes of the media are needed, and {recipe.budgets} names {place}: "
            "give what `framewise probe` left with --clips"
        )
    return clips


def _inputs(recipe: TrainingRecipe, clips: Path | None) -> dict[str, Path]:
    inputs = record_inputs(recipe.records)
    if recipe.budgets is not None:
        inputs["budgets"] = table_of(recipe.budgets, "budgets.jsonl")
    if clips is not None:
        inputs["clips"] = table_of(clips, "clips.jsonl")
    if Path(recipe.model).exists():
        files = sorted(p for p in Path(recipe.model).iterdir() if p.is_file() and p.suffix not in _WEIGHTS)
        inputs |= {f"model/{file.name}": file for file in files}
    return inputs
