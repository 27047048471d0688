"""Running a study: each stage in its own run directory, finished ones reused."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from framewise.studies._study import Arm, Study

if TYPE_CHECKING:
    from framewise.training import Recipe

_READING = ("pixels_per_frame", "pixels_per_image", "text_position", "frame_pooling")
"""Keys of the training that every model is evaluated with too, before and after."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What a study is run on."""

    model: Path
    """Checkpoint to be tuned."""
    records: Path
    media_root: Path
    data_root: Path
    """Folder with the benchmarks' files."""
    seed: int = 0
    """Seed of the training order and of dealt budgets."""


def run_study(
    study: Study,
    subject: Subject,
    *,
    output: Path,
    fresh: bool = False,
    announce: Callable[[str], None] = lambda _: None,
) -> Path:
    """Probe, allocate, train, evaluate, compare and report; killed at any moment and run again, it goes on.

    Args:
        study: The arms.
        subject: What they are run on.
        output: Folder of the run directories ``clips``, ``budgets/ARM``, ``training/ARM``,
            ``evaluation/ARM``, ``comparison``; gets ``comparison.json`` and ``report.html``.
        fresh: Start every stage over.
        announce: Told what begins.

    Returns:
        The report.

    Raises:
        UsageError: The study or an input cannot be used.
    """
    work = _Work(study, subject, output, fresh)
    work.check()
    announce("probing every clip")
    work.probe()
    for arm in study.arms:
        announce(f"frame budgets: {arm.name}")
        work.allocate(arm)
    for arm in study.arms:
        announce(f"fine-tuning: {arm.name}")
        work.train(arm)
    announce("evaluation: base")
    before = work.evaluate("base", subject.model)
    afters = []
    for arm in study.arms:
        announce(f"evaluation: {arm.name}")
        afters.append(work.evaluate(arm.name, output / "training" / arm.name))
    announce("comparison and report")
    return work.report(before, afters)


@dataclass(frozen=True)
class _Work:
    study: Study
    subject: Subject
    output: Path
    fresh: bool

    def check(self) -> None:
        """Find a wrong name or setting of any stage before the first one takes its time."""
        from framewise._plugins import load_plugin
        from framewise.budgets import check_settings

        for arm in self.study.arms:
            check_settings(arm.allocator, self._settings(arm))
            self._recipe(arm)
        for name in self.study.evaluation.benchmarks:
            load_plugin("benchmarks", name)

    def probe(self) -> None:
        from framewise.clips import probe

        probe(self.subject.records, media_root=self.subject.media_root, output=self._clips, fresh=self.fresh)

    def allocate(self, arm: Arm) -> None:
        from framewise.budgets import TokenCount, allocate

        allocate(
            self.subject.records,
            allocator=arm.allocator,
            settings=self._settings(arm),
            clips=self._clips,
            media_root=self.subject.media_root,
            tokens=TokenCount(
                model=str(self.subject.model),
                pixels_per_frame=self.study.training.get("pixels_per_frame"),
                frame_pooling=self.study.training.get("frame_pooling"),
            ),
            output=self._budgets(arm.name),
            fresh=self.fresh,
        )

    def train(self, arm: Arm) -> None:
        from framewise.training import train

        train(self._recipe(arm), output=self.output / "training" / arm.name, fresh=self.fresh)

    def evaluate(self, name: str, model: Path) -> Path:
        from framewise.evaluation import evaluate

        how = self.study.evaluation
        # The model before training has no run card that says how media are read in this study.
        reading = {key: self.study.training[key] for key in _READING if key in self.study.training}
        return evaluate(
            model,
            benchmarks=how.benchmarks,
            data_root=self.subject.data_root,
            frames=how.frames,
            batch_size=how.batch_size,
            max_new_tokens=how.max_new_tokens,
            output=self.output / "evaluation" / name,
            fresh=self.fresh,
            **reading,
        )

    def report(self, before: Path, afters: list[Path]) -> Path:
        from framewise.evaluation import compare
        from framewise.report import write_report

        comparison = compare(before, afters, output=self.output / "comparison", fresh=self.fresh)
        shutil.copyfile(comparison / "comparison.json", self.output / "comparison.json")
        arms = [arm.name for arm in self.study.arms]
        runs = [
            comparison,
            *[self._budgets(name) for name in arms],
            self._clips,
            *[self.output / "training" / name for name in arms],
            before,
            *afters,
        ]
        return write_report(runs, output=self.output / "report.html")

    @property
    def _clips(self) -> Path:
        return self.output / "clips"

    def _budgets(self, arm: str) -> Path:
        return self.output / "budgets" / arm

    def _settings(self, arm: Arm) -> dict[str, Any]:
        model = str(self.subject.model)
        settings = {key: model if value == "{model}" else value for key, value in arm.settings.items()}
        if arm.deals is not None:
            settings |= {"budgets": self._budgets(arm.deals), "seed": self.subject.seed}
        return settings

    def _recipe(self, arm: Arm) -> "Recipe":
        from framewise.training import make_recipe

        paths = {
            "model": str(self.subject.model),
            "records": self.subject.records,
            "media_root": self.subject.media_root,
            "budgets": self._budgets(arm.name),
            "clips": self._clips,
        }
        values = {"seed": self.subject.seed, **self.study.training, **paths}
        return make_recipe(values, place="training")
