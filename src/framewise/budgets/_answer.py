"""What a model says of one question, and who can be asked: one contract for models here and behind servers."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from framewise._chat_client import NoReplyError


@dataclass(frozen=True)
class Answer:
    """What a model says to one prompt."""

    num_frames: int
    """The most probable option, the smaller one if two are equal; or the option that the model said."""
    shares: tuple[float, ...] | None
    """Probabilities of the options, in their order and with the sum 1; None where they are not known."""
    unlisted: float | None = None
    """Where a server lists only its most probable tokens: the most that any share can be wrong by."""

    @classmethod
    def from_shares(
        cls, options: Sequence[int], shares: Sequence[float], unlisted: float | None = None
    ) -> "Answer":
        """The answer that probabilities amount to."""
        best = max(range(len(options)), key=lambda i: shares[i])
        return cls(options[best], tuple(shares), unlisted)

    def to_json(self) -> list[Any]:
        """The answer as JSON, from which ``from_json`` makes the very same numbers."""
        return [self.num_frames, self.shares, self.unlisted]

    @classmethod
    def from_json(cls, values: Any) -> "Answer":
        """The answer that ``to_json`` wrote.

        Raises:
            ValueError: It is something else.
        """
        match values:
            case [int() as frames, list() | None as shares, float() | None as unlisted]:
                return cls(frames, None if shares is None else tuple(map(float, shares)), unlisted)
        raise ValueError(f"not an answer: {values!r}")


class Backend(ABC):
    """A model that can be asked."""

    concurrency: int = 1
    """Batches that may be asked at once."""

    @abstractmethod
    def identity(self) -> dict[str, Any]:
        """What an answer depends on besides the prompt and the options, in JSON's types."""

    @abstractmethod
    def batches(self, prompts: Sequence[str]) -> list[tuple[int, ...]]:
        """Indices of prompts that are asked together, in the order in which they are best asked.

        The order is one of the prompts themselves: without some of them the others come in the same order.
        """

    @abstractmethod
    def open(self, prompts: Mapping[str, Sequence[str]]) -> None:
        """Get ready to be asked; not called where nothing has to be.

        Args:
            prompts: All prompts by wording, asked or not.

        Raises:
            UsageError: There is no such model.
        """

    @abstractmethod
    def ask(self, wording: str, prompts: Sequence[str]) -> list[Answer | NoReplyError]:
        """One answer a prompt, in order, or why there is none.

        Raises:
            FramewiseError: The model cannot be asked at all.
        """
