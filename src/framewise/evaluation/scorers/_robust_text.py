"""Where in a reply its answer stands."""

import re
import unicodedata

_THOUGHT = re.compile(r"<(think|thinking|reasoning|thought)>.*?</\1>", re.DOTALL | re.IGNORECASE)
_OPEN_THOUGHT = re.compile(r"<(?:think|thinking|reasoning|thought)>", re.IGNORECASE)
_END_OF_THOUGHT = re.compile(r".*</(?:think|thinking|reasoning|thought)>", re.DOTALL | re.IGNORECASE)
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
_END = re.compile(r"\n+|(?<!^[A-Za-z0-9])[.!?。！？]+(?=\s)", re.MULTILINE)


def without_reasoning(reply: str) -> str:
    """``reply`` without reasoning in tags and without dress (bold, code, boxes, end marks).

    Of several ``<answer>`` tags the last one holds. Reasoning that never ends has no answer after it.

    >>> without_reasoning("<think>Maybe A.</think>**C**")
    'C'
    """
    text = _END_OF_THOUGHT.sub("", _THOUGHT.sub("", unicodedata.normalize("NFKC", reply)))
    text = _OPEN_THOUGHT.split(text)[0]
    tagged: list[str] = _TAGGED.findall(text)
    text = tagged[-1] if tagged else text
    text = _BOXED.sub(lambda found: found[1] or found[2] or "", text)
    return _DRESS.sub("", _TOKEN.sub("", text)).strip()


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
