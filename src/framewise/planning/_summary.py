"""The numbers of ``plan.json``."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from framewise._jsonl import Row
from framewise.planning._batches import Batch
from framewise.planning._memory import Memory
from framewise.planning._recipe import Machine
from framewise.planning._samples import Sample

_GIB = 1 << 30
_RESERVE_GIB = 1.5
"""Assumed for the CUDA context, kernels' buffers and fragments; not measured."""
_DOUBT = 0.1
"""Share of the activations that the estimate may be short of, where kernels keep more than is counted."""


def budget_table(samples: Sequence[Sample]) -> list[dict[str, Any]]:
    """One row a group, budgets in the order of their frames, then images and text; the last is ``all``."""
    groups = sorted(
        {s.group for s in samples}, key=lambda g: (not g.isdigit(), int(g) if g.isdigit() else 0, g)
    )
    rows = [_row(group, [s for s in samples if s.group == group]) for group in groups]
    return [*rows, _row("all", samples)]


def _row(group: str, samples: Sequence[Sample]) -> dict[str, Any]:
    lengths = np.array([s.length for s in samples])
    return {
        "budget": group,
        "samples": len(samples),
        "visual_tokens": sum(s.visual_tokens for s in samples),
        "text_tokens": sum(s.text_tokens for s in samples),
        "length_mean": round(float(lengths.mean()), 2),
        "length_p95": int(np.percentile(lengths, 95, method="inverted_cdf")),
        "length_max": int(lengths.max()),
    }


def skipped_counts(skipped: Sequence[Row]) -> dict[str, int]:
    """Faults by status, most first."""
    return dict(Counter(row["status"] for row in skipped).most_common())


def batch_shapes(batches: Sequence[Batch], batch_size: int) -> dict[str, Any]:
    """What batches of the run will look like."""
    padded = np.array([batch.padded_tokens for batch in batches])
    return {
        "num_batches": len(batches),
        "batch_size": batch_size,
        "longest": max(batch.length for batch in batches),
        "tokens_mean": round(float(padded.mean()), 2),
        "tokens_p95": int(np.percentile(padded, 95, method="inverted_cdf")),
        "tokens_max": int(padded.max()),
        "padding_share": round(1 - sum(batch.tokens for batch in batches) / int(padded.sum()), 6),
    }


def fits(memory: Memory, machine: Machine) -> str | None:
    """``yes``, ``no`` or ``tight``; None where the memory of the devices is not known.

    ``tight`` lies between: the estimate is below the limit by less than what it leaves out.
    """
    if machine.gpu_memory_gib is None:
        return None
    limit = machine.gpu_memory_gib * _GIB
    if memory.peak > limit:
        return "no"
    left_out = _RESERVE_GIB * _GIB + _DOUBT * memory.activations
    return "yes" if memory.peak + left_out <= limit else "tight"
