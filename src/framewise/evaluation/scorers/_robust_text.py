"""Where in a reply its answer stands."""

import re
import unicodedata

_THOUGHT = re.compile(r"<(/?)(think|thinking|reasoning|thought)>", re.IGNORECASE)
_TAGGED = re.compile(r"<answer>(.*?)(?:</answer>|\Z)", re.DOTALL | re.IGNORECASE)
_BOXED = re.compile(r"\\boxed\s*\{([^{}]*)\}|\\text\s*\{([^{}]*)\}")
_TOKEN = re.compile(r"</?s>|<\|[^|<>]*\|>")
_DRESS = re.compile(r"\*+|`+|\$+|__")
_PHRASE = re.compile(
    r"\b(?:answer|option|choice)\s*(?:(?:is|would be|should be|must be)\b\s*[:=]?|[:=]|\s-\s)"
    r"|\bi\s+(?:would\s+|will\s+)?(?:choose|select|pick|go\s+with)\b"
    r"|答案是|答案为|答案:|选|정답은|답은|答えは",
    re.IGNORECASE,
)
# A sentence ends at its mark and a space, but for the period of a letter or number that begins a line ("A. red").
# A row of marks is looked at from its first one only, for a model that fails may say nothing else.
_MARK = "[.!?。！？]"
_END = re.compile(
    rf"\n+|(?:(?<!{_MARK})(?<!^[A-Za-z0-9])|(?<=^[A-Za-z0-9]{_MARK})){_MARK}++(?=\s)", re.MULTILINE
)


def without_reasoning(reply: str) -> str:
    """``reply`` without reasoning in tags and without dress (bold, code, boxes, end marks).

    Of several ``<answer>`` tags the last one holds. Reasoning that never ends has no answer after it.

    >>> without_reasoning("<think>Maybe A.</think>**C**")
    'C'
    """
    text = _without_thoughts(unicodedata.normalize("NFKC", reply))
    tagged: list[str] = _TAGGED.findall(text)
    text = tagged[-1] if tagged else text
    text = _BOXED.sub(lambda found: found[1] or found[2] or "", text)
    return _DRESS.sub("", _TOKEN.sub("", text)).strip()


def _without_thoughts(text: str) -> str:
    """``text`` without what stands in tags, before a last tag that closes, and after one that is never closed."""
    tags = list(_THOUGHT.finditer(text))
    if not tags:
        return text
    closing: dict[str, list[re.Match[str]]] = {}
    for tag in reversed(tags):
        if tag[1]:
            closing.setdefault(tag[2].lower(), []).append(tag)
    kept, end = [], 0
    for tag in tags:
        if tag[1] or tag.start() < end:
            continue
        later = closing.get(tag[2].lower(), [])
        while later and later[-1].start() < tag.end():
            later.pop()
        if later:
            kept.append(text[end : tag.start()])
            end = later[-1].end()
    rest = "".join([*kept, text[end:]])
    left = list(_THOUGHT.finditer(rest))
    start = max((tag.end() for tag in left if tag[1]), default=0)
    return rest[start : next((tag.start() for tag in left if tag.start() >= start), None)]


def announced(text: str) -> str | None:
    """What follows the last "the answer is" or the like; None where nothing is announced.

    >>> announced("At first A seems right, but the answer is B.")
    'B.'
    """
    found = list(_PHRASE.finditer(text))
    return text[found[-1].end() :].strip() if found else None


def sentences(text: str) -> list[str]:
    r"""Lines and sentences, in order.

    >>> sentences("A. red\nIt is not B. It is C.")
    ['A. red', 'It is not B', 'It is C.']
    """
    return [part.strip() for part in _END.split(text) if part.strip()]
