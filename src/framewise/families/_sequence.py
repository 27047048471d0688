"""Token sequences out of conversation pieces and media, and batches out of sequences."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch

from framewise.families._chat import Piece
from framewise.families._family import Encoded, VisualShape
from framewise.families._positions import Grid
from framewise.families._tokenize import tokenize_pieces

IGNORED = -100
"""Label of a token that the loss leaves out."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """Visual tokens in a row: one placeholder repeated."""

    placeholder: int
    """Token id."""
    grid: Grid | int
    """The tokens' places, or their number where positions just count on."""

    @property
    def num_tokens(self) -> int:
        """Times that the placeholder is repeated."""
        return self.grid if isinstance(self.grid, int) else self.grid.num_tokens


Medium = Sequence[Block | Sequence[int]]
"""One medium in a sequence: blocks of visual tokens, and ids of the text tokens around and between them."""


@dataclass(frozen=True, kw_only=True)
class TokenRow:
    """One sequence before positions and pixels."""

    input_ids: torch.Tensor
    """int64 [L]."""
    labels: torch.Tensor
    """int64 [L]."""
    spans: list[int | Grid]
    """What ``sequence_positions`` reads."""


def token_row(tokenizer: Any, pieces: Sequence[Piece], media: Sequence[Medium]) -> TokenRow:
    """Join pieces and media to one sequence with labels.

    Labels stand on replies and on the token that ends each.
    """
    ids: list[int] = []
    labels: list[int] = []
    spans: list[int | Grid] = []
    waiting = iter(media)
    for span in tokenize_pieces(tokenizer, pieces):
        new = list(span.ids)
        if span.kind == "medium":
            for part in next(waiting):
                new += [part.placeholder] * part.num_tokens if isinstance(part, Block) else part
                spans.append(part.grid if isinstance(part, Block) else len(part))
        else:
            spans.append(len(new))
        ids += new
        labels += new if span.kind in ("reply", "end") else [IGNORED] * len(new)
    return TokenRow(input_ids=torch.tensor(ids), labels=torch.tensor(labels), spans=spans)


def num_visual_tokens(media: Sequence[Medium]) -> int:
    """Placeholders of all media together."""
    return sum(part.num_tokens for medium in media for part in medium if isinstance(part, Block))


def check_markers(pieces: Sequence[Piece], shapes: Sequence[VisualShape]) -> None:
    """Refuse text whose markers are not about these media.

    Raises:
        ValueError: Markers and shapes differ in number or kind.
    """
    marked = [p.text.strip("<>") for p in pieces if p.kind == "medium"]
    if marked != [s.kind for s in shapes]:
        raise ValueError(f"the text marks {marked} but the visuals are {[s.kind for s in shapes]}")


def pad_batch(
    batch: Sequence[Encoded], *, pad: Literal["left", "right"], pad_id: int
) -> dict[str, torch.Tensor]:
    """Pad token rows to one length and join what else the sequences hold along dim 0.

    Returns:
        input_ids, labels and attention_mask, int64 [B, L]; position_ids, float32 [A, B, L], or int64 [B, L]
        where positions count tokens (A = 1); the other tensors.
    """
    length = max(len(e) for e in batch)

    def padded(rows: list[torch.Tensor], value: int) -> torch.Tensor:
        missing = [length - row.shape[-1] for row in rows]
        sides = [(n, 0) if pad == "left" else (0, n) for n in missing]
        return torch.stack(
            [torch.nn.functional.pad(r, s, value=value) for r, s in zip(rows, sides, strict=True)]
        )

    positions = padded([e.positions for e in batch], 0)
    counted = positions.shape[1] == 1
    joined = {
        "input_ids": padded([e.input_ids for e in batch], pad_id),
        "labels": padded([e.labels for e in batch], IGNORED),
        "attention_mask": padded([torch.ones_like(e.input_ids) for e in batch], 0),
        "position_ids": positions[:, 0].long() if counted else positions.transpose(0, 1).contiguous(),
    }
    for key in sorted({key for e in batch for key in e.tensors}):
        joined[key] = torch.cat([e.tensors[key] for e in batch if key in e.tensors])
    return joined
