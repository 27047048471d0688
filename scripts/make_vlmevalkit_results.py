"""Write small result folders with VLMEvalKit's own code, for the tests of `framewise import`.

VLMEvalKit is no package on the index: give a checkout of it (commit e8e78f05 of 2026-08-18 was used), and an
environment with torch, pandas, xlsxwriter, openpyxl, opencv-python-headless, decord, imageio, omegaconf,
huggingface_hub, portalocker, tabulate, termcolor, validators, filelock, tqdm, requests, matplotlib, sty and rich:

    python scripts/make_vlmevalkit_results.py CHECKOUT PARITY_FOLDER OUTPUT_FOLDER FORMAT

FORMAT is what the tool's PRED_FORMAT takes: xlsx, tsv or json. Items and replies are the synthetic ones of
tests/evaluation/parity, and a few replies that tables are known to lose. A model that says what is written down answers
them: the tool's data set classes read their own table and write the prompt, its loops ask and write the replies, its
`evaluate` scores them without a judge, and its status file and links are made as its `run.py` makes them. Its hundreds
of models and data sets are not imported, as they need hundreds of packages.
"""

import base64
import io
import json
import os
import sys
import traceback
from importlib import import_module
from pathlib import Path
from types import ModuleType

ITEMS = 14
MODEL = "tiny"
RUN = "T20261111-202127"
HARD = ("=1+1", "True", "3.50", "007", "nan", "None", 'A\tor\r\n"B"', "", "Ja, natürlich. 是的")
"""Replies that a table can change; they take the place of the last replies of a data set."""
LOST = ("nan", "None", "", "N/A", "null")
LONG = "No. " + "It is very, very long. " * 1500
"""Longer than a cell of a spreadsheet."""


BY_ITEM = (
    "tiny_MME_auxmatch.xlsx",
    "tiny_MMBench_DEV_EN_exact_matching_result.xlsx",
    "tiny_Video-MME_8frame_score.xlsx",
)


def parity(folder, benchmark):
    """Items as recorded of this tool, without what it made of them: some of every part of the set."""
    recorded = json.loads((folder / f"{benchmark}.vlmevalkit.dev.json").read_text())
    rows = [
        {k: v for k, v in item.items() if not k.startswith("peer_") and k not in ("item_id", "group")}
        for item in recorded["items"]
    ]
    if benchmark == "mmbench":
        return rotations(rows, [item["peer_score"] for item in recorded["items"]])
    if benchmark == "mme":  # The rules need a pair of questions of every category.
        pairs = {row["category"]: rows[n - 1 : n + 1] for n, row in enumerate(rows) if n % 2}
        return [row for pair in pairs.values() for row in pair]
    if benchmark == "videommmu":
        rows = [row for row in rows if row["prediction"] not in LOST]
    kept = rows[:: max(1, len(rows) // ITEMS)][:ITEMS]
    # The tool's tables number the rows; of TempCompass only some videos have names that are no numbers.
    return [{**row, "index": number, **_media(benchmark, row)} for number, row in enumerate(kept)]


def rotations(rows, scores):
    """All rows of six questions, two of which the tool found right."""
    groups = {}
    for row, score in zip(rows, scores, strict=True):
        groups.setdefault(int(row["index"]) % 1_000_000, []).append((row, score))
    right = [group for group in groups.values() if any(score == 1 for _, score in group)]
    wrong = [group for group in groups.values() if all(score != 1 for _, score in group)]
    return [row for group in (right[:2] + wrong[:4]) for row, _ in group]


def _media(benchmark, row):
    """Columns of the tool's tables that the recordings leave out."""
    if benchmark == "tempcompass":
        return {"video": f"v_{row['video']}"}
    if benchmark == "videommmu":
        media = {"video": f"videos/{row['id']}.mp4", "image": f"images/{row['id']}.png"}
        return {**media, "options": json.dumps(row["options"])}
    return {}


def picture(number):
    """A small image, other for every row, as the tool's tables hold it."""
    from PIL import Image

    stream = io.BytesIO()
    Image.new("RGB", (8, 8), (number % 256, 40, 200)).save(stream, "JPEG")
    return base64.b64encode(stream.getvalue()).decode()


def load_tool(checkout):
    """Make the checkout's modules importable without the packages that list all models and data sets."""
    sys.path.insert(0, str(checkout))
    for name in ("vlmeval", "vlmeval.dataset", "vlmeval.config", "vlmeval.api"):
        module = ModuleType(name)
        module.__path__ = [str(checkout / name.replace(".", "/"))]
        sys.modules[name] = module
    for name in ("torchvision", "torchvision.transforms"):
        sys.modules[name] = ModuleType(name)  # Of use to the frame loaders only.
    sys.modules["torchvision"].transforms = sys.modules["torchvision.transforms"]
    sys.modules["vlmeval.config"].supported_VLM = {}
    sys.modules["vlmeval.api"].OpenAIWrapper = None
    sys.modules["vlmeval.dataset"].SUPPORTED_DATASETS = [
        "TempCompass", "TempCompass_MCQ", "TempCompass_YorN", "TempCompass_Captioning", *SETS
    ]  # fmt: skip
    sys.modules["vlmeval.dataset"].build_dataset = lambda name, **kw: TEMPCOMPASS[name](dataset=name, **kw)


class Scripted:
    """A model that takes whole videos and gives the replies in order."""

    VIDEO_LLM = True
    is_api = False

    def __init__(self, replies):
        self.replies = iter(replies)

    def set_dump_image(self, _):
        """The tool's loop calls it."""

    def generate(self, message, dataset):
        """The next reply."""
        assert message, dataset
        return next(self.replies)


def table(rows, file):
    """A data set as the tool has it."""
    import pandas as pd

    pd.DataFrame(rows).to_csv(file, sep="\t", index=False)


def image_set(module, name, rows, root):
    """One of the tool's image sets over these rows."""
    table([{**row, "image": picture(number)} for number, row in enumerate(rows)], root / f"{name}.tsv")
    kind = getattr(import_module(f"vlmeval.dataset.{module[0]}"), module[1])
    kind.DATASET_MD5 = {}
    return kind(dataset=name)


def video_set(module, name, rows, root):
    """One of the tool's video sets over these rows; no video is decoded."""
    file = root / f"{name}.tsv"
    table(rows, file)
    kind = getattr(import_module(f"vlmeval.dataset.{module[0]}"), module[1])
    kind.prepare_dataset = lambda *_, **__: {"root": str(root), "data_file": str(file)}
    if name == "MVBench":
        kind.load_into_video_and_process = lambda _, line: line["video"]
    return kind(dataset=name, nframe=8)


TEMPCOMPASS = {}


class ScriptedJudge:
    """What was recorded of a judge about captions; nothing else is right."""

    def __init__(self, rows):
        self.said = {
            row["prediction"]: row["judge_output"] for row in rows if row["task_type"] == "captioning"
        }

    def generate(self, prompt):
        """The tool's captioning prompt names the caption."""
        known = [output for caption, output in self.said.items() if f"Description:{caption}\n" in prompt]
        return known[0] if known else "Incorrect"


def tempcompass(rows, root):
    """The set that is made of three."""
    module = import_module("vlmeval.dataset.tempcompass")
    parts = {"TempCompass_MCQ": ("multi-choice", "caption_matching"), "TempCompass_YorN": ("yes_no",)}
    parts["TempCompass_Captioning"] = ("captioning",)
    for name, tasks in parts.items():
        kept = [dict(row) for row in rows if row["task_type"] in tasks]
        for number, row in enumerate(kept):
            row.pop("prediction")
            row.pop("judge_output", None)
            row |= {"index": number, "prefix": "./videos", "suffix": ".mp4"}
            if name == "TempCompass_MCQ":
                question, *options = row["question"].split("\n")
                row |= {"question": question, "candidates": str(options)}
        table(kept, root / f"{name}.tsv")
        kind = getattr(module, name)
        file = str(root / f"{name}.tsv")
        kind.prepare_dataset = lambda *_, file=file, **__: {"root": str(root), "data_file": file}
        TEMPCOMPASS[name] = kind
    module.build_judge = lambda **_: ScriptedJudge(rows)
    return module.TempCompass(dataset="TempCompass", nframe=8)


SETS = {
    "MME": ("mme", ("image_yorn", "ImageYORNDataset")),
    "POPE": ("pope", ("image_yorn", "ImageYORNDataset")),
    "MMStar": ("mmstar", ("image_mcq", "ImageMCQDataset")),
    "MMBench_DEV_EN": ("mmbench", ("image_mcq", "ImageMCQDataset")),
    "Video-MME_8frame": ("videomme", ("videomme", "VideoMME")),
    "MVBench_8frame": ("mvbench", ("mvbench", "MVBench")),
    "TempCompass_8frame": ("tempcompass", ("tempcompass", "TempCompass")),
    "VideoMMMU_8frame": ("videommmu", ("videommmu", "VideoMMMU")),
}


def answer(name, benchmark, parity_folder, root, folder, form):
    """Ask one data set's questions, score the replies and note it, as the tool's `run.py` does."""
    from vlmeval.inference import infer_data_job
    from vlmeval.inference_video import infer_data_job_video
    from vlmeval.smp import get_pred_file_path, upsert_dataset_status

    rows = parity(parity_folder, benchmark)
    # The rules of some sets stop at replies that are lost.
    hard = {
        "mmbench": (),
        "tempcompass": (),
        "videommmu": tuple(reply for reply in HARD if reply not in LOST),
    }
    hard = hard.get(benchmark, HARD)
    if hard:
        last = [{**row, "prediction": reply} for row, reply in zip(rows[-len(hard) :], hard, strict=True)]
        rows = [*rows[: -len(hard)], *last]
    if benchmark == "pope" and form == "xlsx":
        rows[0] = {**rows[0], "prediction": LONG}
    asked = [{k: v for k, v in row.items() if k != "prediction"} for row in rows]
    plain = name.removesuffix("_8frame")
    if benchmark == "tempcompass":
        dataset = tempcompass(rows, root)
        said = {
            (row["video"], row["task_type"], row["question"].split("\n")[0]): row["prediction"]
            for row in rows
        }
        data = dataset.data
        keys = zip(data["video"], data["task_type"], data["question"], strict=True)
        replies = [said[str(video), task, question.split("\n")[0]] for video, task, question in keys]
    else:
        build = image_set if SETS[name][1][0].startswith("image") else video_set
        dataset = build(SETS[name][1], plain, asked, root)
        replies = [row["prediction"] for row in rows]
    file = get_pred_file_path(str(folder), MODEL, name)
    told = {"model": Scripted(replies), "work_dir": str(folder), "model_name": MODEL, "dataset": dataset}
    upsert_dataset_status(run_dir=folder, model_name=MODEL, dataset_name=name, status="infer")
    if not hasattr(dataset, "nframe"):
        infer_data_job(**told)
    else:
        infer_data_job_video(**told, result_file=file)
    try:
        # Captions have no rule but a judge.
        judge = "scripted" if benchmark == "tempcompass" else "exact_matching"
        found = dataset.evaluate(file, model=judge, nproc=1)
    except Exception as error:  # noqa: BLE001 (run.py goes on with the next set too, and notes the error)
        traceback.print_exc()
        upsert_dataset_status(
            run_dir=folder, model_name=MODEL, dataset_name=name, status="done", error_message=str(error)
        )
        return
    upsert_dataset_status(
        run_dir=folder, model_name=MODEL, dataset_name=name, status="done", metrics_source=found,
        dataset_obj=dataset,
    )  # fmt: skip


def main(checkout, parity_folder, output, form):
    """One run of one model over all sets."""
    import tempfile

    root = Path(tempfile.mkdtemp())
    os.environ |= {
        "PRED_FORMAT": form,
        "EVAL_FORMAT": "json" if form == "json" else "csv",
        "LMUData": str(root),
    }
    load_tool(checkout)
    from vlmeval.smp import upsert_run_status

    folder = output / MODEL / RUN
    folder.mkdir(parents=True)
    upsert_run_status(folder, eval_id=RUN, commit="e8e78f05", model_name=MODEL, pred_format=form)
    for name, (benchmark, _) in SETS.items():
        answer(name, benchmark, parity_folder, root, folder, form)
    for file in folder.iterdir():
        # No pickles; and of the tables with the score of each item a few, for they take room.
        by_item = any(part in file.name for part in ("_auxmatch.", "_result.", f"_score.{form}"))
        if file.suffix == ".pkl" or (by_item and file.name not in BY_ITEM) or file.suffix == ".lock":
            file.unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]), Path(sys.argv[3]).resolve(), sys.argv[4])
