"""``framewise score``."""

from pathlib import Path
from typing import Annotated

import typer


def score(
    benchmark: Annotated[str, typer.Argument(help="Name of the benchmark; see `framewise plugins`.")],
    file: Annotated[
        Path, typer.Argument(help="One item a line: the official fields, item_id and prediction (JSONL).")
    ],
    scorer: Annotated[
        str, typer.Option(help="official, lmms_eval, lmms_eval_v071, vlmevalkit or robust, or an id.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="The run directory.")],
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over.")] = False,
) -> None:
    """Score replies that are already there by the rules of one tool, faults included.

    \b
    Example:
        framewise score mme replies.jsonl --scorer lmms_eval -o runs/mme-lmms-eval
    """  # noqa: D301 (\b is what click reads)
    from rich.console import Console

    from framewise._jsonl import read_json
    from framewise.evaluation import score_file, scores_table

    directory = score_file(benchmark, file, scorer=scorer, output=output, fresh=fresh)
    Console().print(scores_table(read_json(directory / "results.json")))
