"""The whole story on the lab: data, budgets, arms, evaluation, comparison, report."""

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from framewise.lab._dataset import LabConfig, write_lab
from framewise.studies import Subject, load_study, run_study


def checkpoint_folder() -> Path:
    """Folder of the lab's pre-trained checkpoint, inside the package."""
    return Path(str(files("framewise.lab") / "checkpoint"))


def demo(
    *, output: Path, seed: int = 0, fresh: bool = False, announce: Callable[[str], None] = lambda _: None
) -> Path:
    """Run the shipped study ``lab_demo`` on freshly written lab data; returns the report.

    Args:
        output: Folder of all run directories, ``comparison.json`` and ``report.html``.
        seed: Seed of the data, of the training order and of the dealt budgets.
        fresh: Start over.
        announce: Told what begins.
    """
    announce("writing the lab's clips and pictures")
    data = write_lab(LabConfig(seed=seed), output=output / "lab", fresh=fresh)
    study = load_study(Path(str(files("framewise.studies") / "recipes" / "lab_demo.yaml")))
    subject = Subject(
        model=checkpoint_folder(), records=data / "records.jsonl", media_root=data, data_root=data, seed=seed
    )
    return run_study(study, subject, output=output, fresh=fresh, announce=announce)
