"""Which samples a recipe trains on."""

from framewise.planning import Pairing, pair_examples
from framewise.training._recipe import Recipe


def plan_examples(recipe: Recipe) -> Pairing:
    """Pair the recipe's records with their budgets; see ``pair_examples``.

    Raises:
        UsageError: An input cannot be read, or nothing is left to train on.
    """
    return pair_examples(
        recipe.records, budgets=recipe.budgets, clips=recipe.clips, media_root=recipe.media_root
    )
