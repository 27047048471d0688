"""``comparison.json`` as values."""

from dataclasses import dataclass
from typing import Any, Literal

Modality = Literal["image", "video"]
MODALITIES: tuple[Modality, ...] = ("image", "video")
Verdict = Literal["gained", "lost", "unclear", "untested"]


@dataclass(frozen=True, kw_only=True)
class Change:
    """One score of one arm, and its difference to the base over the same items."""

    score: float
    before: float
    delta: float | None
    ci95: tuple[float, float] | None
    n: int
    num_clusters: int | None = None
    num_left_out: int = 0

    @property
    def verdict(self) -> Verdict:
        """What the interval says: whether it lies above 0, below 0, or holds 0."""
        if self.ci95 is None:
            return "untested"
        low, high = self.ci95
        return "gained" if low > 0 else "lost" if high < 0 else "unclear"

    @property
    def bounds(self) -> tuple[float, float]:
        """Distances from the score down and up to the ends of the interval, 0 where there is none."""
        if self.ci95 is None or self.delta is None:
            return 0.0, 0.0
        return self.delta - self.ci95[0], self.ci95[1] - self.delta


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One row of the comparison."""

    name: str
    image: Change | None
    video: Change | None
    subtasks: dict[str, Change]
    mean_frames: float | None
    visual_tokens: float | None
    train_seconds: float | None

    def change(self, modality: Modality) -> Change | None:
        """The image or the video score."""
        return self.image if modality == "image" else self.video


def read_arms(comparison: dict[str, Any]) -> list[Arm]:
    """The arms of ``comparison.json``, the base first."""
    return [
        Arm(
            name=arm["name"],
            image=_change(arm.get("image")),
            video=_change(arm.get("video")),
            subtasks={name: change for name, row in arm["subtasks"].items() if (change := _change(row))},
            mean_frames=arm.get("mean_frames"),
            visual_tokens=arm.get("visual_tokens"),
            train_seconds=arm.get("train_seconds"),
        )
        for arm in comparison["arms"]
    ]


def _change(row: dict[str, Any] | None) -> Change | None:
    if row is None:
        return None
    score = row["score"] if "score" in row else row["after"]
    before = row.get("before")
    delta, ci95 = row.get("delta"), row.get("ci95")
    return Change(
        score=score,
        before=before if before is not None else score - (delta or 0.0),
        delta=delta,
        ci95=None if ci95 is None else (ci95[0], ci95[1]),
        n=row["n"],
        num_clusters=row.get("num_clusters"),
        num_left_out=row.get("num_left_out", 0),
    )
