"""Pre-training of the lab's checkpoint with transformers' Trainer: pictures, dense descriptions, frame budgets."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch.utils.data import Dataset, SequentialSampler

from framewise._artifacts import RunDirectory
from framewise._jsonl import write_json
from framewise.families import Encoded, Family, open_family
from framewise.lab._checkpoint import write_untrained_checkpoint
from framewise.lab._lessons import lesson

_POOL = 8


class PretrainConfig(BaseModel):
    """The recipe of the lab's checkpoint."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(default=0, ge=0)
    """Seed of weights and lessons."""
    num_batches: int = Field(default=6000, ge=1)
    """Optimizer steps."""
    batch_size: int = Field(default=32, ge=1)
    """Lessons a step."""
    learning_rate: float = Field(default=2e-3, gt=0)
    """Peak; 100 steps of warm-up, then a cosine to zero."""
    allocator_share: float = Field(default=0.12, ge=0, lt=1)
    """Share of lessons that judge a frame budget."""


class LessonBatches(Dataset[list[Encoded]]):
    """Batches of lessons of similar length; batch ``i`` depends on the seed and ``i`` alone.

    Lessons are drawn in pools of eight batches, sorted by length and dealt out in random order, so that little is
    padded. Reading in order makes each pool once.
    """

    def __init__(self, family: Family, config: PretrainConfig) -> None:
        self._family, self._config = family, config
        self._pool: tuple[int, list[list[Encoded]]] = (-1, [])

    def __len__(self) -> int:
        return self._config.num_batches

    def __getitem__(self, index: int) -> list[Encoded]:
        number, place = divmod(index, _POOL)
        if self._pool[0] != number:
            self._pool = (number, self._draw(number))
        return self._pool[1][place]

    def _draw(self, number: int) -> list[list[Encoded]]:
        config, rng = self._config, np.random.default_rng([self._config.seed, number])
        progress = number * _POOL / config.num_batches
        lessons = [
            lesson(rng, progress=progress, allocator_share=config.allocator_share)
            for _ in range(_POOL * config.batch_size)
        ]
        encoded = sorted((self._family.encode(one.turns, one.visuals) for one in lessons), key=len)
        batches = [encoded[i : i + config.batch_size] for i in range(0, len(encoded), config.batch_size)]
        return [batches[i] for i in rng.permutation(_POOL)]


def pretrain(config: PretrainConfig, *, output: Path, fresh: bool = False) -> Path:
    """Train the lab's checkpoint from nothing; resumable.

    Leaves ``model/`` in the official format with ``run_card.json``, and ``log.jsonl``.
    """
    from transformers import Trainer, TrainingArguments

    with RunDirectory(
        output, stage="lab-pretrain", config=config.model_dump(), seed=config.seed, fresh=fresh
    ) as run:
        if run.finished:
            return output
        untrained = output / "untrained"
        write_untrained_checkpoint(untrained, seed=config.seed)
        family = open_family(untrained)

        class InOrder(Trainer):
            """Reads the batches in their order: the curriculum is in it."""

            def _get_train_sampler(self, *_: Any, **__: Any) -> SequentialSampler:
                return SequentialSampler(self.train_dataset)

        trainer = InOrder(
            model=family.model,
            args=TrainingArguments(**_arguments(config, output)),
            train_dataset=LessonBatches(family, config),
            data_collator=lambda batches: family.collate(batches[0], pad="right"),
        )
        checkpoints = output / "checkpoints"
        trainer.train(resume_from_checkpoint=any(checkpoints.glob("checkpoint-*")))
        model = output / "model"
        family.model.to(torch.bfloat16)
        family.save(model)
        log = [row for row in trainer.state.log_history if "loss" in row]
        for row in log:
            run.append("log.jsonl", {"step": row["step"], "loss": row["loss"], "learning_rate": row["learning_rate"]})
        write_json(model / "run_card.json", {"recipe": config.model_dump(), "versions": run.manifest["versions"]})
        run.complete(train_seconds=trainer.state.log_history[-1]["train_runtime"])
    return output


def _arguments(config: PretrainConfig, output: Path) -> dict[str, Any]:
    return {
        "output_dir": str(output / "checkpoints"),
        "max_steps": config.num_batches,
        "per_device_train_batch_size": 1,
        "learning_rate": config.learning_rate,
        "lr_scheduler_type": "cosine",
        "warmup_steps": 100,
        "weight_decay": 0.01,
        "adam_beta2": 0.95,
        "max_grad_norm": 1.0,
        "bf16": torch.cuda.is_available(),
        "save_steps": 500,
        "save_total_limit": 1,
        "logging_steps": 50,
        "report_to": "none",
        "seed": config.seed,
        "remove_unused_columns": False,
        "dataloader_num_workers": 1,
        "dataloader_persistent_workers": True,
        "dataloader_prefetch_factor": 16,
    }
