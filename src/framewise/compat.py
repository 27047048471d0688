"""The one place that works around other libraries, each with its upstream reference and a test."""

import torch


def prepare_torchvision() -> None:
    """Make ``import torchvision`` work where its wheel was built for another torch build.

    PyPI's torchvision registers fake kernels for ``torchvision::nms`` and ``torchvision::qnms`` at import; on a CPU
    build of torch its C++ library does not load, the operators are unknown and the import fails with "operator
    torchvision::nms does not exist" (pytorch/vision issue 8626 and others). Declaring the two schemas is enough for
    everything that transformers uses; calling them still fails, as it must. Where the library does load, the
    operators exist and nothing is declared.
    """
    global _declared
    if _declared is not None or _extension_loads():
        return
    library = torch.library.Library("torchvision", "DEF")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _declared = library


_declared: torch.library.Library | None = None


def _extension_loads() -> bool:
    try:
        import torchvision  # noqa: F401
    except RuntimeError:
        return False
    return True
