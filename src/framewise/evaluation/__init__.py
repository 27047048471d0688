"""Image and video skill, measured before and after, with honest statistics."""

from framewise.evaluation._benchmark import Benchmark, Item, Score

__all__ = ["Benchmark", "Item", "Score"]
