"""Text pieces to token ids, the same as tokenising the whole text at once."""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from tokenizers import normalizers, pre_tokenizers

from framewise.families._chat import Piece, control_tokens

SpanKind = Literal["text", "control", "reply", "end", "medium"]
_Place = Literal["start", "section", "middle"]


@dataclass(frozen=True)
class Span:
    """Tokens in a row."""

    kind: SpanKind
    """``text`` is layout and messages, ``control`` a control token of the layout; see ``Piece`` for the
    others."""
    ids: list[int]
    """Token ids; none for a medium."""


@dataclass(frozen=True)
class _Part:
    kind: SpanKind
    text: str
    inserted: bool = False


def tokenize_pieces(tokenizer: Any, pieces: Sequence[Piece]) -> list[Span]:
    """Token ids of a conversation, as the tokenizer gives them for all of its text at once.

    Control tokens count in the layout only: in messages and replies their names are plain text. Replies are
    tokenised apart from what is before them, so that a prompt is the beginning of the answered conversation.

    Args:
        tokenizer: transformers' tokenizer.
        pieces: What ``conversation_pieces`` gave.
    """
    spelling = _spelling(tokenizer)
    spans: list[Span] = []
    place: _Place = "start"
    for run in _runs(tokenizer, pieces):
        ids: list[int] = []
        if run.kind in ("control", "end"):
            ids = [tokenizer.convert_tokens_to_ids(run.text)]
        elif run.kind != "medium":
            ids = spelling.ids(run.text, place)
        spans.append(Span(run.kind, ids))
        place = "middle" if run.inserted or run.kind in ("text", "reply") else "section"
    bos = [i for i in tokenizer.encode("") if i == tokenizer.bos_token_id]
    if bos and spans and spans[0].ids[:1] != bos:
        spans.insert(0, Span("control", bos))
    return spans


def _runs(tokenizer: Any, pieces: Sequence[Piece]) -> Iterator[_Part]:
    """What is tokenised at once: layout and messages that touch are one run."""
    waiting = ""
    for part in _parts(tokenizer, pieces):
        if part.kind == "text":
            waiting += part.text
            continue
        if waiting:
            yield _Part("text", waiting)
        waiting = ""
        yield part
    if waiting:
        yield _Part("text", waiting)


def _parts(tokenizer: Any, pieces: Sequence[Piece]) -> Iterator[_Part]:
    for piece in pieces:
        if piece.kind == "layout":
            end = 0
            for control in control_tokens(tokenizer).finditer(piece.text):
                yield _Part("text", piece.text[end : control.start()])
                yield _Part("control", control.group())
                end = control.end()
            yield _Part("text", piece.text[end:])
        elif piece.kind == "message":
            yield _Part("text", piece.text)
        else:
            yield _Part(piece.kind, piece.text, piece.inserted)


class _Spelling:
    """Tokenises parts of a text as they stand in the whole.

    SentencePiece's tokenizers put a space before a text, and some before every section between control
    tokens (``legacy``); a part that goes on in the middle of a section must not get one.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        backend = tokenizer.backend_tokenizer
        scheme = getattr(backend.pre_tokenizer, "prepend_scheme", "never")
        prepends = any(isinstance(n, normalizers.Prepend) for n in _steps(backend.normalizer))
        self._plain = None
        if prepends or scheme != "never":
            self._plain = copy.deepcopy(backend)
            self._plain.encode_special_tokens = True
            _forget_prefix(self._plain)
        self._sections_begin = prepends or scheme == "always"

    def ids(self, text: str, place: _Place) -> list[int]:
        """Token ids of a part that is at the start of the text, begins a section, or goes on in one."""
        begins = place == "start" or (place == "section" and self._sections_begin)
        if begins or self._plain is None:
            ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False, split_special_tokens=True)
            return ids
        return list(self._plain.encode(text, add_special_tokens=False).ids)


@lru_cache(maxsize=16)
def _spelling(tokenizer: Any) -> _Spelling:
    return _Spelling(tokenizer)


def _steps(normalizer: Any) -> list[Any]:
    is_sequence = isinstance(normalizer, normalizers.Sequence)
    return [normalizer[i] for i in range(len(normalizer))] if is_sequence else [normalizer]


def _forget_prefix(backend: Any) -> None:
    if backend.normalizer is not None:
        kept = [n for n in _steps(backend.normalizer) if not isinstance(n, normalizers.Prepend)]
        backend.normalizer = normalizers.Sequence(kept)
    before = backend.pre_tokenizer
    if isinstance(before, pre_tokenizers.Metaspace):
        backend.pre_tokenizer = pre_tokenizers.Metaspace(
            replacement=before.replacement, prepend_scheme="never", split=before.split
        )
