"""``framewise doctor``."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.text import Text

    from framewise.doctor import Finding

_STYLES = {"ok": "green", "warning": "yellow", "fault": "red"}
_INDENT = 9


def doctor(
    model: Annotated[
        str | None, typer.Argument(help="A model's folder or hub name, to be looked at too.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Look for the known silent faults of this environment and of a model.

    The exit code is 1 if a result could be wrong or could not be made at all, else 0. Each fault is tried, not
    looked up: positions are computed, a clip is written and decoded, attention is compared with its definition.

    \b
    Examples:
        framewise doctor
        framewise doctor Qwen/Qwen2.5-VL-7B-Instruct
        framewise doctor checkpoint --json | jq '.[] | select(.status != "ok")'
    """  # noqa: D301 (\b is what click reads)
    import json

    from rich.console import Console

    from framewise.doctor import examine

    findings = examine(model)
    if as_json:
        typer.echo(json.dumps([finding.to_json() for finding in findings], indent=2))
    else:
        console = Console(highlight=False)
        for finding in findings:
            console.print(_line(finding), soft_wrap=True)
        console.print(_verdict(findings), soft_wrap=True)
    if any(finding.status == "fault" for finding in findings):
        raise typer.Exit(1)


def _line(finding: "Finding") -> "Text":
    from rich.text import Text

    status = (f"{finding.status:<{_INDENT}}", _STYLES[finding.status])
    advice = f"\n{'':{_INDENT}}-> {finding.advice}" if finding.advice else ""
    return Text.assemble(status, (f"{finding.name}: ", "bold"), finding.found, advice)


def _verdict(findings: "Sequence[Finding]") -> "Text":
    from rich.text import Text

    counts = {
        kind: sum(finding.status == kind for finding in findings) for kind in ("ok", "warning", "fault")
    }
    said = ", ".join(
        f"{number} {kind}{'s' if kind != 'ok' and number != 1 else ''}" for kind, number in counts.items()
    )
    if counts["fault"]:
        return Text(f"{said}: a result could be wrong or could not be made", "bold red")
    return Text(f"{said}: nothing that was looked at makes a result wrong", "bold")
