"""Which task a conversation is, where the dataset does not say."""

import re
from collections.abc import Sequence

from framewise.records._record import Task, Turn, strip_markers

_OPTIONS = tuple(
    (re.compile(pattern.format("A"), re.MULTILINE), re.compile(pattern.format("B"), re.MULTILINE))
    for pattern in (r"^[ \t]{{0,9}}\(?{}[.):][ \t]{{0,9}}\S", r"\({}\)\s{{0,9}}\S")
)
"""Patterns of a first and a second option: at the start of a line, and in brackets anywhere."""
_CAPTION_SOURCE = re.compile(r"(?:^|[^a-z])(?:cap|caps|captions?|captioning)(?:[^a-z]|$)", re.IGNORECASE)
_ADJECTIVE = r"(?:(?:whole|entire|following|given|provided|above)\s+)?"
_WHOLE = _ADJECTIVE + r"(?:video|clip|footage|film|image|picture|photo|scene)"
_CAPTION_REQUEST = re.compile(
    r"^(?:please\s+|kindly\s+|(?:can|could|would)\s+you\s+(?:please\s+)?)*"
    r"(?:"
    rf"(?:describe|caption|summari[sz]e|narrate)\s+(?:\S+\s+)?(?:the|this)\s+{_WHOLE}\b"
    r"|describe\s+what\s+(?:is\s+happening|happens|you\s+see)\b"
    r"|(?:provide|give|write|generate|create|offer)\s+(?:me\s+)?(?:an?|the|your)\s+(?:[\w-]+,?\s+(?:and\s+)?){0,3}?"
    r"(?:description|caption|summary|narrative)\b"
    r")",
    re.IGNORECASE,
)


def infer_task(turns: Sequence[Turn], source: str) -> Task:
    r"""The task of a conversation whose row states none, from its first user turn.

    1. ``multiple_choice``: the turn lists options: a line that begins with ``A.``, ``A)``, ``A:`` or
       ``(A)`` and a later one with B; or ``(A) ... (B) ...`` within a line.
    2. ``caption``: the turn asks for a description, caption or summary of the video or image as a whole (it
       begins with "Describe the video", "Please provide a detailed description", ...), or the source's name
       has the word cap, caption, captions or captioning.
    3. ``open_ended``: everything else.

    >>> infer_task([Turn(role="user", text="<video>\nWhich comes first?\nA. a dog\nB. a cat")], "nextqa")
    'multiple_choice'
    >>> infer_task([Turn(role="user", text="<video>\nDescribe the video in detail.")], "youcook2")
    'caption'
    >>> infer_task([Turn(role="user", text="<video>\nDescribe the man's shirt.")], "youcook2")
    'open_ended'
    """
    question = next((turn.text for turn in turns if turn.role == "user"), "")
    if _lists_options(question):
        return "multiple_choice"
    if _CAPTION_SOURCE.search(source) or _CAPTION_REQUEST.search(strip_markers(question)):
        return "caption"
    return "open_ended"


def _lists_options(question: str) -> bool:
    firsts = ((first.search(question), second) for first, second in _OPTIONS)
    return any(found and second.search(question, found.end()) for found, second in firsts)
