"""The one trainer: transformers' own, with the loss over answer tokens, rates by part, and exact resume."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import transformers
from accelerate.utils import gather_object

from framewise._errors import FramewiseError, UsageError
from framewise._jsonl import Row
from framewise.families import Part
from framewise.records import SKIPPED
from framewise.training._checkpoints import load_trainable, mark_whole, save_trainable
from framewise.training._dataset import FAILURES, SAMPLES, SampleFacts
from framewise.training._ledger import Ledger
from framewise.training._parts import parameter_groups
from framewise.training._recipe import Recipe
from framewise.training._tally import Counted

LOG = "log.jsonl"
_IGNORED = -100


class BudgetTrainer(transformers.Trainer):
    """transformers' ``Trainer`` for batches of ``Collator``.

    It differs in four points. The loss is the sum over all answer tokens of an optimizer step divided by
    their number, over all batches and devices of the step. Optimizer groups have the learning rates of their
    parts. Losses are logged by frame budget. Checkpoints hold the parameters that learn under their names in
    memory: the released names that ``save_pretrained`` writes do not load back into a running model.

    Args:
        recipe: Rates and decay.
        parts: The family's parts, as they were before adapters.
        ledger: What is written and counted.
        arguments: transformers' own arguments.

    Raises:
        UsageError: The launcher shards the model.
    """

    def __init__(
        self,
        *,
        recipe: Recipe,
        parts: Mapping[Part, list[str]],
        ledger: Ledger,
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        if self.is_fsdp_enabled or self.is_deepspeed_enabled:
            raise UsageError("sharded training (FSDP, DeepSpeed) is not supported: launch with plain DDP")
        self._trained = arguments["model"]
        # Trainer adds this key to the configuration, and it would be saved with the model.
        del self._trained.config.use_cache
        # The step's number of answer tokens is counted for compute_loss, which divides by it itself.
        self.model_accepts_loss_kwargs = True
        self.recipe, self.parts, self.ledger = recipe, parts, ledger
        self._folder = Path(self.args.output_dir or "")
        self._counted: list[Counted] = []
        self._failures: list[Row] = []
        for printer in (transformers.PrinterCallback, transformers.ProgressCallback):
            self.remove_callback(printer)

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        """The optimizer, with one group for each part and kind of parameter."""
        if self.optimizer is None:
            kind, options = self.get_optimizer_cls_and_kwargs(self.args, self._trained)
            groups = parameter_groups(self._trained if model is None else model, self.parts, self.recipe)
            self.optimizer = kind(groups, **options)
        return self.optimizer

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,  # noqa: ARG002
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> torch.Tensor:
        """Share of this batch in the mean loss of the step's answer tokens."""
        inputs = dict(inputs)
        samples: list[SampleFacts] = inputs.pop(SAMPLES)
        self._failures += inputs.pop(FAILURES)
        labels = inputs.pop("labels")[:, 1:]
        # Logits only where some row has a label: the vocabulary is large, answers are short.
        kept = (labels != _IGNORED).any(dim=0).nonzero().flatten()
        logits = model(**inputs, use_cache=False, logits_to_keep=kept).logits.float()
        labels = labels[:, kept]
        losses = torch.nn.functional.cross_entropy(
            logits.transpose(1, 2), labels, ignore_index=_IGNORED, reduction="none"
        )
        self._count(samples, losses.detach(), labels != _IGNORED)
        num_items = torch.as_tensor(num_items_in_batch, device=losses.device).clamp(min=1)
        # Gradients are averaged over the devices, but the number of items is that of all of them.
        loss: torch.Tensor = losses.sum() / num_items * self.accelerator.num_processes
        return loss

    def _count(self, samples: list[SampleFacts], losses: torch.Tensor, learned: torch.Tensor) -> None:
        sums, numbers = losses.sum(dim=1).tolist(), learned.sum(dim=1).tolist()
        if not all(map(math.isfinite, sums)):
            raise FramewiseError(
                f"the loss is no number any more at step {self.state.global_step + 1}: lower learning_rate"
            )
        # A batch of failures alone has a row that is no sample.
        self._counted += map(Counted, samples, sums, numbers)

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Write a row of ``log.jsonl``: the losses since the last one, by budget."""
        super().log(logs, start_time)
        if "loss" not in logs:
            return
        self.settle()
        tally = self.ledger.tally
        # The schedule scales all rates alike; transformers reports that of the first group.
        scale = logs["learning_rate"] / self.recipe.rate(self.recipe.trainable[0])
        row = {
            "step": self.state.global_step,
            **tally.close_window(),
            "learning_rate": {part: self.recipe.rate(part) * scale for part in self.recipe.trainable},
            "grad_norm": logs.get("grad_norm"),
            "num_samples": tally.num_samples,
            "visual_tokens": tally.visual_tokens,
        }
        self.ledger.append(LOG, row)

    def settle(self) -> None:
        """Bring what all processes counted into the tally of each."""
        tally = self.ledger.tally
        for row in tally.count(gather_object(self._counted), gather_object(self._failures)):
            self.ledger.append(SKIPPED, row)
        self._counted, self._failures = [], []

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        super()._save_checkpoint(model, trial)
        self.settle()
        self.accelerator.wait_for_everyone()
        if self.is_world_process_zero():
            mark_whole(self._folder / f"checkpoint-{self.state.global_step}", self.ledger.state())

    def _save(self, output_dir: str | None = None, state_dict: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        if self.args.should_save:
            save_trainable(self._trained, Path(output_dir or self._folder))

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:  # noqa: ARG002
        load_trainable(self._trained, Path(resume_from_checkpoint))
