"""How a model family turns m frames into tokens, positions and times."""

from framewise.compat import prepare_torchvision
from framewise.families._family import (
    Encoded,
    Family,
    FamilySettings,
    ImageGrid,
    Part,
    TextPosition,
    Visual,
    VisualShape,
)
from framewise.families._generation import Generated
from framewise.families._open import open_family

# Before anything touches transformers' models, processors or trainer: they import torchvision.
prepare_torchvision()

__all__ = [
    "Encoded",
    "Family",
    "FamilySettings",
    "Generated",
    "ImageGrid",
    "Part",
    "TextPosition",
    "Visual",
    "VisualShape",
    "open_family",
]
