"""Conversations through the tokenizer's own chat template, cut into pieces whose role is known."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import jinja2

from framewise._errors import FramewiseError, UsageError
from framewise.records import MARKERS, Turn

PieceKind = Literal["layout", "message", "reply", "end", "medium"]

_MARKER = re.compile("|".join(map(re.escape, MARKERS.values())))
# Private-use characters: no template tests for them, no tokenizer changes them.
_SLOT = "\ue000{}\ue001"
_SLOTS = re.compile("\ue000(\\d+)\ue001")
_ASKED_AND_ANSWERED = (Turn(role="user", text="q"), Turn(role="assistant", text="a"))


@dataclass(frozen=True)
class Piece:
    """A part of the text that the model reads."""

    kind: PieceKind
    """``layout`` is the template's own, ``reply`` what an assistant says, ``end`` the token that ends it,
    ``message`` what anybody else says, ``medium`` the place of one medium."""
    text: str
    inserted: bool = False
    """An ``end`` that the template does not write: what stands around it is one text for the tokenizer."""


@lru_cache(maxsize=16)
def control_tokens(tokenizer: Any) -> re.Pattern[str]:
    """A pattern that finds the tokenizer's control tokens."""
    names = [token.content for token in tokenizer.added_tokens_decoder.values() if token.special]
    return re.compile("|".join(map(re.escape, sorted(names, key=len, reverse=True))) or "(?!)")


def conversation_pieces(tokenizer: Any, turns: Sequence[Turn], *, reply: bool) -> list[Piece]:
    """Lay the turns out with the tokenizer's chat template.

    The template is run on numbered slots to find what it writes around the messages, and once more on the
    messages themselves to prove that it changes nothing else. Every reply ends with a control token: the
    template's own, or else the tokenizer's end of sequence, as in the training of Vicuna and LLaVA, whose
    released templates leave it out. Blank that the template writes before a reply but not at the end of a
    prompt belongs to the reply, for a model has to say it.

    Args:
        tokenizer: transformers' tokenizer.
        turns: The messages.
        reply: End with the opening of an assistant turn.

    Raises:
        UsageError: The tokenizer has no chat template.
        FramewiseError: The template changes, drops, repeats or reorders messages, or refuses them.
    """
    if not tokenizer.chat_template:
        raise UsageError(
            "the tokenizer has no chat template: add chat_template.jinja to the checkpoint's folder"
        )
    template, layout = _fitting_template(tokenizer, turns, reply)
    written = [turn.text + after for turn, after in zip(turns, layout[1:], strict=True)]
    if layout[0] + "".join(written) != template.render(turns, [t.text for t in turns], reply):
        raise FramewiseError(_CHANGES)
    blank = _blank_before_replies(template, tokenizer.chat_template)
    return [p for p in _pieces(tokenizer, turns, layout, blank) if p.text]


_CHANGES = "the tokenizer's chat template changes the messages: labels cannot be placed"


@dataclass(frozen=True)
class _Template:
    tokenizer: Any
    in_parts: bool
    """Whether messages are lists of parts, which templates of processors want, or texts."""

    def render(self, turns: Sequence[Turn], texts: Sequence[str], reply: bool) -> str:
        contents = [[{"type": "text", "text": text}] if self.in_parts else text for text in texts]
        messages = [{"role": t.role, "content": c} for t, c in zip(turns, contents, strict=True)]
        text: str = self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=reply)
        return text

    def layout(self, turns: Sequence[Turn], reply: bool) -> list[str]:
        """What the template writes before, between and after the messages; empty if it does not keep them."""
        cut = _SLOTS.split(self.render(turns, [_SLOT.format(i) for i in range(len(turns))], reply))
        return cut[::2] if cut[1::2] == [str(i) for i in range(len(turns))] else []


def _fitting_template(tokenizer: Any, turns: Sequence[Turn], reply: bool) -> tuple[_Template, list[str]]:
    """The way in which messages are kept, and the layout that it gives."""
    refusal = _CHANGES
    for in_parts in (False, True):
        template = _Template(tokenizer, in_parts)
        try:
            if layout := template.layout(turns, reply):
                return template, layout
        except (jinja2.TemplateError, TypeError) as error:
            refusal = f"the tokenizer's chat template refuses the conversation: {error}"
    raise FramewiseError(refusal)


@lru_cache(maxsize=8)
def _blank_before_replies(template: _Template, _: str) -> str:
    """The same for all conversations of a tokenizer, as long as it has this template."""
    answered = template.layout(_ASKED_AND_ANSWERED, reply=False)
    asked = template.layout(_ASKED_AND_ANSWERED[:1], reply=True)
    if not answered or not asked:
        return ""
    blank = answered[1].removeprefix(asked[1])
    return blank if blank != answered[1] and not blank.strip() else ""


def _pieces(tokenizer: Any, turns: Sequence[Turn], layout: Sequence[str], blank: str) -> list[Piece]:
    pieces: list[Piece] = []
    before = layout[0]
    for turn, after in zip(turns, layout[1:], strict=True):
        said, text = turn.role == "assistant" and turn.text != "", turn.text
        if said and blank and before.endswith(blank):
            before, text = before.removesuffix(blank), blank + text
        pieces += [Piece("layout", before), *_message_pieces("reply" if said else "message", text)]
        if said:
            end, after = _end_of_reply(tokenizer, after)
            pieces.append(end)
        before = after
    return [*pieces, Piece("layout", before)]


def _message_pieces(kind: PieceKind, text: str) -> list[Piece]:
    pieces, end = [], 0
    for marker in _MARKER.finditer(text):
        pieces += [Piece(kind, text[end : marker.start()]), Piece("medium", marker.group())]
        end = marker.end()
    return [*pieces, Piece(kind, text[end:])]


def _end_of_reply(tokenizer: Any, after: str) -> tuple[Piece, str]:
    """The token that ends a reply, and what the template writes after it."""
    own = control_tokens(tokenizer).match(after)
    if own:
        return Piece("end", own.group()), after[own.end() :]
    if tokenizer.eos_token is None:
        raise UsageError("the tokenizer names no eos_token, and its chat template ends replies with no token")
    return Piece("end", tokenizer.eos_token, inserted=True), after
