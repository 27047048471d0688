"""The stage ``train``: from a recipe to a model."""

from pathlib import Path

from framewise.training._recipe import Recipe


def train(recipe: Recipe, *, output: Path, fresh: bool = False) -> Path:
    """Fine-tune a model, each sample with the frames of its budget.

    Leaves ``model/`` (official format, with ``run_card.json``), ``adapter/`` with LoRA, ``log.jsonl`` (losses
    by budget) and ``skipped.jsonl`` (samples that were not trained on, and why). A run that was stopped goes
    on from its last checkpoint with the same samples in the same order; on a CPU it ends with the same
    weights, bit for bit. Under ``accelerate launch`` or ``torchrun`` training is data-parallel and only the
    main process writes.

    Args:
        recipe: What to do.
        output: The run directory.
        fresh: Delete what an earlier run left and start over.

    Returns:
        ``output``.

    Raises:
        UsageError: An input or a setting cannot be used.
        FramewiseError: No sample could be decoded, or a device has too little memory.
    """
    # Only now: transformers' trainer takes seconds to import.
    from framewise.training._session import run_session

    run_session(recipe, output, fresh=fresh)
    return output
