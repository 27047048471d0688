"""Installed versions, against those that framewise asks for; and whether the libraries import at all."""

import importlib
from importlib.metadata import PackageNotFoundError, requires, version

from packaging.requirements import Requirement

from framewise.doctor._finding import Finding, fault, ok

_LIBRARIES = ("torch", "torchvision", "transformers", "av")
"""What the other checks stand on, in the order of their need."""


def requirements() -> Finding:
    """Versions of what framewise cannot do without; extras are their own checks' matter."""
    name = "versions"
    wanted = [Requirement(line) for line in requires("framewise") or []]
    needed = [r for r in wanted if r.marker is None or r.marker.evaluate({"extra": ""})]
    wrong = [line for requirement in needed if (line := _wrong(requirement))]
    if wrong:
        return fault(name, "; ".join(wrong), "install framewise again: `pip install --upgrade framewise`")
    return ok(name, f"all {len(needed)} libraries are of versions that framewise is made for")


def imports() -> list[Finding]:
    """One fault for each library that does not import; none if all do."""
    found = (_imports(library) for library in _LIBRARIES)
    return [finding for finding in found if finding is not None]


def _wrong(requirement: Requirement) -> str | None:
    try:
        installed = version(requirement.name)
    except PackageNotFoundError:
        return f"{requirement.name} is not installed"
    if requirement.specifier.contains(installed, prereleases=True):
        return None
    return f"{requirement.name} {installed} is installed, and framewise needs {requirement.specifier}"


def _imports(library: str) -> Finding | None:
    try:
        if library == "torchvision":
            # Only now: it needs torch.
            from framewise.compat import prepare_torchvision

            prepare_torchvision()
        importlib.import_module(library)
    except (ImportError, OSError, RuntimeError) as error:
        said = str(error).strip().splitlines() or [repr(error)]
        return fault(library, f"it does not import: {said[0]}", "install it again")
    return None
