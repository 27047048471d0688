"""Result folders of lmms-eval (0.4 to 0.7): ``<model>/<date>_results.json`` beside ``<date>_samples_<task>.jsonl``.

The files leave out the data set's rows, so the official fields are gathered from what each task keeps of them and
from the prompt: no data is needed. Of MVBench the clip is not kept, so each question is a cluster by itself.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from framewise._errors import UsageError
from framewise._jsonl import read_json, read_rows
from framewise.evaluation._importer import Harvest, Importer, Row
from framewise.evaluation.benchmarks.mvbench import TASKS

_RESULTS = re.compile(r"(\d{8}_\d{6}|.*\d{4}-\d\d-\d\dT[\d.-]+)_results\.json")
_KEPT = ("model_args", "limit", "offset", "gen_kwargs")
_OLD_RULES, _NEW_RULES = "lmms_eval_v071", (0, 7, 2)
_LETTERED = re.compile(r"^\(?([A-N])[.)] ?(.*)$", re.MULTILINE)
_AFTER_OPTIONS = "\nAnswer with"
_POPE = {"pope_adv": "adversarial", "pope_pop": "popular", "pope_random": "random", "pope": "all"}
_MVBENCH = {"mvbench_" + re.sub(r"[ -]", "_", task.lower()): task for task in TASKS}
_TEMPCOMPASS = {
    "tempcompass_multi_choice": "multi-choice",
    "tempcompass_yes_no": "yes_no",
    "tempcompass_caption_matching": "caption_matching",
}
_TRACKS = {
    "video_mmmu_perception": "Perception",
    "video_mmmu_comprehension": "Comprehension",
    "video_mmmu_adaptation": "Adaptation",
    "video_mmmu_adaptation_question_only": "QuestionOnly",
}


class LmmsEval(Importer):
    """Reads ``--output_path`` of a run with ``--log_samples``."""

    tool: ClassVar[str] = "lmms_eval"

    def read(self, path: Path) -> Harvest:
        """All tasks of one run that are about a known benchmark."""
        results_file, date = _find_run(path)
        results = read_json(results_file)
        rows: dict[str, list[Row]] = {}
        own: dict[str, dict[str, float]] = {}
        notes: list[str] = []
        files = [results_file]
        for file in sorted(results_file.parent.glob(f"{date}_samples_*.jsonl")):
            task = file.name.removeprefix(f"{date}_samples_").removesuffix(".jsonl")
            benchmark = _benchmark_of(task)
            if benchmark is None:
                notes.append(f"task {task} is of no known benchmark and was left out")
                continue
            files.append(file)
            rows.setdefault(benchmark, []).extend(_rows(file, benchmark, task))
            own.setdefault(benchmark, {}).update(_numbers(results, task))
        if not rows:
            raise UsageError(
                f"{results_file.parent} has no samples of a known benchmark for {results_file.name}: "
                "run lmms-eval with --log_samples"
            )
        config = results.get("config") or {}
        settings = {name: config.get(name) for name in _KEPT if name != "model_args"}
        said = str(results.get("lmms_eval_version") or "")
        version = said or str(results.get("git_hash") or "unknown")
        return Harvest(
            model=str(results.get("model_name") or results_file.parent.name),
            rows=rows,
            own=own,
            settings={"tool": "lmms-eval", "tool_version": version, **settings},
            notes=tuple(notes),
            rules=_OLD_RULES if _is_old(said) else "",
            files=tuple(files),
        )


def _is_old(version: str) -> bool:
    """Whether replies were read by the rules before 0.7.2; the tool names its version since 0.7."""
    numbers = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", version)
    return numbers is None or tuple(int(part or 0) for part in numbers.groups()) < _NEW_RULES


def _find_run(path: Path) -> tuple[Path, str]:
    files = [path] if path.is_file() else sorted(path.rglob("*_results.json"))
    runs = [(file, found[1]) for file in files if (found := _RESULTS.fullmatch(file.name))]
    if not runs:
        raise UsageError(f"{path} has no result of lmms-eval: no file like 20251111_202127_results.json")
    if len(runs) > 1:
        names = ", ".join(str(file) for file, _ in runs[:5])
        raise UsageError(f"{path} has {len(runs)} runs ({names}): give one of these files")
    return runs[0]


def _benchmark_of(task: str) -> str | None:
    for names, benchmark in ((_POPE, "pope"), (_MVBENCH, "mvbench"), (_TRACKS, "video_mmmu")):
        if task in names:
            return benchmark
    if task in _TEMPCOMPASS:
        return "tempcompass"
    if re.fullmatch(r"mmbench_en_dev(_static|_lite)?", task):
        return "mmbench"
    return {
        "mme": "mme",
        "mmstar": "mmstar",
        "videomme": "video_mme",
        "videomme_w_subtitle": "video_mme",
    }.get(task)


def _rows(file: Path, benchmark: str, task: str) -> list[Row]:
    rows = []
    for number, sample in enumerate(read_rows(file), start=1):
        try:
            reply, prompt = _first_text(sample["filtered_resps"]), _first_text(sample.get("input", ""))
            fields = _FIELDS[benchmark](sample, task, prompt)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise UsageError(
                f"{file}:{number}: not a sample of {task}: {type(error).__name__} {error}"
            ) from error
        name = f"{task}/{fields.pop('key', sample.get('doc_id'))}"
        rows.append({**fields, "item_id": name, "prediction": reply, "prompt": prompt})
    return rows


def _first_text(value: Any) -> str:
    while isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, str):
        raise TypeError(f"expected a text, found {type(value).__name__}")
    return value


def _mme(sample: Row, _: str, prompt: str) -> Row:
    kept = sample.get("mme_perception_score") or sample["mme_cognition_score"]
    names = {"question_id": str(kept["question_id"]), "category": kept["category"]}
    return {**names, "answer": sample["target"], "question": prompt}


def _pope(sample: Row, task: str, prompt: str) -> Row:
    kept = sample["pope_accuracy"]
    return {
        "category": _POPE[task],
        "answer": kept["ground_truth"],
        "question": prompt,
        "question_id": kept["question_id"],
    }


def _mmstar(sample: Row, _: str, prompt: str) -> Row:
    kept = sample["average"]
    category = next(name for name, value in sample.items() if name != "average" and value == kept)
    question = prompt.split(_AFTER_OPTIONS)[0]
    names = {"category": category, "l2_category": kept["l2_category"], "key": kept["question_id"]}
    return {**names, "answer": sample["target"], "question": question}


def _mmbench(sample: Row, _: str, __: str) -> Row:
    kept = {name: value for name, value in sample["submission"].items() if name != "prediction"}
    return {**kept, "key": int(kept["index"])}


def _video_mme(sample: Row, _: str, prompt: str) -> Row:
    kept = sample["videomme_perception_score"]
    return {
        "duration": kept["duration"],
        "domain": kept["category"],
        "sub_category": kept["sub_category"],
        "task_type": kept["task_category"],
        "videoID": kept.get("videoID") or str(kept["question_id"]).rpartition("-")[0],
        "answer": kept["answer"],
        "options": _options(prompt),
        "question": prompt,
        "key": kept["question_id"],
    }


def _mvbench(sample: Row, task: str, prompt: str) -> Row:
    options = _options(prompt)
    gold = ord(sample["mvbench_accuracy"]["gt_answer"]) - ord("A")
    return {"task_type": _MVBENCH[task], "candidates": options, "answer": options[gold], "question": prompt}


def _tempcompass(sample: Row, task: str, _: str) -> Row:
    kept = sample["avg_accuracy"]
    names = {"task": _TEMPCOMPASS[task], "dim": kept["dim"], "video_id": kept["video_id"]}
    return {**names, "question": kept["question"], "answer": kept["gt-answer"]}


def _video_mmmu(sample: Row, task: str, prompt: str) -> Row:
    kept = sample["mmmu_acc"]
    closed = kept["question_type"] == "multiple-choice"
    names = {
        "id": kept["id"],
        "track": _TRACKS[task],
        "question_type": kept["question_type"],
        "key": kept["id"],
    }
    return {
        **names,
        "options": _options(prompt) if closed else [],
        "answer": kept["answer"],
        "question": prompt,
    }


def _options(prompt: str) -> list[str]:
    """The last list of options of a prompt: lines that begin with A, B, ... in order."""
    options: list[str] = []
    for letter, option in _LETTERED.findall(prompt):
        if letter == "A":
            options = []
        if letter == chr(ord("A") + len(options)):
            options.append(option.strip())
    if len(options) < 2:
        raise ValueError("the prompt lists no options")
    return options


def _numbers(results: Mapping[str, Any], task: str) -> dict[str, float]:
    found = (results.get("results") or {}).get(task) or {}
    return {
        f"{task} {name.partition(',')[0]}": float(value)
        for name, value in found.items()
        if "_stderr" not in name and isinstance(value, int | float) and not isinstance(value, bool)
    }


_FIELDS: dict[str, Callable[[Row, str, str], Row]] = {
    "mme": _mme,
    "pope": _pope,
    "mmstar": _mmstar,
    "mmbench": _mmbench,
    "video_mme": _video_mme,
    "mvbench": _mvbench,
    "tempcompass": _tempcompass,
    "video_mmmu": _video_mmmu,
}
