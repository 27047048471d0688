"""The verbs, in the order in which a study uses them."""

from typing import Any

import typer
from typer.core import TyperGroup

from framewise import __version__
from framewise._errors import FramewiseError
from framewise.cli import _budgets, _diagnose, _export, _lab, _records
from framewise.cli._allocate import allocate
from framewise.cli._compare import compare
from framewise.cli._demo import demo
from framewise.cli._doctor import doctor
from framewise.cli._evaluate import evaluate
from framewise.cli._import import import_
from framewise.cli._main import GO_ON
from framewise.cli._materialise import materialise
from framewise.cli._plan import plan
from framewise.cli._plugins import plugins
from framewise.cli._probe import probe
from framewise.cli._report import report
from framewise.cli._score import score
from framewise.cli._train import train

VERBS: dict[str, tuple[Any, str]] = {
    "records": (_records.app, "Look at a dataset, or write it in another layout."),
    "probe": (probe, "Decode every video and image once; write what it holds."),
    "allocate": (allocate, "Decide how many frames each video gets."),
    "budgets": (_budgets.app, "Look at budgets, and hold them against the truth."),
    "materialise": (materialise, "Store the budgeted frames as small clips."),
    "plan": (plan, "What a training run will take: tokens, memory, time."),
    "export": (_export.app, "Budgets for other trainers, verified under their rules."),
    "train": (train, "Fine-tune a model on videos, each with its own budget."),
    "evaluate": (evaluate, "Ask a model benchmarks' questions and score its answers."),
    "score": (score, "Score replies in a file by the rules of one tool."),
    "import": (import_, "Results of lmms-eval or VLMEvalKit, scored again."),
    "compare": (compare, "Paired differences of evaluations, with intervals."),
    "diagnose": (_diagnose.app, "Measure how video gradients pull at image skills."),
    "report": (report, "One self-contained HTML page about finished runs."),
    "doctor": (doctor, "Known silent faults of this environment and of a model."),
    "plugins": (plugins, "Every extension point and what is installed."),
    "lab": (_lab.app, "The synthetic world with known answers, and its checkpoint."),
    "demo": (demo, "The whole story in the lab, in a few minutes."),
}
"""Each verb with what `framewise --help` says of it: one line on a terminal of 80 columns."""


class Verbs(TyperGroup):
    """Lists the verbs in their order, and says on Ctrl-C what becomes of the work."""

    def list_commands(self, _: Any) -> list[str]:
        """Names of the verbs."""
        return list(VERBS)

    def invoke(self, ctx: Any) -> Any:
        """Run the verb.

        Raises:
            FramewiseError: It was interrupted; typer alone would leave with a bare exit code.
        """
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise FramewiseError(f"interrupted: {GO_ON}") from error


def build_app() -> typer.Typer:
    """The command line with every verb."""
    app = typer.Typer(cls=Verbs, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    app.callback()(_framewise)
    for name, (verb, line) in VERBS.items():
        if isinstance(verb, typer.Typer):
            app.add_typer(verb, name=name, short_help=line)
        else:
            app.command(name, short_help=line)(verb)
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"framewise {__version__}")
        raise typer.Exit


def _framewise(
    version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Show the version."
    ),
) -> None:
    """Fine-tune vision-language models on video without losing their image skills."""
