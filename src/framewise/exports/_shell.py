"""Launch scripts: written from a table of flags, and read back as one."""

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from framewise._errors import UsageError


class Expanded(str):
    """A value in which bash replaces variables; any other is taken to the letter."""


HERE = Expanded("$here")
"""The export's own folder."""
_VARIABLE = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)


def below(name: str) -> Expanded:
    """A path of the export."""
    return Expanded(f"{HERE}/{name}")


def write_script(
    path: Path,
    *,
    about: Sequence[str],
    command: str,
    flags: Mapping[str, object],
    variables: Mapping[str, object] | None = None,
    enter: str = '"$here"',
) -> None:
    """Write a bash script that runs ``command`` with the flags.

    Args:
        path: The script.
        about: Lines of comment.
        command: What comes before the flags.
        flags: Values by name, without dashes; see ``below`` for paths of the export.
        variables: Environment of the command.
        enter: Folder that the command is run in.
    """
    lines = ["#!/usr/bin/env bash", *(f"# {line}" for line in about), "set -euo pipefail"]
    lines += ['here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)', f"cd {enter}"]
    lines += [f"export {name}={_quoted(value)}" for name, value in (variables or {}).items()]
    lines.append(
        " \\\n    ".join([command, *(f"--{name} {_quoted(value)}" for name, value in flags.items())])
    )
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    path.chmod(0o755)


def read_script(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Flags and variables of a script.

    Returns:
        Values of flags by name without dashes, and of variables that are set, exported or put before the
        command; the last one counts. A flag without a value is ``true``.

    Raises:
        UsageError: There is no such script, or its quotes do not end.
    """
    if not path.is_file():
        raise UsageError(f"{path} is missing: export again")
    try:
        # To shlex the end of a line that goes on is a word; to bash it is nothing.
        text = path.read_text(encoding="utf-8").replace("\\\n", "")
        words = shlex.split(text, comments=True)
    except ValueError as error:
        raise UsageError(f"{path} is not a script that bash would run: {error}") from error
    flags: dict[str, str] = {}
    variables: dict[str, str] = {}
    for number, word in enumerate(words):
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            following = words[number + 1] if number + 1 < len(words) else "--"
            flags[name] = value if equals else "true" if following.startswith("--") else following
        elif _VARIABLE.fullmatch(word):
            name, _, value = word.partition("=")
            variables[name] = value
    return flags, variables


def _quoted(value: object) -> str:
    if isinstance(value, Expanded):
        return f'"{value}"'
    return shlex.quote(str(value).lower() if isinstance(value, bool) else str(value))
