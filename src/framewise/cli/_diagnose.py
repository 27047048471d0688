"""``framewise diagnose``."""

import typer

from framewise.cli._diagnose_alignment import alignment
from framewise.cli._diagnose_attention import attention
from framewise.cli._diagnose_curvature import curvature
from framewise.cli._diagnose_step import step

app = typer.Typer(
    help="The paper's theory measured on a model: will this video data cost image skill?",
    no_args_is_help=True,
)
for diagnosis in (alignment, step, curvature, attention):
    app.command()(diagnosis)
