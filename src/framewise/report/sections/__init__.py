"""One module per stage, named like the stage: the file is the registration.

A module has ``POSITION`` (where its sections stand on the page, the smallest first) and ``build(page)``,
which returns the sections for all runs of its stage.
"""

import importlib
import pkgutil
from types import ModuleType

from framewise._errors import UsageError
from framewise._plugins import suggest
from framewise.report._run import Run
from framewise.report._section import Page, Section


def build_sections(page: Page) -> list[Section]:
    """The sections of a page, from the result to the details."""
    stages = {run.stage for run in page.runs}
    modules = [importlib.import_module(f"{__name__}.{stage}") for stage in stages]
    return [section for module in sorted(modules, key=_position) for section in module.build(page)]


def check_stages(runs: list[Run]) -> None:
    """Every run must be of a stage that the page can show.

    Raises:
        UsageError: One is not; the message lists the known stages.
    """
    known = sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))
    for run in runs:
        if run.stage not in known:
            raise UsageError(
                f"{run.path}: no report for the stage {run.stage!r}: {suggest(run.stage, known)}"
            )


def _position(module: ModuleType) -> int:
    return int(module.POSITION)
