"""Rows of ``attention`` as means with intervals over pictures.

Shape letters: S samples, Y layers, H heads, N image tokens.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from framewise._errors import FramewiseError
from framewise._jsonl import Row
from framewise.diagnostics._draws import Estimate, resample
from framewise.diagnostics._maps import METRICS, divergence

Array = NDArray[np.float64]


def summarise_attention(rows: Sequence[Row], *, num_models: int, seed: int) -> dict[str, Any]:
    """Means of every number by model and layer, over heads and for the best head, and differences to the first model.

    The best head is the one with the largest lift in the first model on every second picture; its numbers are those
    on the other pictures, so that being picked is no merit.

    Args:
        rows: Rows of ``attention.jsonl``; questions that a model lacks are left out for all.
        num_models: Models that were asked.
        seed: Of the bootstrap.

    Raises:
        FramewiseError: No question was answered by all models, or they read pictures in different tokens.
    """
    by_model: list[dict[str, Row]] = [{} for _ in range(num_models)]
    for row in rows:
        by_model[row["model"]][row["record_id"]] = row
    names = [name for name in by_model[0] if all(name in found for found in by_model)]
    if not names:
        raise FramewiseError("no picture could be read with every model")
    tables = [[found[name] for name in names] for found in by_model]
    for name, *others in zip(names, *tables, strict=True):
        if len({(tuple(row["grid"]), len(row["layers"])) for row in others}) > 1:
            raise FramewiseError(
                f"{name}: the models read the picture in different grids or have other layers"
            )
    order: dict[str, int] = {}
    clusters = np.array([order.setdefault(row["cluster"], len(order)) for row in tables[0]])
    head, judged = _best_head(tables[0], clusters)
    models = [_of_model(table, tables[0], clusters, head, judged, seed) for table in tables]
    return {
        "n": len(names),
        "num_clusters": len(order),
        "num_layers": len(tables[0][0]["layers"]),
        "mean_area": float(np.mean([row["area"] for row in tables[0]])),
        "best_head": {"layer": head[0], "head": head[1], "n": int(judged.sum())},
        "per_model": models,
        "maps": _maps(tables),
    }


def _best_head(
    table: Sequence[Row], clusters: NDArray[np.int64]
) -> tuple[tuple[int, int], NDArray[np.bool_]]:
    """Layer and head with the largest lift on even pictures, and which samples it is judged on: the others."""
    odd = clusters % 2 == 1
    if not odd.any():
        odd = np.ones_like(odd)
    even = ~odd if (~odd).any() else odd
    lift = np.array([row["metrics"]["lift"] for row in table])[even].mean(axis=0)
    layer, head = np.unravel_index(int(lift.argmax()), lift.shape)
    return (int(layer), int(head)), odd


def _of_model(
    table: Sequence[Row],
    before: Sequence[Row],
    clusters: NDArray[np.int64],
    head: tuple[int, int],
    judged: NDArray[np.bool_],
    seed: int,
) -> dict[str, Any]:
    def paired(own: Array, first: Array, groups: NDArray[np.int64]) -> dict[str, Any]:
        return {
            "value": _estimate(own, groups, seed),
            "change": _estimate(own - first, groups, seed) if table is not before else None,
        }

    half = np.unique(clusters[judged], return_inverse=True)[1]
    layers: dict[str, list[dict[str, Any]]] = {}
    best: dict[str, dict[str, Any]] = {}
    for name in METRICS:
        own, first = (np.array([row["metrics"][name] for row in rows]) for rows in (table, before))
        layers[name] = [
            paired(own[:, y].mean(axis=-1), first[:, y].mean(axis=-1), clusters) for y in range(own.shape[1])
        ]
        best[name] = paired(own[judged][:, head[0], head[1]], first[judged][:, head[0], head[1]], half)
    moved = np.array(
        [divergence(np.array(a["layers"]), np.array(b["layers"])) for a, b in zip(table, before, strict=True)]
    )
    cost = {name: (_occlusion(table, name), _occlusion(before, name)) for name in ("box", "elsewhere")}
    effect = tuple(a - b for a, b in zip(cost["box"], cost["elsewhere"], strict=True))
    return {
        "layers": layers,
        "best_head": best,
        "divergence": [_estimate(moved[:, y], clusters, seed) for y in range(moved.shape[1])]
        if table is not before
        else None,
        "occlusion": {
            **{name: paired(*values, clusters) for name, values in cost.items()},
            "box_beyond_elsewhere": paired(effect[0], effect[1], clusters),
        },
    }


def _occlusion(table: Sequence[Row], name: str) -> Array:
    """How much the answer's loss rises when something is painted over, shape [S]."""
    return np.array([row["occlusion"][name] - row["occlusion"]["whole"] for row in table])


def _estimate(values: Array, clusters: NDArray[np.int64], seed: int) -> dict[str, object]:
    if clusters.max() == 0:
        return Estimate(value=float(values.mean()), ci95=None, se=None).to_json()
    drawn = resample(values, clusters, np.random.default_rng(seed))
    return Estimate.of(float(values.mean()), drawn).to_json()


def _maps(tables: Sequence[Sequence[Row]]) -> list[dict[str, Any]]:
    """Maps of the last layer of the questions that were kept, one a model."""
    return [
        {
            "record_id": rows[0]["record_id"],
            "grid": rows[0]["grid"],
            "boxes": rows[0]["boxes"],
            "maps": [np.mean(row["layers"], axis=0).tolist() for row in rows],
        }
        for rows in zip(*tables, strict=True)
        if "boxes" in rows[0]
    ]
