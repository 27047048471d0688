"""Our reading of multiple-choice replies.

The answer is looked for in this order, and the first thing found decides:

1. Reasoning in tags, bold, boxes and end marks are taken away; of ``<answer>`` tags the last one is read. A list
   of the options, repeated from the question, says nothing.
2. What follows the last "the answer is" (or "answer:", "I choose", ...): its first sentence that names an option.
3. The last sentence with a *marked* label: alone, before ``.``, ``)`` or ``:``, in brackets, after "option", or
   with its own text; or that is an option's text and no more.
4. The last sentence that names one by a bare capital, or by a small letter that ends it. The article in "A man",
   the pronoun in "I see" and "B-flat" are no labels.
5. The last sentence that holds an option's text as whole words. Of texts within each other the longest counts, so
   "dark red" does not name "red".

Case never matters for texts, nor for marked labels. A label or text after "not" is not named. A sentence that
names two options at once ("A or B") is no answer, and no other sentence is asked instead.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache

from framewise.evaluation._parsing import find_choices, words, words_of_choice
from framewise.evaluation.scorers._robust_text import announced, sentences, without_reasoning

Options = Mapping[str, str]
_Reader = Callable[[str, Options], set[str]]

_LABELLED = re.compile(r"\s*\(?([A-Za-z])[.):]\s*(?=\S)")
_NOT = re.compile(
    r"(?:\bnot|n['’]t|\bneither|\bnor|\bexclude|\bthan)\s+(?:(?:the|option|choice)\s+)*\(?$", re.IGNORECASE
)
_DENIALS = ("not", "isnt", "neither", "nor", "than")
_INNER = re.compile(r"\w")
_BEFORE = 200
"""Characters before a place in which a denial of it is looked for: replies can be very long."""
_EDGES = " \t\"'“”‘’.,:;!?()[]{}<>-–—✅"


def without_letter(option: str) -> str:
    """The text of an option that is written with its letter.

    >>> without_letter("B. dark red"), without_letter("dark red")
    ('dark red', 'dark red')
    """
    return _LABELLED.sub("", option, count=1)


def robust_choice(reply: str, options: Options) -> str | None:
    """The label of the one option that ``reply`` names as its answer, or None.

    >>> robust_choice("It could be red, but it is Dark Red.", {"A": "red", "B": "dark red"})
    >>> robust_choice("The colour is Dark Red.", {"A": "red", "B": "dark red"})
    'B'
    >>> robust_choice("(b)", {"A": "red", "B": "dark red"})
    'B'

    Args:
        reply: What the model said.
        options: The option texts by label; labels are capital letters or digits.
    """
    said = _without_list(without_reasoning(reply), options)
    tail = announced(said)
    if tail is not None:
        for sentence in sentences(tail):
            named = _first(sentence, options)
            if named:
                return _only(named)
    parts = sentences(said)[::-1]
    for reader in _READERS:
        for sentence in parts:
            named = reader(sentence, options)
            if named:
                return _only(named)
    return None


def _first(sentence: str, options: Options) -> set[str]:
    """What the first reader finds that finds anything."""
    return next((named for reader in _READERS if (named := reader(sentence, options))), set())


def _only(named: set[str]) -> str | None:
    return next(iter(named)) if len(named) == 1 else None


def _without_list(said: str, options: Options) -> str:
    """``said`` without options that stand there with label and text, where two or more do."""
    there = [label for label, option in options.items() if _is_listed(said, label, option.strip())]
    if len(there) < 2:
        return said
    for label in there:
        said = _entry(label, options[label].strip()).sub("\n", said)
    return said


def _is_listed(said: str, label: str, text: str) -> bool:
    """Whether an option stands there with its label. Patterns take long to make: there is none for each text."""
    if not text:
        return False
    if not (text.isascii() and said.isascii()):
        return _entry(label, text).search(said) is not None
    wanted, length = text.lower(), len(text)
    ends = (found.end() for found in _lead(label).finditer(said))
    return any(said[end : end + length].lower() == wanted for end in ends)


def _entry(label: str, text: str) -> re.Pattern[str]:
    return re.compile(rf"{_lead(label).pattern}{re.escape(text)}[.,;]?", re.IGNORECASE)


@lru_cache(maxsize=256)
def _lead(label: str) -> re.Pattern[str]:
    return re.compile(rf"\(?\b{re.escape(label)}[.):]\s*", re.IGNORECASE)


def _marked(sentence: str, options: Options) -> set[str]:
    core = sentence.strip(_EDGES)
    if core.upper() in options:
        return {core.upper()}
    said = tuple(words(core))
    exact = {label for label, option in options.items() if said and words_of_choice(option) == said}
    if exact:
        return exact
    return {
        label
        for label, option in options.items()
        if _begins_with(sentence, label, option.strip()) or any(_affirmed(sentence, _forms(label)))
    }


def _begins_with(sentence: str, label: str, text: str) -> bool:
    """Whether the sentence is the label, then the option's text."""
    lead = _label_first(label).match(sentence) if text else None
    return (
        lead is not None
        and sentence.startswith(text, lead.end())
        and not _INNER.match(sentence, lead.end() + len(text))
    )


@lru_cache(maxsize=256)
def _label_first(label: str) -> re.Pattern[str]:
    return re.compile(rf"\W*{label}\s+")


@lru_cache(maxsize=256)
def _forms(label: str) -> re.Pattern[str]:
    """Ways to write a label that leave no doubt."""
    either = f"[{label}{label.lower()}]"
    forms = [
        rf"^\W*{either}\s*[.):\]](?=\s|$)",
        rf"[(\[]{either}[)\]]",
        rf"(?<![\w-]){label}[.):](?=\s|$)",
        rf"\b(?i:option|choice|caption|sentence|letter)\s+(?:{label}(?![\w'’-])|{either}(?=\W*$))",
    ]
    return re.compile("|".join(forms))


def _affirmed(sentence: str, form: re.Pattern[str]) -> Iterator[bool]:
    """Whether each place of ``form`` stands without a "not" before it."""
    return (
        _NOT.search(sentence[max(0, place.start() - _BEFORE) : place.start()]) is None
        for place in form.finditer(sentence)
    )


def _bare(sentence: str, options: Options) -> set[str]:
    letters = [label for label in options if label.isalpha()]
    return {label for label in letters if any(_affirmed(sentence, _bare_form(label)))}


@lru_cache(maxsize=256)
def _bare_form(label: str) -> re.Pattern[str]:
    follows = r"(?!\s+(?!and\b|or\b)[^\W\d_])" if label in "AI" else ""
    return re.compile(rf"(?<![\w'’-]){label}(?![\w'’-]){follows}|(?<=\s){label.lower()}(?=\W*$)", re.ASCII)


def _in_words(sentence: str, options: Options) -> set[str]:
    texts: dict[str, list[str]] = {}
    for label, option in options.items():
        texts.setdefault(" ".join(words_of_choice(option)), []).append(label)
    named = find_choices(sentence, list(texts))
    if len(named) > 1:
        named = find_choices(_without_denied(sentence, list(texts)), list(texts))
    return {label for option in named for label in texts[option]}


def _without_denied(sentence: str, options: Sequence[str]) -> str:
    """The words of the sentence without options that stand right after "not"."""
    said = f" {' '.join(words(sentence))} "
    for option in sorted(options, key=len, reverse=True):
        for denial in _DENIALS:
            said = said.replace(f" {denial} {option} ", f" {denial} ") if option else said
    return said


_READERS: tuple[_Reader, ...] = (_marked, _bare, _in_words)
