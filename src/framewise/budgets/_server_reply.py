"""What a server's reply says of the options."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from framewise._chat_client import UnreadableReplyError, text_of
from framewise.budgets._answer import Answer

MOST_UNLISTED = 0.001
"""A share may be wrong by so much for want of tokens that the server did not list; else shares count as unknown."""
_SUM = 1.001
"""Rounded probabilities may sum to a little more than 1."""
_QUOTED = 60
_NUMBER = re.compile(r"\s*(\d+)")


def read_reply(choice: Mapping[str, Any], options: Sequence[int]) -> Answer:
    """The answer in one choice of a chat completion.

    With log-probabilities: a reply that is held to the options and drawn token by token begins with a token that
    begins an option. Its probability, over that of all such tokens, is the option's share. That is known where no
    listed token begins two options, and where tokens that are not listed can change little. A reply that begins with
    another number contradicts it and is unreadable.

    Without: the whole reply has to be one option.

    Raises:
        UnreadableReplyError: It says no option.
    """
    text = text_of(dict(choice))
    number = _NUMBER.match(text)
    if number is None or number.group(1) in map(str, options):
        known = option_shares(choice, options)
        if known is not None:
            return Answer.from_shares(options, *known)
    whole = text.strip()
    if choice.get("finish_reason") == "length" or whole not in map(str, options):
        raise UnreadableReplyError(_unreadable(whole, choice.get("finish_reason"), options))
    return Answer(int(whole), None)


def option_shares(choice: Mapping[str, Any], options: Sequence[int]) -> tuple[list[float], float] | None:
    """Share of each option, and how far it can be wrong; None where that is not known.

    Raises:
        UnreadableReplyError: What is listed are no probabilities.
    """
    tokens = (choice.get("logprobs") or {}).get("content") or []
    # Some tokenizers begin every reply with a blank: the probability of another beginning counts as not listed.
    begun = 1.0
    for token in tokens:
        if _text(token):
            return _shares(_listed(token), options, begun)
        begun *= _probability(token)
    return None


def _shares(
    listed: Sequence[tuple[str, float]], options: Sequence[int], begun: float
) -> tuple[list[float], float] | None:
    found = dict.fromkeys(options, 0.0)
    for text, probability in listed:
        begins = [option for option in options if text and str(option).startswith(text)]
        if len(begins) > 1 and probability > 0:
            return None
        for option in begins:
            found[option] += probability
    total = sum(found.values())
    if total == 0:
        return None
    unlisted = (_unlisted(listed, options) + 1 - begun) / total
    return ([p / total for p in found.values()], unlisted) if unlisted <= MOST_UNLISTED else None


def _unlisted(listed: Sequence[tuple[str, float]], options: Sequence[int]) -> float:
    """The most that tokens which begin an option, and are not listed, can have together."""
    beginnings = {str(option)[:end] for option in options for end in range(1, len(str(option)) + 1)}
    absent = beginnings - {text for text, _ in listed}
    left = max(0.0, 1 - sum(p for _, p in listed))
    return min(left, len(absent) * min(p for _, p in listed))


def _listed(token: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Texts and probabilities of the tokens that were listed for a place."""
    listed = [(_text(entry), _probability(entry)) for entry in token.get("top_logprobs") or []]
    if not listed:
        listed = [(_text(token), _probability(token))]
    if sum(probability for _, probability in listed) > _SUM:
        raise UnreadableReplyError("the reply's probabilities sum to more than 1")
    return listed


def _text(entry: Mapping[str, Any]) -> str:
    text = entry["token"]
    if not isinstance(text, str):
        raise UnreadableReplyError("the reply's tokens have no text")
    return text.replace("▁", " ").strip()


def _probability(entry: Mapping[str, Any]) -> float:
    value = entry["logprob"]
    if isinstance(value, bool) or not isinstance(value, int | float) or not value <= math.log(_SUM):
        raise UnreadableReplyError(f"the reply has {value!r} for the logarithm of a probability")
    return math.exp(value)


def _unreadable(text: str, reason: Any, options: Sequence[int]) -> str:
    if not text:
        return "the reply is empty; a model that thinks first has to be served without"
    said = text if len(text) <= _QUOTED else f"{text[:_QUOTED]}..."
    cut = ", cut at its token limit" if reason == "length" else ""
    return f"the reply {said!r}{cut} is none of {', '.join(map(str, options))}"
