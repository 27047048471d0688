"""Pre-training of the lab's checkpoint with transformers' Trainer: first sight, then pictures and language."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import nn
from torch.utils.data import Dataset, SequentialSampler

from framewise._artifacts import RunDirectory
from framewise._jsonl import write_json, write_rows
from framewise.families import Encoded, Family, open_family
from framewise.lab._checkpoint import write_untrained_checkpoint
from framewise.lab._lessons import lesson
from framewise.lab._sight import Pictures, Sight, collate

_POOL = 8
# The tower has learned to see by then; faster, it forgets what it cannot yet be asked about.
_TOWER_RATE = 0.25
# Left and right come last: the rotary axes of this size turn too slowly along a row to help (docs/log.md).
_REVIEWED_RELATIONS = 3


class PretrainConfig(BaseModel):
    """The recipe of the lab's checkpoint."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(default=0, ge=0)
    """Seed of weights, pictures and lessons."""
    sight_steps: int = Field(default=1000, ge=1)
    """Optimizer steps of the vision tower alone."""
    lesson_steps: int = Field(default=5000, ge=1)
    """Optimizer steps of the whole model, from descriptions to questions."""
    review_steps: int = Field(default=2500, ge=1)
    """Optimizer steps of a third stage: mostly questions, relations above all, from half of the second's rate."""
    batch_size: int = Field(default=16, ge=1)
    """Pictures or lessons a step."""
    sight_learning_rate: float = Field(default=2e-3, gt=0)
    """Peak of the first stage: 100 steps of warm-up, then a cosine to zero, as in the others."""
    lesson_learning_rate: float = Field(default=1e-3, gt=0)
    """Peak of the second stage; a quarter of it for the vision tower."""
    allocator_share: float = Field(default=0.12, ge=0, lt=1)
    """Share of lessons that judge a frame budget."""


class LessonBatches(Dataset[list[Encoded]]):
    """Batches of lessons of similar length; batch ``i`` depends on the seed and ``i`` alone.

    Lessons are drawn in pools of eight batches, sorted by length and dealt out in random order, so that little is
    padded. Reading in order makes each pool once.
    """

    def __init__(self, family: Family, config: PretrainConfig, *, review: bool = False) -> None:
        self._family, self._config, self._review = family, config, review
        self._pool: tuple[int, list[list[Encoded]]] = (-1, [])

    def __len__(self) -> int:
        return self._config.review_steps if self._review else self._config.lesson_steps

    def __getitem__(self, index: int) -> list[Encoded]:
        number, place = divmod(index, _POOL)
        if self._pool[0] != number:
            self._pool = (number, self._draw(number))
        return self._pool[1][place]

    def _draw(self, number: int) -> list[list[Encoded]]:
        config = self._config
        rng = np.random.default_rng([config.seed, 3 if self._review else 2, number])
        progress = 1.0 if self._review else number * _POOL / config.lesson_steps
        lessons = [
            lesson(
                rng,
                progress=progress,
                allocator_share=config.allocator_share,
                num_relations=_REVIEWED_RELATIONS if self._review else 1,
            )
            for _ in range(_POOL * config.batch_size)
        ]
        encoded = sorted((self._family.encode(one.turns, one.visuals) for one in lessons), key=len)
        batches = [encoded[i : i + config.batch_size] for i in range(0, len(encoded), config.batch_size)]
        return [batches[i] for i in rng.permutation(_POOL)]


def pretrain(config: PretrainConfig, *, output: Path, fresh: bool = False) -> Path:
    """Train the lab's checkpoint from nothing; a killed run goes on from its last saved step.

    Leaves ``model/`` in the official format with its recipe and versions in ``pretrain.json`` and
    its losses in ``pretrain_log.jsonl``.
    """
    with RunDirectory(
        output, stage="lab-pretrain", config=config.model_dump(), seed=config.seed, fresh=fresh
    ) as run:
        if run.finished:
            return output
        write_untrained_checkpoint(output / "untrained", seed=config.seed)
        family = open_family(output / "untrained")
        steps = [
            *_learn_to_see(config, family, output),
            *_learn_to_speak(config, family, output / "lessons", review=False),
            *_learn_to_speak(config, family, output / "review", review=True),
        ]
        family.save(output / "model")
        write_rows(output / "model" / "pretrain_log.jsonl", steps)
        card = {"recipe": config.model_dump(), "versions": run.manifest["versions"]}
        write_json(output / "model" / "pretrain.json", card)
        run.complete()
    return output


def _learn_to_see(config: PretrainConfig, family: Family, output: Path) -> list[dict[str, Any]]:
    torch.manual_seed(config.seed)
    sight = Sight(family.model.model.visual, family.model.config.text_config.hidden_size)
    pictures = Pictures(family, seed=config.seed, size=config.sight_steps * config.batch_size)
    return _fit(
        sight,
        pictures,
        collate,
        groups=[{"params": list(sight.parameters()), "lr": config.sight_learning_rate}],
        arguments=_arguments(output / "sight", config.sight_steps, config.batch_size),
    )


def _learn_to_speak(
    config: PretrainConfig, family: Family, folder: Path, *, review: bool
) -> list[dict[str, Any]]:
    saved = _last_checkpoint(folder)
    if saved is not None:
        # Trainer would look for the names in memory, but the file has the released ones.
        family.model.load_state_dict(type(family.model).from_pretrained(saved).state_dict())
    parameters = dict(family.model.named_parameters())
    tower = [parameters.pop(name) for name in family.parts()["vision"]]
    rate = config.lesson_learning_rate * (0.5 if review else 1.0)
    batches = LessonBatches(family, config, review=review)
    return _fit(
        family.model,
        batches,
        lambda batches: family.collate(batches[0], pad="right"),
        groups=[
            {"params": list(parameters.values()), "lr": rate},
            {"params": tower, "lr": rate * _TOWER_RATE},
        ],
        arguments=_arguments(folder, len(batches), 1),
    )


def _last_checkpoint(folder: Path) -> Path | None:
    saved = sorted(folder.glob("checkpoint-*"), key=lambda path: int(path.name.partition("-")[2]))
    return saved[-1] if saved else None


def _fit(
    model: nn.Module,
    data: Dataset[Any],
    collator: Callable[[Any], dict[str, Any]],
    *,
    groups: list[dict[str, Any]],
    arguments: dict[str, Any],
) -> list[dict[str, Any]]:
    """Run transformers' Trainer over the data in order; returns its log."""
    from transformers import Trainer, TrainingArguments, get_cosine_schedule_with_warmup

    class InOrder(Trainer):
        """Reads the data in order: the curriculum is in it."""

        def _get_train_sampler(self, *_: Any, **__: Any) -> SequentialSampler:
            return SequentialSampler(data)  # type: ignore[arg-type]

    optimizer = torch.optim.AdamW(groups, weight_decay=0.01, betas=(0.9, 0.95))
    schedule = get_cosine_schedule_with_warmup(optimizer, 100, arguments["max_steps"])
    trainer = InOrder(
        model=model,
        args=TrainingArguments(**arguments),
        train_dataset=data,
        data_collator=collator,
        optimizers=(optimizer, schedule),
    )
    trainer.train(resume_from_checkpoint=_last_checkpoint(Path(arguments["output_dir"])) is not None)
    keys = ("step", "loss", "learning_rate")
    stage = Path(arguments["output_dir"]).name
    return [
        {"stage": stage} | {k: row[k] for k in keys} for row in trainer.state.log_history if "loss" in row
    ]


def _arguments(folder: Path, steps: int, batch_size: int) -> dict[str, Any]:
    return {
        "output_dir": str(folder),
        "max_steps": steps,
        "per_device_train_batch_size": batch_size,
        "max_grad_norm": 1.0,
        "save_steps": 500,
        "save_total_limit": 1,
        "logging_steps": 50,
        "report_to": "none",
        "remove_unused_columns": False,
        "dataloader_num_workers": 1,
        "dataloader_prefetch_factor": 16,
        "dataloader_pin_memory": False,
    }
