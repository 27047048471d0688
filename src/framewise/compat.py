"""The one place that works around other libraries, each with its upstream reference and a test."""

import importlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

_OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_declared: Any = None


def prepare_torchvision() -> None:
    """Make ``import torchvision`` work where its wheel was built for another torch build.

    PyPI's torchvision registers fake kernels for ``torchvision::nms`` and ``torchvision::qnms`` at import; on
    a CPU build of torch its C++ library does not load, the operators are unknown and the import fails with
    "operator torchvision::nms does not exist" (pytorch/vision issue 8626 and others). Declaring the two
    schemas is enough for everything that transformers uses; calling them still fails, as it must. Where the
    library does load, the operators exist and nothing is declared. Any other failure of the import is left to
    be seen.
    """
    global _declared
    if _declared is not None or _imports():
        return
    library: Any = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for schema in _OPERATORS:
        library.define(schema)
    _declared = library
    importlib.import_module("torchvision")


def _imports() -> bool:
    try:
        importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::" in str(error) and "does not exist" in str(error):
            return False
        raise
    return True


@contextmanager
def quiet_peft() -> Iterator[None]:
    """Wrap models with peft without a warning that no user can act on.

    peft 0.21 asks models for ``is_gradient_checkpointing``, an alias that transformers 5.23 deprecates with a
    FutureWarning (peft_model.py, ``PeftModel.__init__``).
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="`is_gradient_checkpointing` is deprecated")
        yield
