"""One trainer for every frame budget.

train(load_recipe(Path("recipe.yaml")), output=Path("runs/hybrid"))
"""

from framewise.training._recipe import LoraSettings, Recipe, load_recipe, make_recipe
from framewise.training._train import train

__all__ = ["LoraSettings", "Recipe", "load_recipe", "make_recipe", "train"]
