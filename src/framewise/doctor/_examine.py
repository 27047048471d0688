"""All checks, in the order in which they are shown."""

from framewise.doctor._finding import Finding, warning
from framewise.doctor._requirements import imports, requirements


def examine(model: str | None = None) -> list[Finding]:
    """Look for what silently goes wrong in this environment.

    Where a library does not import, all that stands on it is left out; where one is of another version than
    framewise needs, the model is.

    Args:
        model: A checkpoint's folder or a hub name, to be looked at too.
    """
    versions, broken = requirements(), imports()
    if broken:
        return [versions, *broken]
    # Only here: these import torch and transformers, which the doctor must outlive.
    from framewise.doctor._environment import environment

    findings = [versions, *environment()]
    if model is None:
        return findings
    if versions.status == "fault":
        found = "not looked at, for it would be read with libraries that framewise is not made for"
        return [*findings, warning("model", found, "mend the versions first")]
    from framewise.doctor._checkpoint import checkpoint

    return findings + checkpoint(model)
