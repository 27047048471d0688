"""A section of the page, and what it may know about the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from framewise.report._palette import Palette
from framewise.report._run import Run


@dataclass(frozen=True, kw_only=True)
class Section:
    """What one template is given."""

    anchor: str
    """Unique on the page."""
    title: str
    template: str
    """File in ``report/templates``."""
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Page:
    """All runs of the page and their looks."""

    runs: Sequence[Run]
    palette: Palette

    def of(self, stage: str) -> list[Run]:
        """The runs of one stage, in the order given."""
        return [run for run in self.runs if run.stage == stage]
