"""Where every number comes from: what the manifests say."""

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framewise.report._run import Run

_SHOWN_APART = {"stage", "config", "inputs", "seed", "versions", "start", "end", "status"}


@dataclass(frozen=True, kw_only=True)
class Origin:
    """One run directory, for people who want to repeat it."""

    run: Run
    config: str
    """Settings as indented JSON."""
    facts: tuple[tuple[str, str], ...]
    """What else the manifest says, such as times: it may differ between equal runs."""
    inputs: tuple[tuple[str, str, str], ...]
    """Role, path and sha256."""


def origins(runs: Sequence[Run]) -> list[Origin]:
    """The origin of every run, in the order given."""
    return [_origin(run) for run in runs]


def version_rows(runs: Sequence[Run]) -> list[tuple[str, str]]:
    """Package and version; where runs differ, each version names its runs."""
    names = dict.fromkeys(name for run in runs for name in run.manifest["versions"])
    return [(name, _versions(name, runs)) for name in names]


def command(directories: Sequence[Path], output: Path) -> str:
    """The command that writes this page again."""
    return shlex.join(["framewise", "report", *map(str, directories), "-o", str(output)])


def _origin(run: Run) -> Origin:
    manifest = run.manifest
    return Origin(
        run=run,
        config=json.dumps(manifest["config"], indent=2, ensure_ascii=False),
        facts=tuple((key, _text(value)) for key, value in manifest.items() if key not in _SHOWN_APART),
        inputs=tuple((role, entry["path"], entry["sha256"]) for role, entry in manifest["inputs"].items()),
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _versions(name: str, runs: Sequence[Run]) -> str:
    by_version: dict[str, list[str]] = {}
    for run in runs:
        by_version.setdefault(run.manifest["versions"].get(name, "absent"), []).append(
            f"{run.stage}/{run.name}"
        )
    if len(by_version) == 1:
        return next(iter(by_version))
    return "; ".join(f"{version} ({', '.join(where)})" for version, where in by_version.items())
