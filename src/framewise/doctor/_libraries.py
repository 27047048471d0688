"""Whether torch and torchvision belong together."""

from importlib.metadata import requires, version

import torch
from packaging.requirements import Requirement

from framewise.compat import prepare_torchvision
from framewise.doctor._finding import Finding, fault, ok, warning


def pairing() -> Finding:
    """The torch that torchvision's own metadata asks for."""
    name = "torch and torchvision"
    installed, vision = torch.__version__, version("torchvision")
    found = f"torch {installed}, torchvision {vision}"
    wanted = [Requirement(line) for line in requires("torchvision") or [] if line.startswith("torch")]
    wrong = [
        str(w)
        for w in wanted
        if w.name == "torch" and not w.specifier.contains(installed.split("+")[0], prereleases=True)
    ]
    if wrong:
        return fault(
            name, f"{found}, which asks for {wrong[0]}", "install the two versions that belong together"
        )
    return ok(name, found)


def operators() -> Finding:
    """Whether torchvision's compiled operators are there."""
    name = "torchvision operators"
    prepare_torchvision()
    from torchvision.ops import nms

    try:
        nms(torch.tensor([[0.0, 0.0, 1.0, 1.0]]), torch.ones(1), 0.5)
    except (RuntimeError, NotImplementedError):
        return warning(
            name,
            "torchvision was built for another torch: its operators are missing",
            "nothing that framewise uses needs them; for other tools install torchvision from torch's own index",
        )
    return ok(name, "they work")
