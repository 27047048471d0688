"""TempCompass: four ways of asking about five temporal aspects; captioning needs a judge's reply."""

from collections.abc import Callable, Sequence

import numpy as np

from framewise._errors import UsageError
from framewise.evaluation._metrics import Metric, by, mean
from framewise.evaluation.scorers import _scorer as tools
from framewise.evaluation.scorers._outcome import Outcome, Row, right_if, text
from framewise.evaluation.scorers._robust_choice import robust_choice, without_letter
from framewise.evaluation.scorers._robust_yes_no import robust_yes_no
from framewise.evaluation.scorers._scorer import Scorer, by_name, scored, scores
from framewise.evaluation.scorers._spreadsheet import read_back
from framewise.evaluation.scorers._yes_no import tempcompass_yes_no

TASKS = ("multi-choice", "yes_no", "caption_matching", "captioning")
CAPTIONING = "captioning"
_LETTERS = "ABCD"
_INVALID_REQUEST = "invalid_request_error"
Rule = Callable[[Row, str], Outcome]


def task_of(row: Row) -> str:
    """The way of asking.

    Raises:
        UsageError: It is none of the four.
    """
    task = text(row, "task", "task_type")
    if task not in TASKS:
        raise UsageError(f"item {row.get('item_id')!r}: task {task!r} is none of {', '.join(TASKS)}")
    return task


def captions(question: str) -> dict[str, str]:
    """The sentences to match by their labels, such as ``Caption A``."""
    return dict(_label_and_sentence(line) for line in _caption_lines(question))


def _caption_lines(question: str) -> list[str]:
    """The lines after the first that have a label."""
    return [line for line in question.split("\n")[1:] if ": " in line]


def _label_and_sentence(line: str) -> tuple[str, str]:
    label, sentence, *_ = line.split(": ")
    return label, sentence


def _multi_choice(row: Row, reply: str) -> Outcome:
    answer = text(row, "answer")
    if reply == answer:
        return Outcome(answer[0], 1.0)
    if reply in _LETTERS and len(reply) == 1:
        return right_if(reply, answer[0])
    for mark in (".", ")"):
        if reply[:1] and reply[0] in _LETTERS and reply[1:2] == mark:
            return right_if(reply[0], answer[0])
    return Outcome(None, 0.0)


def _yes_no(row: Row, reply: str) -> Outcome:
    return right_if(tempcompass_yes_no(reply), text(row, "answer"))


def _caption_matching(row: Row, reply: str) -> Outcome:
    """The reply is a label, its last part, a sentence, both, or has the sentence after a bracket."""
    options, answer = captions(text(row, "question")), text(row, "answer")
    named = {short: label for label in options for short in (label, label.split(" ")[-1])}
    plain = reply.replace(".", "")
    label = named.get(reply) or named.get(plain)
    if label is not None:
        return right_if(label, _label_and_sentence(answer)[0])
    said = {reply, reply.split(") ")[1] if ") " in reply else reply}
    # Two options may have one sentence; the gold one is asked first.
    for line in (answer, *_caption_lines(text(row, "question"))):
        label, sentence = _label_and_sentence(line)
        if reply == line or sentence in said:
            return right_if(label, _label_and_sentence(answer)[0])
    return Outcome(None, 0.0)


def _captioning(row: Row) -> Outcome:
    """What the judge's reply says; no score where there is none, -1 where the request failed."""
    if "judge_output" not in row:
        return Outcome(None, None)
    reply, gold = text(row, "judge_output"), text(row, "mc_answer")
    if reply in ("", _INVALID_REQUEST):
        return Outcome(None, -1.0)
    lines = [line for line in reply.split("\n") if "Answer" in line]
    answer = lines[-1].strip().replace("Answer:", "").strip() if lines else reply
    same = answer.split(". ")[0] == gold.split(". ")[0]
    single = sum(answer.count(f"{letter}.") for letter in _LETTERS) == 1
    return Outcome(answer, float(same and single))


_RULES: dict[str, Rule] = {
    "multi-choice": _multi_choice,
    "yes_no": _yes_no,
    "caption_matching": _caption_matching,
}


def _by_rule(row: Row, reply: str) -> Outcome:
    return _RULES[task_of(row)](row, reply)


def _official(row: Row) -> Outcome:
    if task_of(row) == CAPTIONING:
        return _captioning(row)
    return _by_rule(row, text(row, "prediction").replace("</s>", "").strip())


def _lmms_eval(row: Row) -> Outcome:
    return _captioning(row) if task_of(row) == CAPTIONING else _by_rule(row, text(row, "prediction"))


def _vlmevalkit(row: Row) -> Outcome:
    """The tool stops at a reply that its spreadsheet lost; here the item is left out."""
    if task_of(row) == CAPTIONING:
        return _captioning(row)
    reply = read_back(text(row, "prediction"))
    return Outcome(None, None) if reply is None else _by_rule(row, reply)


def _robust(row: Row) -> Outcome:
    task, question = task_of(row), text(row, "question")
    if task == CAPTIONING:
        return _captioning(row)
    reply, answer = text(row, "prediction"), text(row, "answer")
    if task == "yes_no":
        return right_if(robust_yes_no(reply), answer.lower())
    if task == "multi-choice":
        options = {line[0]: without_letter(line) for line in question.split("\n")[1:] if line}
        return right_if(robust_choice(reply, options), answer[0])
    sentences = {label.split(" ")[-1]: sentence for label, sentence in captions(question).items()}
    return right_if(robust_choice(reply, sentences), answer.split(": ")[0].split(" ")[-1])


def _metrics(
    values: Callable[[Sequence[Outcome]], list[float]],
) -> Callable[[Sequence[Row], Sequence[Outcome]], dict[str, Metric]]:
    """``overall`` (all items that a rule scores), ``match_rate`` (share that the rules could read), slices.

    Captioning is a slice and no part of the overall, for its scores are a judge's.
    """

    def metrics(rows: Sequence[Row], outcomes: Sequence[Outcome]) -> dict[str, Metric]:
        numbers, kept = values(outcomes), np.array(scored(outcomes))
        tasks, dims = [task_of(row) for row in rows], [text(row, "dim") for row in rows]
        by_rule = np.array([task != CAPTIONING for task in tasks])
        read = np.array([outcome.parsed is not None for outcome in outcomes])
        found = {
            "overall": mean(numbers, kept & by_rule, unit="percent"),
            "match_rate": mean(read, by_rule, unit="percent"),
            **by("task", tasks, numbers, kept, unit="percent"),
            **by("dim", dims, numbers, kept & by_rule, unit="percent"),
        }
        for task in dict.fromkeys(tasks):
            here = np.array([other == task for other in tasks])
            found[f"task/{task}/match_rate"] = mean(read, here, unit="percent")
            found.update(by(f"task/{task}/dim", dims, numbers, kept & here, unit="percent"))
        return found

    return metrics


def _only_ones(outcomes: Sequence[Outcome]) -> list[float]:
    return [float(outcome.score == 1.0) for outcome in outcomes]


SCORERS = by_name(
    Scorer(name="official", version="e1b4631", read=_official, metrics=_metrics(scores)),
    Scorer(name="lmms_eval", version=tools.LMMS_EVAL, read=_lmms_eval, metrics=_metrics(_only_ones)),
    Scorer(name="vlmevalkit", version=tools.VLMEVALKIT, read=_vlmevalkit, metrics=_metrics(scores)),
    Scorer(name="robust", version=tools.ROBUST, read=_robust, metrics=_metrics(_only_ones)),
)
