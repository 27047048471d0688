"""transformers' training arguments out of a recipe."""

from pathlib import Path
from typing import Any

import torch
import transformers

from framewise._errors import UsageError
from framewise.training._loaders import num_loaders
from framewise.training._recipe import Recipe

_SCHEDULES = {"cosine": "cosine", "linear": "linear", "constant": "constant_with_warmup"}


def training_arguments(recipe: Recipe, checkpoints: Path) -> Any:
    """Arguments of a run that reports to nobody and prints nothing.

    The dataset holds the whole run in its order, so for transformers it is one epoch, read in sequence.

    Raises:
        UsageError: The recipe asks for bfloat16 where there is none.
    """
    gpu = torch.cuda.is_available()
    arguments = transformers.TrainingArguments(
        output_dir=str(checkpoints),
        num_train_epochs=1,
        train_sampling_strategy="sequential",
        per_device_train_batch_size=recipe.batch_size,
        gradient_accumulation_steps=recipe.gradient_accumulation,
        optim=recipe.optimizer,
        lr_scheduler_type=_SCHEDULES[recipe.schedule],
        warmup_steps=recipe.warmup_ratio,
        max_grad_norm=recipe.max_grad_norm,
        bf16=_bfloat16(recipe, gpu),
        activation_checkpointing=recipe.gradient_checkpointing,
        activation_checkpointing_kwargs={"use_reentrant": False},
        seed=recipe.seed,
        save_strategy="steps",
        save_steps=recipe.save_steps,
        # Two: while the newest is being written, the one before it is whole.
        save_total_limit=2,
        logging_steps=recipe.logging_steps,
        logging_nan_inf_filter=False,
        dataloader_num_workers=num_loaders(recipe, gpu=gpu),
        dataloader_pin_memory=gpu,
        remove_unused_columns=False,
        # A batch of texts alone gives the vision tower and the projector no gradient.
        ddp_find_unused_parameters=set(recipe.trainable) != {"language"},
        use_cpu=not gpu,
        disable_tqdm=True,
        log_level="error",
        report_to="none",
    )
    # Without a launcher, one process uses one GPU: DataParallel would split positions along the wrong axis.
    if arguments.n_gpu > 1:
        arguments._n_gpu = 1
    return arguments


def _bfloat16(recipe: Recipe, gpu: bool) -> bool:
    available = gpu and torch.cuda.is_bf16_supported()
    if recipe.bf16 is True and not available:
        raise UsageError("bf16: true, but this machine has no GPU with bfloat16: use `bf16: auto`")
    return available if recipe.bf16 == "auto" else recipe.bf16
