"""Conversations through the tokenizer's own chat template, cut into pieces whose role is known."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from framewise._errors import FramewiseError, UsageError
from framewise.records import MARKERS, Turn

PieceKind = Literal["layout", "message", "reply", "medium"]

_MARKER = re.compile("|".join(map(re.escape, MARKERS.values())))
# Private-use characters: no template tests for them, no tokenizer changes them.
_SLOT = "\ue000{}\ue001"
_SLOTS = re.compile("\ue000(\\d+)\ue001")
# Blank lines at the start of a message join the line end of the layout before it in one token.
_LEADING_LINES = re.compile(r"\s*[\r\n]+")


@dataclass(frozen=True)
class Piece:
    """A part of the text that the model reads."""

    kind: PieceKind
    """``layout`` is the template's own, ``reply`` what an assistant says, ``message`` what anybody else says,
    ``medium`` the place of one medium."""
    text: str


def conversation_pieces(tokenizer: Any, turns: Sequence[Turn], *, reply: bool) -> list[Piece]:
    """Lay the turns out with the tokenizer's chat template.

    The template is run on numbered slots to find what it writes around the messages, and once more on the
    messages themselves to prove that it changes nothing else.

    Args:
        tokenizer: transformers' tokenizer.
        turns: The messages.
        reply: End with the opening of an assistant turn.

    Raises:
        UsageError: The tokenizer has no chat template.
        FramewiseError: The template changes, drops or reorders messages.
    """
    if not tokenizer.chat_template:
        raise UsageError(
            "the tokenizer has no chat template: add chat_template.jinja to the checkpoint's folder"
        )
    layout = _SLOTS.split(_render(tokenizer, turns, [_SLOT.format(i) for i in range(len(turns))], reply))
    pieces = [Piece("layout", layout[0])]
    for i, turn in enumerate(turns):
        pieces += [
            *_message_pieces(turn),
            Piece("layout", layout[2 * i + 2] if 2 * i + 2 < len(layout) else ""),
        ]
    if "".join(p.text for p in pieces) != _render(tokenizer, turns, [t.text for t in turns], reply):
        raise FramewiseError("the tokenizer's chat template changes the messages: labels cannot be placed")
    return _join_leading_lines(pieces)


def tokenize_piece(tokenizer: Any, piece: Piece) -> list[int]:
    """Token ids of a piece of text: control tokens count in the layout only, in a message they are text."""
    ids: list[int] = tokenizer.encode(
        piece.text, add_special_tokens=False, split_special_tokens=piece.kind != "layout"
    )
    return ids


def _render(tokenizer: Any, turns: Sequence[Turn], texts: Sequence[str], reply: bool) -> str:
    messages = [{"role": turn.role, "content": text} for turn, text in zip(turns, texts, strict=True)]
    text: str = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=reply)
    return text


def _message_pieces(turn: Turn) -> list[Piece]:
    kind: PieceKind = "reply" if turn.role == "assistant" else "message"
    pieces, end = [], 0
    for marker in _MARKER.finditer(turn.text):
        pieces += [Piece(kind, turn.text[end : marker.start()]), Piece("medium", marker.group())]
        end = marker.end()
    return [p for p in [*pieces, Piece(kind, turn.text[end:])] if p.text]


def _join_leading_lines(pieces: Sequence[Piece]) -> list[Piece]:
    """Move leading blank lines of messages to the layout, as tokenising all text at once would have it.

    Replies keep theirs: the model must be able to say them after the opening of its turn.
    """
    joined: list[Piece] = []
    for piece in pieces:
        lines = _LEADING_LINES.match(piece.text) if piece.kind == "message" else None
        if lines and joined and joined[-1].kind == "layout":
            joined[-1] = Piece("layout", joined[-1].text + lines.group())
            piece = Piece("message", piece.text[lines.end() :])
        joined.append(piece)
    return [p for p in joined if p.text]
