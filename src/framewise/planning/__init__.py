"""What a training run will take, before anything is decoded: which samples, in which batches, at what cost.

plan(recipe, machine=Machine(gpus=8, gpu_memory_gib=80))["memory"]["kept"]["peak"]
"""

from framewise.planning._example import Example
from framewise.planning._examples import Pairing, pair_examples
from framewise.planning._order import num_draws, num_steps, sample_order
from framewise.planning._plan import plan
from framewise.planning._recipe import Machine, TrainingRecipe
from framewise.planning._trainable import adapter_layers

__all__ = [
    "Example",
    "Machine",
    "Pairing",
    "TrainingRecipe",
    "adapter_layers",
    "num_draws",
    "num_steps",
    "pair_examples",
    "plan",
    "sample_order",
]
