"""One self-contained page out of finished run directories.

Figures are plotly's, with the JavaScript that the plotly package brings written into the page once. It
weighs 4.8 MB (the package ships no smaller bundle), which a local file affords, and buys figures that
follow the reader's colour scheme and width and show their numbers on hover, without plotting code of our
own. The numbers of the figures stand in tables too (of a loss curve its mean), so the page says the same
without scripts. The page makes no request: see ``_policy`` for what it may do. The bundle runs under that
policy as it is: it needs no ``eval`` for the traces used here, and the style sheets that it adds are
allowed by their hash.
"""

import shlex
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from framewise._artifacts import require_finished
from framewise._errors import UsageError
from framewise.report import _format
from framewise.report._palette import SHAPES, Palette
from framewise.report._policy import content_security_policy, injected_styles
from framewise.report._provenance import command, origins, version_rows
from framewise.report._run import Run, open_runs
from framewise.report._section import Page, Section
from framewise.report.sections import build_sections, check_stages
from framewise.report.sections.allocate import browse

_FILTERS = ("percent", "points", "interval", "count", "decimal", "seconds", "moment", "listing")


def write_report(directories: Sequence[Path], *, output: Path) -> Path:
    """Write one HTML page that explains finished runs of any stages.

    Args:
        directories: Finished run directories; without a comparison, their order is that of the arms.
        output: The page. It replaces an older one only when it is whole.

    Returns:
        ``output``.

    Raises:
        UsageError: A directory is no finished run, or of a stage that has no section, or its files are
            broken, or ``output`` is a folder.
    """
    _require_file(output)
    runs = open_runs(directories)
    check_stages(runs)
    page = Page(runs=runs, palette=_palette(runs))
    return _write(_render(page, build_sections(page), command(directories, output)), output)


def write_budgets_page(directory: Path, *, output: Path, limit: int = 24) -> Path:
    """Write one HTML page to browse an allocation: questions, distributions, frames of each option, reasons.

    Args:
        directory: A finished run directory of the stage ``allocate``.
        output: The page. It replaces an older one only when it is whole.
        limit: Most samples.

    Returns:
        ``output``.

    Raises:
        UsageError: The directory is no finished allocation, its files are broken, or ``output`` is a folder.
    """
    _require_file(output)
    require_finished(directory, "allocate")
    runs = open_runs([directory])
    page = Page(runs=runs, palette=_palette(runs))
    said = ["framewise", "budgets", "show", str(directory), "-o", str(output), "--limit", str(limit)]
    return _write(_render(page, browse(page, limit), shlex.join(said)), output)


def _require_file(output: Path) -> None:
    if output.is_dir():
        raise UsageError(f"{output} is a folder: name the page, such as {output / 'report.html'}")


def _write(text: str, output: Path) -> Path:
    output.parent.mkdir(parents=True, exist_ok=True)
    temporary = output.with_name(output.name + ".part")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(output)
    finally:
        temporary.unlink(missing_ok=True)
    return output


def _palette(runs: Sequence[Run]) -> Palette:
    comparisons = [run.json("comparison.json") for run in runs if run.stage == "compare"]
    arms = [arm["name"] for comparison in comparisons for arm in comparison["arms"]]
    return Palette([comparison["before"] for comparison in comparisons], [*arms, *(run.name for run in runs)])


def _render(page: Page, sections: Sequence[Section], reproduce: str) -> str:
    style, boot = _text("page.css"), _text("figures.js")
    bundle = get_plotlyjs()
    return (
        _environment()
        .get_template("page.html.jinja")
        .render(
            policy=content_security_policy(scripts=[bundle, boot], styles=[style, *injected_styles(bundle)]),
            # Ours, not a user's: written as they are, and the policy holds their hashes.
            style=Markup(style),
            bundle=Markup(bundle),
            boot=Markup(boot),
            sections=sections,
            runs=page.runs,
            origins=origins(page.runs),
            versions=version_rows(page.runs),
            written=datetime.now(UTC).isoformat(timespec="seconds"),
            command=reproduce,
        )
    )


def _text(name: str) -> str:
    return resources.files("framewise.report").joinpath("templates", name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("framewise.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["shapes"] = SHAPES
    environment.filters.update({name: getattr(_format, name) for name in _FILTERS})
    return environment
