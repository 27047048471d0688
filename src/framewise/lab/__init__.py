"""The lab: a synthetic world with known answers and known minimal frame budgets, and its tiny checkpoint.

It is a model organism: every stage runs on it end to end in minutes on a CPU, and every answer and every minimal
budget is known by construction. It is never evidence about models of real size.
"""

from framewise.lab._dataset import LabConfig, write_lab
from framewise.lab._demo import checkpoint_folder, demo

__all__ = ["LabConfig", "checkpoint_folder", "demo", "write_lab"]
