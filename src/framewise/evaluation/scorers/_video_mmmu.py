"""Video-MMMU: what a lecture teaches, in three tracks; many options, and some open questions."""

import re
from collections.abc import Callable, Sequence

import numpy as np

from framewise._errors import UsageError
from framewise.evaluation._metrics import Metric, Ratio, Unit, by, macro, mean
from framewise.evaluation.scorers import _scorer as tools
from framewise.evaluation.scorers._mmmu_choice import API_ERROR, mmmu_choice
from framewise.evaluation.scorers._mmmu_open import mmmu_open, mmmu_open_matches
from framewise.evaluation.scorers._outcome import Outcome, Row, enumerated, right_if, text, texts
from framewise.evaluation.scorers._robust_choice import robust_choice, without_letter
from framewise.evaluation.scorers._robust_open import robust_open
from framewise.evaluation.scorers._scorer import Scorer, by_name, scored, scores
from framewise.evaluation.scorers._shared_letter import shared_letter

QUESTION_ONLY = "QuestionOnly"
"""Our name for the adaptation questions asked without the lecture."""
TRACKS = ("Perception", "Comprehension", "Adaptation")
DISCIPLINES = {
    "Art and Design": ("Art", "Art_Theory", "Design", "Music"),
    "Business": ("Accounting", "Economics", "Finance", "Manage", "Marketing"),
    "Science": ("Biology", "Chemistry", "Geography", "Math", "Physics"),
    "Health and Medicine": (
        "Basic_Medical_Science", "Clinical_Medicine", "Diagnostics_and_Laboratory_Medicine", "Pharmacy",
        "Public_Health",
    ),
    "Humanities and Social Science": ("History", "Literature", "Sociology", "Psychology"),
    "Tech and Engineering": (
        "Agriculture", "Architecture_and_Engineering", "Computer_Science", "Electronics", "Energy_and_Power",
        "Materials", "Mechanical_Engineering",
    ),
}  # fmt: skip
_DISCIPLINE_OF = {subject: name for name, subjects in DISCIPLINES.items() for subject in subjects}
_ID = re.compile(r"[^_]+_(?P<subject>.+)_\d+")
_LAST_ANSWER = "Answer:"
Parts = tuple[Callable[[str, dict[str, str]], str | None], bool]


def subject_of(row: Row) -> str:
    """The subject in an id such as ``validation_Art_Theory_12``.

    Raises:
        UsageError: The id has another form, or the subject is none of the thirty.
    """
    found = _ID.fullmatch(text(row, "id"))
    if found is None or found["subject"] not in _DISCIPLINE_OF:
        raise UsageError(f"item {row.get('item_id')!r}: the id {row['id']!r} names none of the 30 subjects")
    return found["subject"]


def discipline_of(row: Row) -> str:
    """The discipline of the row's subject."""
    return _DISCIPLINE_OF[subject_of(row)]


def track_of(row: Row) -> str:
    """The row's track."""
    return text(row, "track", "category")


def is_open(row: Row) -> bool:
    """Whether the question is open; the one row without a type is."""
    return row.get("question_type") != "multiple-choice"


def _mmmu(row: Row, reply: str) -> Outcome:
    options = enumerated(texts(row, "options"))
    letter = mmmu_choice(reply, options)
    return Outcome(None, None) if letter == API_ERROR else right_if(letter, text(row, "answer"))


def _open(row: Row, reply: str) -> Outcome:
    read = mmmu_open(reply)
    if read == API_ERROR or isinstance(read, str):
        return Outcome(None, None)
    return Outcome(read, float(mmmu_open_matches(row["answer"], read)))


def _shared(row: Row, reply: str) -> Outcome:
    return right_if(shared_letter(reply, list(enumerated(texts(row, "options")))), text(row, "answer"))


def _rule(choice: Callable[[Row, str], Outcome], *, after_answer: bool = False) -> Callable[[Row], Outcome]:
    """A tool's rule; ``after_answer``: only what follows the last ``Answer:`` is read."""

    def read(row: Row) -> Outcome:
        reply = text(row, "prediction")
        if after_answer:
            reply = reply.split(_LAST_ANSWER)[-1].strip()
        return _open(row, reply) if is_open(row) else choice(row, reply)

    return read


def _robust(row: Row) -> Outcome:
    reply = text(row, "prediction")
    if is_open(row):
        return robust_open(reply, row["answer"])
    options = [without_letter(option) for option in texts(row, "options")]
    return right_if(robust_choice(reply, enumerated(options)), text(row, "answer"))


def _metrics(
    unit: Unit, *, micro: bool = False
) -> Callable[[Sequence[Row], Sequence[Outcome]], dict[str, Metric]]:
    """``overall`` (mean of the three tracks; ``micro``: of all items), slices, and what watching teaches."""

    def metrics(rows: Sequence[Row], outcomes: Sequence[Outcome]) -> dict[str, Metric]:
        right, kept = scores(outcomes), np.array(scored(outcomes))
        tracks = [track_of(row) for row in rows]
        disciplines, subjects = [discipline_of(row) for row in rows], [subject_of(row) for row in rows]
        watched = kept & np.array([track != QUESTION_ONLY for track in tracks])
        accuracy = by("track", tracks, right, kept, unit=unit)
        parts = [accuracy[f"track/{track}"] for track in TRACKS if f"track/{track}" in accuracy]
        found = {"unparsed_rate": mean([outcome.parsed is None for outcome in outcomes]), **accuracy}
        if parts:
            found["overall"] = mean(right, watched, unit=unit) if micro else macro(parts)
        for track in dict.fromkeys(tracks):
            here = kept & np.array([other == track for other in tracks])
            found.update(by(f"track/{track}/discipline", disciplines, right, here, unit=unit))
            found.update(by(f"track/{track}/subject", subjects, right, here, unit=unit))
        return {**found, **knowledge_gain(rows, outcomes)}

    return metrics


def knowledge_gain(rows: Sequence[Row], outcomes: Sequence[Outcome]) -> dict[str, Metric]:
    """What watching changes, over adaptation questions scored with and without the lecture; empty without both.

    ``delta_knowledge``: gained accuracy over what there was to gain, in percent (Video-MMMU, section 4).
    ``wrong_to_right``: share of the questions wrong without the lecture that are right with it;
    ``right_to_wrong``: the reverse.
    """
    with_lecture, alone = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    places = {row["id"]: place for place, row in enumerate(rows) if track_of(row) == "Adaptation"}
    for row, outcome in zip(rows, outcomes, strict=True):
        place = places.get(row["id"]) if track_of(row) == QUESTION_ONLY else None
        if place is None or outcome.score is None or outcomes[place].score is None:
            continue
        with_lecture[place], alone[place] = outcomes[place].score, outcome.score
    both = ~np.isnan(alone)
    if not both.any():
        return {}
    after, before = np.where(both, with_lecture, 0.0), np.where(both, alone, 0.0)
    wrong = both - before
    return {
        "delta_knowledge": _share(after - before, wrong),
        "wrong_to_right": _share(after * wrong, wrong),
        "right_to_wrong": _share((1 - after) * before, before),
    }


def _share(above: np.ndarray, below: np.ndarray) -> Metric:
    return Metric((Ratio(above.astype(np.float64), below.astype(np.float64), 100.0),), "percent")


SCORERS = by_name(
    # The authors' own evaluation is lmms-eval, at the time of their paper.
    Scorer(
        name="official",
        version=f"lmms-eval-{tools.LMMS_EVAL_OLD}",
        read=_rule(_mmmu),
        metrics=_metrics("percent"),
    ),
    Scorer(name="lmms_eval", version=tools.LMMS_EVAL, read=_rule(_shared), metrics=_metrics("fraction")),
    Scorer(
        name="lmms_eval_v071", version=tools.LMMS_EVAL_OLD, read=_rule(_mmmu), metrics=_metrics("fraction")
    ),
    Scorer(
        name="vlmevalkit",
        version=tools.VLMEVALKIT,
        read=_rule(_mmmu, after_answer=True),
        metrics=_metrics("percent", micro=True),
    ),
    Scorer(name="robust", version=tools.ROBUST, read=_robust, metrics=_metrics("percent")),
)
