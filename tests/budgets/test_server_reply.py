"""Reading options out of replies, against the definition by enumeration."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framewise._chat_client import UnreadableReplyError
from framewise.budgets._server_reply import MOST_UNLISTED, option_shares, read_reply

OPTIONS = (8, 16, 32, 64)


def choice(text: Any, *tokens: dict[str, float], reason: str = "stop") -> dict[str, Any]:
    """A choice whose tokens, the first of each the one that was said, have these probabilities."""
    content = []
    for listed in tokens:
        entries = [{"token": t, "logprob": math.log(p) if p else -9999.0} for t, p in listed.items()]
        content.append({**entries[0], "top_logprobs": entries})
    return {
        "message": {"content": text},
        "finish_reason": reason,
        "logprobs": {"content": content} if tokens else None,
    }


@pytest.mark.parametrize("text", ["8", " 8\n", "64"])
def test_without_probabilities_the_whole_reply_is_an_option(text):
    answer = read_reply(choice(text), OPTIONS)
    assert (answer.num_frames, answer.shares, answer.unlisted) == (int(text), None, None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "eight",
        "8 frames",
        "8, 16",
        "128",
        "7",
        "08",
        "8.",
        "-8",
        "٨",
        "²",
        "８",
        "8 or 16",
        "I say 8",
        "8" * 99,
    ],
)
def test_anything_else_is_unreadable(text):
    with pytest.raises(UnreadableReplyError):
        read_reply(choice(text), OPTIONS)


def test_a_reply_that_was_cut_is_unreadable():
    with pytest.raises(UnreadableReplyError, match="'8', cut at its token limit is none of 8, 16, 32, 64"):
        read_reply(choice("8", reason="length"), OPTIONS)


@pytest.mark.parametrize("message", [None, {}, "8", {"content": 8}, {"content": ["8"]}])
def test_what_is_no_text_is_no_reply(message):
    with pytest.raises((UnreadableReplyError, TypeError, KeyError)):
        read_reply({"message": message, "finish_reason": "stop"}, OPTIONS)


def test_the_first_token_gives_the_shares():
    answer = read_reply(choice("16", {"1": 0.6, "8": 0.2, "3": 0.1, "6": 0.05, "I": 0.05}), OPTIONS)
    assert answer.num_frames == 16
    assert answer.shares == pytest.approx((0.2 / 0.95, 0.6 / 0.95, 0.1 / 0.95, 0.05 / 0.95))
    assert answer.unlisted == pytest.approx(0, abs=1e-9)


def test_several_spellings_of_an_option_are_one():
    """Tokenizers that have 16 as one token can spell it as 1 and 6 too, where a reply is held to the options."""
    answer = read_reply(choice("8", {"8": 0.4, "16": 0.3, "1": 0.2, " 8": 0.1}), OPTIONS)
    assert answer.shares == pytest.approx((0.5, 0.5, 0, 0))


def test_of_equal_options_the_smaller_one_is_taken():
    assert read_reply(choice("64", {"6": 0.5, "3": 0.5}), OPTIONS).num_frames == 32


def test_a_token_that_begins_two_options_leaves_the_shares_open():
    listed = {"6": 0.9, "8": 0.1}
    assert option_shares(choice("6", listed), (6, 8, 64)) is None
    assert read_reply(choice("6", listed), (6, 8, 64)).shares is None
    assert read_reply(choice("6", listed), (6, 8)).shares == pytest.approx((0.9, 0.1))


def test_what_is_not_listed_may_leave_the_shares_open():
    few = {"8": 0.5, "1": 0.3}
    assert option_shares(choice("8", few), OPTIONS) is None
    assert read_reply(choice("8", few), OPTIONS).shares is None
    with pytest.raises(UnreadableReplyError):
        read_reply(choice("8 frames", few), OPTIONS)
    many = few | {"3": 0.1999, "x": 0.00001}
    shares, unlisted = option_shares(choice("8", many), OPTIONS)
    # Of the spellings 16, 32, 6 and 64 none is listed; each has at most the last one's probability.
    assert 0 < unlisted <= 4 * 0.00001 / 0.9999 + 1e-12
    assert shares == pytest.approx([p / 0.9999 for p in (0.5, 0.3, 0.1999, 0)])


def test_a_text_with_more_than_the_number_is_read_by_its_probabilities_alone():
    answer = read_reply(choice("8 frames are enough", {"8": 0.9, "1": 0.05, "3": 0.03, "6": 0.02}), OPTIONS)
    assert answer.num_frames == 8
    assert answer.shares is not None


@pytest.mark.parametrize("text", ["128", "1", "100 frames", "80"])
def test_another_number_is_not_taken_for_the_option_that_it_begins_like(text):
    with pytest.raises(UnreadableReplyError):
        read_reply(choice(text, {"1": 0.9, "8": 0.05, "3": 0.03, "6": 0.02}), OPTIONS)


def test_a_blank_at_the_start_is_passed_over_where_it_is_certain():
    listed = {"8": 0.9, "1": 0.1}
    assert read_reply(choice(" 8", {"▁": 1.0}, listed), OPTIONS).shares == pytest.approx((0.9, 0.1, 0, 0))
    assert read_reply(choice(" 8", {" ": 0.9999}, listed), OPTIONS).unlisted == pytest.approx(1e-4, rel=0.01)
    assert read_reply(choice(" 8", {" ": 0.9}, listed), OPTIONS).shares is None


def test_no_listed_alternatives_leave_only_a_certain_answer():
    token = {"token": "8", "logprob": -1e-9}
    reply = {**choice("8"), "logprobs": {"content": [token]}}
    assert read_reply(reply, OPTIONS).shares == (1.0, 0.0, 0.0, 0.0)
    assert read_reply({**reply, "logprobs": {"content": [token | {"logprob": -1.0}]}}, OPTIONS).shares is None


@pytest.mark.parametrize("logprob", [math.nan, 1.0, math.inf, "0", None, True, [0]])
def test_what_is_no_probability_makes_a_reply_unreadable(logprob):
    entry = {"token": "8", "logprob": logprob}
    reply = {**choice("8"), "logprobs": {"content": [{**entry, "top_logprobs": [entry]}]}}
    with pytest.raises(UnreadableReplyError):
        read_reply(reply, OPTIONS)


def test_probabilities_that_are_none_together_make_a_reply_unreadable():
    with pytest.raises(UnreadableReplyError, match="sum to more than 1"):
        read_reply(choice("8", {"8": 0.9, "1": 0.9}), OPTIONS)


@pytest.mark.parametrize("logprobs", [{}, {"content": None}, {"content": []}, None])
def test_empty_lists_are_no_probabilities(logprobs):
    assert read_reply({**choice("8"), "logprobs": logprobs}, OPTIONS).shares is None


TOKENS = ["8", "1", "16", "3", "32", "6", "64", "5", "x", "", "160", "<|im_end|>"]


@given(
    st.lists(st.floats(0, 1), min_size=len(TOKENS), max_size=len(TOKENS)).filter(lambda w: sum(w) > 0.01),
    st.integers(1, len(TOKENS)),
)
def test_shares_are_within_their_bound_of_those_of_all_tokens(weights, listed):
    """However few tokens are listed: known shares are right to the bound, and sum to 1."""
    probabilities = {t: w / sum(weights) for t, w in zip(TOKENS, weights, strict=True)}
    top = dict(sorted(probabilities.items(), key=lambda item: -item[1])[:listed])
    reply = choice("8", top)
    if next(iter(top)) == "":
        return
    found = option_shares(reply, OPTIONS)
    own = [sum(p for t, p in probabilities.items() if t and str(o).startswith(t)) for o in OPTIONS]
    if found is not None:
        shares, unlisted = found
        assert sum(shares) == pytest.approx(1)
        assert unlisted <= MOST_UNLISTED
        assert shares == pytest.approx([p / sum(own) for p in own], abs=unlisted + 1e-6)
