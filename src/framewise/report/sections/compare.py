"""The result: what each arm gained and lost against the base."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from framewise.report._palette import Look
from framewise.report._run import Run
from framewise.report._section import Page, Section
from framewise.report.sections._comparison import Arm, Modality, read_arms
from framewise.report.sections._comparison_details import benchmark_lines, between_lines, flips_shown
from framewise.report.sections._evaluations import chance_by_subtask, evaluations_of, samples_trained_on
from framewise.report.sections._headline import headline
from framewise.report.sections._subtask_figure import draw_subtasks
from framewise.report.sections._trade_off_figure import draw_trade_off

POSITION = 10
_SKILLS: dict[Modality, str] = {"image": "Image skill", "video": "Video skill"}


@dataclass(frozen=True)
class _Row:
    arm: Arm
    look: Look
    num_samples: int | None


def build(page: Page) -> list[Section]:
    """One section for each comparison."""
    runs = page.of("compare")
    sections = []
    for number, run in enumerate(runs, start=1):
        sections.append(_section(run, number, page, alone=len(runs) == 1))
        sections += _details(run, number, alone=len(runs) == 1)
    return sections


def _section(run: Run, number: int, page: Page, *, alone: bool) -> Section:
    arms = read_arms(run.json("comparison.json"))
    evaluations = evaluations_of(run, page)
    samples = samples_trained_on(evaluations)
    changes = [change for arm in arms for change in (arm.image, arm.video) if change is not None]
    anchor = f"comparison-{number}"
    return Section(
        anchor=anchor,
        title="Before and after" if alone else f"Before and after: {run.name}",
        template="compare.html.jinja",
        context={
            "base": arms[0].name,
            "headlines": [
                (title, said) for skill, title in _SKILLS.items() if (said := headline(arms, skill))
            ],
            "looks": {arm.name: page.palette[arm.name] for arm in arms},
            "num_intervals": sum(change.ci95 is not None for change in changes),
            "num_left_out": max((change.num_left_out for change in changes), default=0),
            "rows": [_Row(arm, page.palette[arm.name], samples.get(arm.name)) for arm in arms],
            "trade_off": draw_trade_off(arms, page.palette, anchor=f"{anchor}-trade-off"),
            "benchmarks": _benchmarks(arms, chance_by_subtask(evaluations), page, anchor),
        },
    )


def _details(run: Run, number: int, *, alone: bool) -> list[Section]:
    """Benchmarks in their own units and items that turned; nothing in comparisons that have neither."""
    comparison, flips = run.json("comparison.json"), run.rows("flips.jsonl")
    benchmarks = benchmark_lines(comparison, slices=False)
    if not benchmarks:
        return []
    title = "What changed, and why"
    return [
        Section(
            anchor=f"comparison-{number}-details",
            title=title if alone else f"{title}: {run.name}",
            template="compare_details.html.jinja",
            context={
                "marks": comparison.get("marks", []),
                "margin": comparison.get("margin", 0.0),
                "benchmarks": benchmarks,
                "slices": benchmark_lines(comparison, slices=True),
                "between": between_lines(comparison),
                "flips": flips_shown(flips),
                "num_flips": len(flips),
            },
        )
    ]


def _benchmarks(
    arms: Sequence[Arm], chance: dict[str, float], page: Page, anchor: str
) -> list[dict[str, Any]]:
    groups: dict[str, list[str]] = {}
    for name in dict.fromkeys(name for arm in arms for name in arm.subtasks):
        groups.setdefault(name.partition("/")[0], []).append(name)
    return [
        {
            "name": benchmark,
            "subtasks": [(name.partition("/")[2], name, chance.get(name)) for name in members],
            "figure": draw_subtasks(
                arms, members, chance, page.palette, anchor=f"{anchor}-subtasks-{number}", benchmark=benchmark
            ),
        }
        for number, (benchmark, members) in enumerate(groups.items(), start=1)
    ]
