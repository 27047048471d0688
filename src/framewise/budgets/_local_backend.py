"""A model in this process, whose options are scored as whole replies."""

import math
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from framewise._artifacts import digest
from framewise._chat_client import NoReplyError
from framewise._errors import FramewiseError
from framewise.budgets._answer import Answer, Backend

if TYPE_CHECKING:
    from framewise.budgets._model import Dtype
    from framewise.budgets._option_scorer import OptionScorer


class LocalBackend(Backend):
    """transformers in this process; the model is opened when the first question is asked.

    Args:
        name: A folder in the official file format, or a hub name.
        options: Numbers of frames to choose from.
        batch_size: Most prompts at once.
        device: ``auto`` is the GPU if there is one.
        dtype: ``auto`` is bfloat16 on a GPU that has it, else float32.

    Raises:
        UsageError: There is no such model or no such device.
    """

    def __init__(
        self, name: str, options: Sequence[int], *, batch_size: int, device: str, dtype: "Dtype"
    ) -> None:
        from framewise.budgets._model import choose_device, choose_dtype, open_tokenizer

        self._name, self._options, self._batch_size = name, options, batch_size
        self._device = choose_device(device)
        self._dtype = choose_dtype(dtype, self._device)
        self._tokenizer = open_tokenizer(name)
        self._ids: dict[str, list[int]] = {}
        self._scorers: dict[str, OptionScorer] = {}

    def identity(self) -> dict[str, Any]:
        """The model's files, and what its numbers can depend on."""
        from framewise.budgets._model import resolved_commit

        folder = Path(self._name)
        model = digest(folder) if folder.exists() else f"{self._name}@{resolved_commit(self._name)}"
        return {
            "model": model,
            "device": self._device.type,
            "dtype": str(self._dtype),
            "versions": {name: version(name) for name in ("torch", "transformers")},
        }

    def batches(self, prompts: Sequence[str]) -> list[tuple[int, ...]]:
        """Prompts of about one number of tokens, the short ones first."""
        from framewise.budgets._options import batches_by_length

        return batches_by_length([self._encode(prompt) for prompt in prompts], self._batch_size)

    def open(self, prompts: Mapping[str, Sequence[str]]) -> None:
        """Open the model; what all prompts of a wording begin with will be read once.

        Raises:
            UsageError: It cannot be opened.
        """
        from framewise.budgets._model import open_model
        from framewise.budgets._option_scorer import OptionScorer
        from framewise.budgets._options import encode_option

        model = open_model(self._name, self._device, self._dtype)
        options = [encode_option(self._tokenizer, option) for option in self._options]
        self._scorers = {
            name: OptionScorer(model, [self._encode(text) for text in texts], options)
            for name, texts in prompts.items()
        }

    def ask(self, wording: str, prompts: Sequence[str]) -> list[Answer | NoReplyError]:
        """Scores in order.

        Raises:
            FramewiseError: The scores are not numbers.
        """
        rows = self._scorers[wording].score([self._encode(prompt) for prompt in prompts])
        self._require_finite(rows)
        return [Answer.from_shares(self._options, softmax(row)) for row in rows]

    def _encode(self, prompt: str) -> list[int]:
        from framewise.budgets._options import encode_prompt

        if prompt not in self._ids:
            self._ids[prompt] = encode_prompt(self._tokenizer, prompt)
        return self._ids[prompt]

    def _require_finite(self, rows: Sequence[Sequence[float]]) -> None:
        if not all(math.isfinite(x) for row in rows for x in row):
            raise FramewiseError(
                f"model {self._name!r} gives probabilities that are not numbers with "
                f"{self._dtype}: try dtype=float32, or check its weights"
            )


def softmax(logits: Sequence[float]) -> list[float]:
    """Probabilities of natural logarithms, up to a common constant.

    >>> softmax([0.0, 0.0])
    [0.5, 0.5]
    """
    highest = max(logits)
    weights = [math.exp(x - highest) for x in logits]
    return [w / sum(weights) for w in weights]
