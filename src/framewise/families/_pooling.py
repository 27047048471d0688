"""Frames with fewer tokens in a model that reads images only."""

from typing import Any

import torch

POOLED = "pooled_images"
"""Argument of the model's forward that says which images are pooled, bool [images]."""


def read_pooled(model: Any, pooling: int) -> None:
    """Make the model without its head understand ``POOLED``.

    The features are transformers' own; the model takes them as it takes features that are made beforehand.

    Args:
        model: transformers' ``LlavaModel``.
        pooling: Side of the blocks of tokens that are averaged.
    """

    def encode(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if POOLED not in kwargs:
            return None
        rest = {key: value for key, value in kwargs.items() if key not in (POOLED, "pixel_values")}
        features = pooled_features(module, pooling, kwargs["pixel_values"], kwargs[POOLED])
        return args, {**rest, "mm_encoder_outputs": features}

    model.register_forward_pre_hook(encode, with_kwargs=True)


def pooled_features(model: Any, pooling: int, pixels: torch.Tensor, pooled: torch.Tensor) -> dict[str, Any]:
    """Features of images, some of them pooled, as the model's ``mm_encoder_outputs``.

    Args:
        model: transformers' ``LlavaModel``.
        pooling: Side of the blocks of tokens that are averaged.
        pixels: Normalised images [N, 3, S, S].
        pooled: Which of them are pooled, bool [N].
    """
    out = model.get_image_features(pixel_values=pixels, return_dict=True)
    pairs = zip(out.pooler_output, pooled.tolist(), strict=True)
    out.pooler_output = [average_blocks(tokens, pooling) if pool else tokens for tokens, pool in pairs]
    return {"image": out}


def average_blocks(tokens: torch.Tensor, pooling: int) -> torch.Tensor:
    """Average the tokens of a square, row by row [T, D], over blocks of ``pooling`` by ``pooling``.

    >>> average_blocks(torch.arange(16.0)[:, None], 2).flatten().tolist()
    [2.5, 4.5, 10.5, 12.5]
    """
    blocks = int(len(tokens) ** 0.5) // pooling
    grid = tokens.reshape(blocks, pooling, blocks, pooling, -1)
    return grid.mean(dim=(1, 3)).flatten(0, 1)
