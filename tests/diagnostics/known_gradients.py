"""Samples whose gradients are known, in the form that the passes write them."""

import numpy as np

from framewise.diagnostics._table import ImageTable, VideoTable, read_image_table, read_video_table

FRAMES = (1, 2, 4, 8)
# Quadratic losses |theta - x|^2 / 2 at theta = 0: the gradient of a sample is minus its x. The shared part is along
# the image's, the temporal one against it, as in Eq. 15: A(m) = 4 - 2 alpha(m), alpha = log2 m.
IMAGE, SHARED, TEMPORAL = np.array([2.0, 0, 0]), np.array([2.0, 1, 0]), np.array([-1.0, 0, 2])
ALPHA = np.log2(FRAMES)


def video_gradients(num: int, noise: float, rng: np.random.Generator, shift: float = 0.0) -> np.ndarray:
    """[N, M, 3]; ``shift`` lifts all along the image's."""
    mean = SHARED + shift * IMAGE / 2 + ALPHA[:, None] * TEMPORAL
    return (
        mean + noise * rng.standard_normal((num, 1, 3)) + noise * rng.standard_normal((num, len(FRAMES), 3))
    )


def image_rows(gradients: np.ndarray) -> tuple[list[dict], np.ndarray]:
    """Rows as the passes write them, one module a coordinate, and the sums of both halves."""
    half = np.arange(len(gradients)) % 2
    sums = np.stack([gradients[half == h].sum(0) for h in (0, 1)])
    rows = [
        {"kind": kind, "record_id": str(i), "cluster": str(i), "half": int(half[i]), "loss": 3.0, "num_tokens": 1,
         "cross": (sign * g * sums[1 - half[i]]).tolist(), "square": (g * g).tolist()}
        for kind, sign in (("image", 1), ("permuted", 0))
        for i, g in enumerate(gradients)
    ]  # fmt: skip
    return rows, sums


def tables(
    num: int = 240, noise: float = 0.5, seed: int = 0, shift: float = 0.0
) -> tuple[VideoTable, ImageTable]:
    rng = np.random.default_rng(seed)
    images, sums = image_rows(IMAGE + noise * rng.standard_normal((100, 3)))
    videos = video_gradients(num, noise, rng, shift)
    blocks = []
    for start in range(0, num, 8):
        rows = []
        for j, m in enumerate(FRAMES):
            earlier = np.zeros(3)
            for number, i in enumerate(range(start, min(start + 8, num))):
                g = videos[i, j]
                rows.append(
                    {"record_id": str(i), "cluster": str(i), "loss": 2.0, "num_tokens": 1, "m": m, "repeat": 0,
                     "num_frames": m, "halves": (sums * g).tolist(), "square": (g * g).tolist(),
                     "before": (earlier * g).tolist(), "num_before": number}
                )  # fmt: skip
                earlier = earlier + g
        blocks.append({"rows": rows, "skipped": []})
    half = len(images) // 4
    names = ("x", "y", "z")
    return read_video_table(blocks, names, (half, half)), read_image_table(images, (half, half))
