"""The rule of Video-MME's script, which VLMEvalKit and lmms-eval up to 0.7.1 took over with changes."""

from collections.abc import Sequence

_COMMON = (
    "The best answer is",
    "The correct answer is",
    "The answer is",
    "The answer",
    # Two pairs that a missing comma made one each; they match nothing that a model says.
    "The best option isThe correct option is",
    "Best answer:Best option:",
)
LMMS_EVAL_PREFIXES = _COMMON
VLMEVALKIT_PREFIXES = (*_COMMON, "Answer:", "Option:")
OFFICIAL_PREFIXES = (*VLMEVALKIT_PREFIXES, "The correct answer", "The correct option")


def first_capital(reply: str, prefixes: Sequence[str]) -> str | None:
    """The first capital from A to D anywhere in what is left when ``prefixes`` are deleted.

    >>> first_capital("Based on the video it is C", OFFICIAL_PREFIXES)
    'B'

    Args:
        reply: What the model said.
        prefixes: Texts to be deleted wherever they stand, one after the other.
    """
    rest = reply.strip()
    for prefix in prefixes:
        rest = rest.replace(prefix, "")
    # The scripts give up on long texts without a capital; those hold nothing to find either way.
    return next((character for character in rest if character in "ABCD"), None)
