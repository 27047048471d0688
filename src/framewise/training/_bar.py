"""The progress bar of a training run."""

from typing import Any

import transformers
from rich.progress import Progress


class BarCallback(transformers.TrainerCallback):
    """Moves one of our bars with transformers' trainer.

    Args:
        bar: An open bar.
        show: Whether this process draws.
    """

    def __init__(self, bar: Progress, *, show: bool) -> None:
        self._bar, self._show = bar, show
        self._task: Any = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Start at the step that the run goes on from."""
        if self._show:
            self._task = self._bar.add_task("train", total=state.max_steps, completed=state.global_step)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """One step further."""
        if self._show:
            self._bar.update(self._task, completed=state.global_step)

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:  # noqa: ARG002
        """Show the loss."""
        if self._show and logs and "loss" in logs:
            self._bar.update(self._task, description=f"train (loss {logs['loss']:.3f})")
