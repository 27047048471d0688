"""Write a small result folder with lmms-eval's own code, for the tests of `framewise import`.

Run in an environment that has that version of lmms-eval:

    python scripts/make_harness_results.py PARITY_FOLDER OUTPUT_FOLDER [VERSION]

Items and replies are the synthetic ones of tests/evaluation/parity. The tool's task functions write the prompt, score
each item and aggregate, and its EvaluationTracker writes the files. scripts/make_vlmevalkit_results.py does the same
for VLMEvalKit.
"""

import json
import re
import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

ITEMS = 12
DATE = "20261111_202127"


def parity(folder, benchmark, tool):
    """Items of one recorded set without what the tool made of them, the first of every category."""
    recorded = json.loads((folder / f"{benchmark}.{tool}.dev.json").read_text())
    return [{k: v for k, v in item.items() if not k.startswith("peer_")} for item in recorded["items"]]


def lmms_tasks(folder):
    """Task name, module, process function, prompt function with its options, and items."""
    one_word = {"pre_prompt": "", "post_prompt": "\nAnswer the question using a single word or phrase."}
    letter = {
        "pre_prompt": "",
        "post_prompt": "\nAnswer with the option's letter from the given choices directly",
    }
    best = {"post_prompt": "Only give the best option.\n"}
    tempcompass = parity(folder, "tempcompass", "lmms_eval")
    mmmu = {
        "pre_prompt": "", "mcq_prompt": "", "open_ended_prompt": "", "mcq_post_prompt": "",
        "perception_and_comprehension_prompt": "\nPlease ignore the Quiz question in last frame of the video.",
    }  # fmt: skip
    mvbench = parity(folder, "mvbench", "lmms_eval")
    first_task = mvbench[0]["task_type"]
    pope = [item for item in parity(folder, "pope", "lmms_eval") if item["category"] == "adversarial"]
    lectures = parity(folder, "videommmu", "lmms_eval")
    yield (
        "mme",
        "mme.utils",
        "mme_process_results",
        "mme_doc_to_text",
        one_word,
        parity(folder, "mme", "lmms_eval"),
    )
    yield "pope_adv", "pope.utils", "pope_process_results", "pope_doc_to_text", one_word, pope
    yield (
        "mmstar", "mmstar.utils", "mmstar_process_results", "mmstar_doc_to_text", letter,
        parity(folder, "mmstar", "lmms_eval"),
    )  # fmt: skip
    yield (
        "videomme", "videomme.utils", "videomme_process_results", "videomme_doc_to_text", letter,
        parity(folder, "videomme", "lmms_eval"),
    )  # fmt: skip
    yield (
        "mvbench_" + re.sub("[ -]", "_", first_task.lower()), "mvbench.utils", "mvbench_process_results",
        "mvbench_doc_to_text", best, [item for item in mvbench if item["task_type"] == first_task],
    )  # fmt: skip
    yield (
        "tempcompass_yes_no", "tempcompass.utils", "tempcompass_process_results_yes_no",
        "tempcompass_doc_to_text_yes_no", {"post_prompt": {"yes_no": "\nPlease answer yes or no:"}},
        [item for item in tempcompass if item["task"] == "yes_no"],
    )  # fmt: skip
    yield (
        "video_mmmu_comprehension", "videommmu.utils", "videommmu_process_results",
        "videommmu_doc_to_text_perception_comprehension", mmmu,
        [item for item in lectures if item["track"] == "Comprehension"],
    )  # fmt: skip


def write_lmms(folder, output, version=None):
    """One run of lmms-eval."""
    from lmms_eval.loggers.evaluation_tracker import EvaluationTracker

    tracker = EvaluationTracker(output_path=str(output))
    tracker.general_config_tracker.model_name_sanitized = "tiny__model"
    tracker.general_config_tracker.model_name = "tiny/model"
    samples, results = {}, {}
    for task, module, process, prompt, options, items in lmms_tasks(folder):
        utils = import_module(f"lmms_eval.tasks.{module}")
        # A judge would be asked about replies that the rules cannot read; there is none here.
        if hasattr(utils, "get_eval_result"):
            utils.get_eval_result = lambda *_, **__: ("", 0)
        rows = [
            sample(number, item, getattr(utils, process), getattr(utils, prompt, None), options)
            for number, item in enumerate(items[:ITEMS])
        ]
        samples[task] = rows
        results[task] = {"alias": task, **aggregated(utils, task, rows)}
    whole = {
        "results": results,
        "configs": {},
        "versions": {},
        "n-samples": {
            task: {"original": len(rows), "effective": len(rows)} for task, rows in samples.items()
        },
        "config": {"model": "tiny", "limit": None, "gen_kwargs": "", "batch_size": 1},
        "git_hash": None,
        # The tool says it of itself since 0.7.
        **({"lmms_eval_version": version} if version else {}),
    }
    tracker.save_results_aggregated(results=whole, samples=samples, datetime_str=DATE)
    for task, rows in samples.items():
        tracker.save_results_samples(task_name=task, samples=rows)


def sample(number, item, process, prompt, options):
    """A row of samples as the evaluator hands it to the tracker."""
    text = item["question"] + "\nPlease answer yes or no:" if prompt is None else prompt(item, options)
    scored = process(item, [item["prediction"]])
    return {
        "doc_id": number,
        "doc": item,
        "target": str(item["answer"]),
        "arguments": [text],
        "resps": [[item["prediction"]]],
        "filtered_resps": [item["prediction"]],
        "doc_hash": f"{number:064x}",
        **scored,
    }


def aggregated(utils, task, rows):
    """The numbers that the task's own aggregation makes of its rows."""
    args = SimpleNamespace(output_path=None)
    found = {}
    by_task = {
        "mme": {
            "mme_perception_score": "mme_aggregate_results",
            "mme_cognition_score": "mme_aggregate_results",
        },
        "pope_adv": {"pope_accuracy": "pope_aggregate_accuracy", "pope_f1_score": "pope_aggregate_f1_score"},
        "mmstar": {"average": "mmstar_aggregate_results"},
        "videomme": {"videomme_perception_score": "videomme_aggregate_results"},
        "tempcompass_yes_no": {"avg_accuracy": "tempcompass_aggregate_rating"},
        "video_mmmu_comprehension": {"mmmu_acc": "videommmu_aggregate_results_for_submission"},
    }
    names = by_task.get(task, {"mvbench_accuracy": "mvbench_aggregate_results"})
    if task.startswith("video_mmmu"):
        names = {"mmmu_acc": "videommmu_aggregate_results"}
    for metric, function in names.items():
        values = [row[metric] for row in rows if metric in row]
        if values and hasattr(utils, function):
            call = getattr(utils, function)
            found[f"{metric},none"] = call(values) if call.__code__.co_argcount == 1 else call(values, args)
            found[f"{metric}_stderr,none"] = "N/A"
    return found


if __name__ == "__main__":
    write_lmms(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
