"""Reasons for which several trainers cannot honour a sample."""

from framewise.exports._exporter import Sample, Setup
from framewise.records import Record, marker_kinds

_EVEN = 2


def refuse_numbers(sample: Sample) -> str | None:
    """Models that read frames in pairs need an even number of at least two."""
    for video in sample.videos:
        if video.num_frames % _EVEN or video.num_frames < _EVEN:
            return f"{video.num_frames} frames: the model reads them in pairs, and the trainer would change the number"
    return None


def refuse_roles(record: Record, *, system: bool) -> str | None:
    """The trainer needs user and assistant in turn, or reads the roles wrongly without a word."""
    roles = [turn.role for turn in record.turns]
    if roles[0] == "system":
        if not system:
            return "the trainer's layout has no place for a system's turn"
        roles = roles[1:]
    if len(roles) % 2 or any(role != ("user", "assistant")[i % 2] for i, role in enumerate(roles)):
        return f"the turns are {', '.join(roles)}: the trainer needs user and assistant in turn"
    return None


def refuse_markers(record: Record) -> str | None:
    """The trainer finds media in user turns alone."""
    if any(marker_kinds(turn.text) for turn in record.turns if turn.role != "user"):
        return "a medium stands outside the user's turns, where the trainer does not find it"
    return None


def refuse_mixed(sample: Sample) -> str | None:
    """The trainer reads the images of a row or its videos."""
    if sample.videos and sample.num_images:
        return "it has images and videos, and the trainer reads only one kind in a row"
    return None


def refuse_several(sample: Sample, why: str) -> str | None:
    """The trainer reads one video of a row."""
    return f"it has {len(sample.videos)} videos: {why}" if len(sample.videos) > 1 else None


def first_reason(*reasons: str | None) -> str | None:
    """The first that there is."""
    return next((reason for reason in reasons if reason), None)


def refuse_several_rates(sample: Sample, setup: Setup, why: str) -> str | None:
    """The trainer has one rate for the videos of a row, which models with time positions are told."""
    return refuse_several(sample, why) if setup.target.clock == "positions" else None
