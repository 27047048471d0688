"""How a model family turns m frames into tokens, positions and times."""

from framewise.families._family import Encoded, Family, FamilySettings, Part, TextPosition, Visual

__all__ = ["Encoded", "Family", "FamilySettings", "Part", "TextPosition", "Visual"]
