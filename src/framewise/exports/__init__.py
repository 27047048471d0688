"""Budgets for other trainers, written in their own layouts and verified against their own rules.

folder = export(records, budgets=budgets, to="llama_factory", materialised=clips, output=folder)
verify(folder).differences
"""

from framewise.exports._export import export
from framewise.exports._exporter import SIDECAR, Exporter, Sample, Seen, Served, Setup, Video
from framewise.exports._verify import Difference, Verification, verify

__all__ = [
    "SIDECAR",
    "Difference",
    "Exporter",
    "Sample",
    "Seen",
    "Served",
    "Setup",
    "Verification",
    "Video",
    "export",
    "verify",
]
