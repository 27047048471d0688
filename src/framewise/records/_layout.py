"""Which medium each marker of a conversation stands for."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from framewise.records._medium import Media, MediaKind
from framewise.records._record import MARKERS, Turn, marker_kinds

Slot = tuple[MediaKind, Media | None]
"""One marker of the text and its medium; None: the next one that the row gives for that kind."""


def slots_of(text: str) -> list[Slot]:
    """The open slots of a text: one a marker, in order."""
    return [(kind, None) for kind in marker_kinds(text)]


def place_media(slots: Sequence[Slot], media: Mapping[MediaKind, Sequence[Media]]) -> tuple[Media, ...]:
    """Media in the order of the markers: the n-th open slot of a kind takes the n-th medium of that kind.

    Raises:
        ValueError: A kind has more or fewer open slots than media.
    """
    for kind, given in media.items():
        num_open = sum(slot == (kind, None) for slot in slots)
        if num_open != len(given):
            raise ValueError(
                f"the text has {num_open} {MARKERS[kind]} but the row gives {len(given)} {kind} paths"
            )
    rest = {kind: iter(given) for kind, given in media.items()}
    return tuple(medium or next(rest[kind]) for kind, medium in slots)


def mark_first(turns: Sequence[Turn], markers: str) -> list[Turn]:
    """The turns with ``markers`` put before the text of the first user turn."""
    first = next((i for i, turn in enumerate(turns) if turn.role == "user"), None)
    return [replace(turn, text=markers + turn.text) if i == first else turn for i, turn in enumerate(turns)]
