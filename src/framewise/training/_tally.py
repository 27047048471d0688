"""What was trained on, and how well it was known: sums that survive a stop."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from framewise._jsonl import Row
from framewise.training._dataset import SampleFacts


@dataclass(frozen=True)
class Counted:
    """One sample of one step, with the loss that the model had on it."""

    facts: SampleFacts
    loss_sum: float
    """Sum of the negative log-likelihoods of its answer tokens, in nats."""
    num_tokens: int
    """Its answer tokens."""


@dataclass
class GroupLoss:
    """Loss over the answer tokens of a group of samples."""

    loss_sum: float = 0.0
    num_tokens: int = 0

    def add(self, loss_sum: float, num_tokens: int) -> None:
        """Count some more tokens."""
        self.loss_sum += loss_sum
        self.num_tokens += num_tokens

    @property
    def mean(self) -> float | None:
        """Mean loss of a token; None where there was none."""
        return self.loss_sum / self.num_tokens if self.num_tokens else None


@dataclass
class Tally:
    """Running sums of a training run."""

    num_samples: int = 0
    visual_tokens: int = 0
    budgets_histogram: dict[str, int] = field(default_factory=dict)
    """Videos by the frames that they were trained with."""
    losses: dict[str, GroupLoss] = field(default_factory=dict)
    """By group, over the whole run."""
    failures: list[Row] = field(default_factory=list)
    """Media that could not be decoded, each once."""
    _window: dict[str, GroupLoss] = field(default_factory=dict)

    def count(self, samples: Iterable[Counted], failures: Iterable[Row]) -> list[Row]:
        """Add what was trained on; returns those failures that are new."""
        for sample in samples:
            self.num_samples += 1
            self.visual_tokens += sample.facts.num_visual_tokens
            for num_frames in map(str, sample.facts.video_frames):
                self.budgets_histogram[num_frames] = self.budgets_histogram.get(num_frames, 0) + 1
            for losses in (self.losses, self._window):
                losses.setdefault(sample.facts.group, GroupLoss()).add(sample.loss_sum, sample.num_tokens)
        new: list[Row] = []
        for row in failures:
            if row not in self.failures:
                self.failures.append(row)
                new.append(row)
        return new

    def close_window(self) -> dict[str, Any]:
        """Mean loss of a token since this was last asked: of all samples, and by group."""
        window, self._window = self._window, {}
        whole = GroupLoss()
        for loss in window.values():
            whole.add(loss.loss_sum, loss.num_tokens)
        return {"loss": whole.mean, "loss_by_budget": means(window)}

    @property
    def mean_frames(self) -> float:
        """Frames of a video, on average over the videos that were trained on; 0 without videos."""
        num_videos = sum(self.budgets_histogram.values())
        return sum(int(m) * n for m, n in self.budgets_histogram.items()) / num_videos if num_videos else 0.0

    def to_json(self) -> dict[str, Any]:
        """All sums, exactly."""
        return {
            "num_samples": self.num_samples,
            "visual_tokens": self.visual_tokens,
            "budgets_histogram": self.budgets_histogram,
            "losses": {group: vars(loss) for group, loss in self.losses.items()},
            "window": {group: vars(loss) for group, loss in self._window.items()},
            "failures": self.failures,
        }

    @classmethod
    def from_json(cls, state: dict[str, Any]) -> "Tally":
        """What ``to_json`` wrote."""
        return cls(
            num_samples=state["num_samples"],
            visual_tokens=state["visual_tokens"],
            budgets_histogram=state["budgets_histogram"],
            losses={group: GroupLoss(**loss) for group, loss in state["losses"].items()},
            failures=state["failures"],
            _window={group: GroupLoss(**loss) for group, loss in state["window"].items()},
        )


def means(losses: dict[str, GroupLoss]) -> dict[str, float | None]:
    """Mean loss of a token by group; budgets in the order of their frames, then images and text."""
    ordered = sorted(
        losses, key=lambda group: (not group.isdigit(), int(group) if group.isdigit() else 0, group)
    )
    return {group: losses[group].mean for group in ordered}
