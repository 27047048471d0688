"""The stage ``curvature``: the largest eigenvalues of the image loss' Hessian, a lower estimate of beta."""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field

from framewise._artifacts import RunDirectory
from framewise._errors import UsageError
from framewise._jsonl import Row, write_json
from framewise.diagnostics._descent import Direction, Objective, moved
from framewise.diagnostics._inputs import recorded_inputs
from framewise.diagnostics._probe import Probe, open_probe
from framewise.diagnostics._samples import encode_all, read_samples
from framewise.diagnostics._settings import GradientSettings
from framewise.diagnostics._spectrum import largest_eigenvalues, plateau
from framewise.records import SKIPPED

POINTS, RESULT = "points.jsonl", "curvature.json"
Array = NDArray[np.float64]


class CurvatureSettings(GradientSettings):
    """What ``curvature`` can be told."""

    num_images: int | None = Field(default=64, ge=2)
    """Most pictures, drawn at random; None: all."""
    num_eigenvalues: int = Field(default=2, ge=1)
    """Of largest size."""
    steps: tuple[float, ...] = (3e-1, 1e-1, 3e-2, 1e-2, 3e-3)
    """Lengths of the finite differences that are tried, descending, in the unit of the weights."""
    points: tuple[float, ...] = (0.0, 0.5, 1.0)
    """Places between the model and ``towards``, 0 to 1; without ``towards`` the model alone."""
    max_products: int = Field(default=200, ge=1)
    """Most products with the Hessian at a point, about."""
    tolerance: float = Field(default=1e-2, gt=0)
    """Relative, of the eigenvalues."""
    batch_size: int = Field(default=8, ge=1)
    """Samples of a forward pass."""


_DEFAULT = CurvatureSettings()


def measure_curvature(
    model: Path | str,
    *,
    images: Path,
    output: Path,
    settings: CurvatureSettings = _DEFAULT,
    towards: Path | str | None = None,
    image_root: Path | None = None,
    fresh: bool = False,
) -> Path:
    """Find the largest eigenvalues of the Hessian of the image loss (Assumption 1), by gradients alone.

    beta bounds the Hessian in a whole neighbourhood; what is found is its size at a few points, so the largest of
    them is a lower estimate of beta and never beta. Weights are float32, vectors float64 on the CPU: about twenty of
    the model's size are held, so large models need a LoRA subspace.

    Args:
        model: Folder or hub name.
        images: Records of images with answers.
        output: The run directory: ``points.jsonl``, ``skipped.jsonl``, ``curvature.json``.
        settings: What learns, how many eigenvalues and pictures.
        towards: A model of the same shape: points on the segment to it are looked at too.
        image_root: Folder of the images; None: that of the records.
        fresh: Delete what an earlier run left and start over.

    Returns:
        ``output``.

    Raises:
        UsageError: An input cannot be used.
        FramewiseError: No picture can be read, or the eigenvalues do not settle.
    """
    models = [model] if towards is None else [model, towards]
    inputs = recorded_inputs(models, images=images)
    config = {
        **settings.model_dump(mode="json"),
        "models": [str(name) for name in models if not Path(name).exists()],
    }
    with RunDirectory(
        output, stage="curvature", config=config, inputs=inputs, seed=settings.seed, fresh=fresh
    ) as run:
        if run.finished:
            return output
        started = time.monotonic()
        found = read_samples(
            images, "image", limit=settings.num_images, seed=settings.seed, media_root=image_root
        )
        probe = open_probe(model, settings, dtype=torch.float32)
        seen, skipped = encode_all(probe.family, found, 1)
        objective = Objective(probe, seen, settings.batch_size)
        way = _way(probe, towards, settings) if towards is not None else None
        places = settings.points if way is not None else (0.0,)
        for place in places[len(run.open_rows(POINTS)) :]:
            run.append(POINTS, _measure(objective, way, place, settings))
        rows = run.rows(POINTS)
        run.write_rows(SKIPPED, [*found.skipped, *skipped])
        write_json(
            run.path / RESULT,
            {
                "points": rows,
                "lower_estimate_of_beta": max(abs(row["eigenvalues"][0]) for row in rows),
                "num_images": len(seen),
                "num_parameters": sum(item.parameter.numel() for item in probe.learned),
            },
        )
        run.complete(seconds=time.monotonic() - started)
    return output


def _measure(objective: Objective, way: Direction | None, place: float, settings: CurvatureSettings) -> Row:
    learned = [item.parameter for item in objective.probe.learned]
    base = way if way is not None else [torch.zeros_like(p) for p in learned]
    # moved() goes against its direction.
    with moved(objective.probe, base, -place):

        def gradient_at(offset: Array) -> Array:
            with moved(objective.probe, _split(offset, learned), -1.0):
                return _join(objective.gradient())

        here = _join(objective.gradient())
        step, swept = plateau(gradient_at, here, settings.steps)
        spectrum = largest_eigenvalues(
            gradient_at,
            len(here),
            step=step,
            number=settings.num_eigenvalues,
            max_products=settings.max_products,
            tolerance=settings.tolerance,
            seed=settings.seed,
        )
        loss = objective.value()
    return {
        "place": place,
        "loss": loss,
        "step": step,
        "steps": list(settings.steps),
        "curvature_along_gradient": swept,
        "eigenvalues": spectrum.values.tolist(),
        "residuals": spectrum.residuals.tolist(),
        "num_products": spectrum.num_products,
    }


def _way(probe: Probe, towards: Path | str, settings: CurvatureSettings) -> Direction:
    other = open_probe(towards, settings, dtype=torch.float32)
    shapes = [[tuple(item.parameter.shape) for item in p.learned] for p in (probe, other)]
    if shapes[0] != shapes[1]:
        raise UsageError(f"{towards} has other parameters: a segment needs two models of one shape")
    return [(b.parameter - a.parameter).detach() for a, b in zip(probe.learned, other.learned, strict=True)]


def _join(direction: Direction) -> Array:
    return np.asarray(torch.cat([part.detach().flatten() for part in direction]).double().cpu().numpy())


def _split(vector: Array, like: Sequence[torch.Tensor]) -> Direction:
    """The vector as tensors of these shapes, types and places."""
    ends = np.cumsum([part.numel() for part in like])
    parts = np.split(vector, ends[:-1])
    return [torch.from_numpy(part).reshape(own.shape).to(own) for part, own in zip(parts, like, strict=True)]
