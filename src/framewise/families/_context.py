"""The longest sequence that a model's positions reach."""

from typing import Any

from framewise._errors import FramewiseError
from framewise.families._family import Encoded

# These stretch what the positions reach; the other kinds state the stretched number themselves.
_STRETCHING = ("linear", "dynamic")


def context_length(config: Any) -> int:
    """Most tokens of a sequence: ``max_position_embeddings``, stretched where the checkpoint scales positions.

    Args:
        config: transformers' configuration of the whole model.
    """
    text = config.get_text_config()
    rope = text.rope_parameters or {}
    factor = rope["factor"] if rope.get("rope_type") in _STRETCHING else 1
    return int(text.max_position_embeddings * factor)


def check_context(encoded: Encoded, config: Any, *, remedy: str = "") -> Encoded:
    """Refuse a sequence that is longer than what the model's positions reach; nothing is cut off.

    Args:
        encoded: The sequence.
        config: transformers' configuration of the whole model.
        remedy: What would make it short enough, if the family knows; a sentence's end.

    Returns:
        ``encoded``.

    Raises:
        FramewiseError: It is too long.
    """
    limit = context_length(config)
    if len(encoded) > limit:
        raise FramewiseError(
            f"the sequence has {len(encoded)} tokens, {encoded.num_visual_tokens} of them visual, and the model "
            f"reads at most {limit}: give its media fewer frames{remedy}, or {stretching(config, len(encoded))}"
        )
    return encoded


def stretching(config: Any, length: int) -> str:
    """What to write into a checkpoint so that its positions reach sequences of this length."""
    factor = -(-length // config.get_text_config().max_position_embeddings)
    return (
        f'stretch positions in the checkpoint\'s config.json: "rope_scaling": {{"rope_type": "linear", "factor": '
        f"{factor}}} in text_config"
    )
