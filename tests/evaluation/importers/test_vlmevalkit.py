"""Prediction tables as VLMEvalKit leaves them (scripts/make_harness_results.py)."""

import json
import shutil
from pathlib import Path

import pytest

from framewise._errors import UsageError
from framewise._jsonl import read_json, read_rows
from framewise.evaluation import import_results

FOLDER = Path(__file__).parent / "golden"
GOLDEN = FOLDER / "vlmevalkit"


def test_columns_become_the_official_fields(tmp_path):
    out = import_results("vlmevalkit", GOLDEN, output=tmp_path / "out")
    rows = list(read_rows(out / "scores.jsonl"))
    assert {row["benchmark"] for row in rows} == {"mme", "mmstar", "video_mme"}
    lists = [row["fields"]["candidates"] for row in rows if row["benchmark"] == "video_mme"]
    assert all(len(options) == 4 for options in lists)


def test_the_tools_rules_give_what_was_recorded_of_it(tmp_path):
    recorded = json.loads((FOLDER.parents[1] / "parity" / "mmstar.vlmevalkit.dev.json").read_text())
    truth = {str(item["index"]): item["peer_score"] for item in recorded["items"]}
    out = import_results("vlmevalkit", GOLDEN, output=tmp_path / "out", scorer="vlmevalkit")
    rows = [row for row in read_rows(out / "scores.jsonl") if row["benchmark"] == "mmstar"]
    assert len(rows) == 12
    assert all(row["score"] == truth[row["item_id"]] for row in rows)


def test_the_tools_summary_stands_beside_ours(tmp_path):
    shutil.copytree(GOLDEN, tmp_path / "in")
    (tmp_path / "in" / "tiny_MMStar_acc.csv").write_text("split,Overall,math\nnone,0.5,0.25\n")
    results = read_json(
        import_results("vlmevalkit", tmp_path / "in", output=tmp_path / "out") / "results.json"
    )
    assert results["benchmarks"]["mmstar"]["own"] == {"Overall": 0.5, "math": 0.25}
    assert results["benchmarks"]["mme"]["own"] == {}


def test_json_is_read_too(tmp_path):
    rows = [
        {
            "index": n,
            "question": "?",
            "answer": "Yes",
            "category": "random",
            "image_path": "1.jpg",
            "prediction": "yes",
        }
        for n in range(4)
    ]
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "tiny_POPE.json").write_text(json.dumps(rows))
    results = read_json(
        import_results("vlmevalkit", tmp_path / "in", output=tmp_path / "out") / "results.json"
    )
    assert (results["benchmarks"]["pope"]["n"], results["benchmarks"]["pope"]["num_clusters"]) == (4, 1)


def test_a_spreadsheet_needs_its_extra_or_is_read(tmp_path):
    file = tmp_path / "tiny_MMBench_DEV_EN.xlsx"
    shutil.copy(FOLDER / file.name, file)
    try:
        import openpyxl  # noqa: F401
    except ImportError:
        with pytest.raises(UsageError, match=r"pip install 'framewise\[xlsx\]'"):
            import_results("vlmevalkit", file, output=tmp_path / "out")
    else:
        out = import_results("vlmevalkit", file, output=tmp_path / "out")
        assert read_json(out / "results.json")["benchmarks"]["mmbench"]["n"] == 12


@pytest.mark.parametrize(
    ("cell", "message"),
    [("__import__('os').getcwd()", "candidates is no list"), ("[1, ", "candidates is no list")],
)
def test_a_cell_that_is_no_list_is_named_and_never_run(tmp_path, cell, message):
    table = f"index\tprediction\tcandidates\n0\tA\t{cell}\n"
    (tmp_path / "tiny_MVBench_8frame.tsv").write_text(table)
    with pytest.raises(UsageError, match=f"row 1: {message}"):
        import_results("vlmevalkit", tmp_path, output=tmp_path / "out")


def test_results_that_cannot_be_told_apart_are_refused(tmp_path):
    shutil.copytree(GOLDEN, tmp_path / "in")
    shutil.copy(tmp_path / "in" / "tiny_MME.tsv", tmp_path / "in" / "tiny_MME.json")
    with pytest.raises(UsageError, match="two results of mme"):
        import_results("vlmevalkit", tmp_path / "in", output=tmp_path / "out")
    (tmp_path / "in" / "tiny_MME.json").rename(tmp_path / "in" / "other_POPE.tsv")
    with pytest.raises(UsageError, match=r"several models \(other, tiny\)"):
        import_results("vlmevalkit", tmp_path / "in", output=tmp_path / "out")


def test_a_row_without_a_reply_is_named(tmp_path):
    (tmp_path / "tiny_MME.tsv").write_text("index\tquestion\n0\t?\n")
    with pytest.raises(UsageError, match="row 1 has no index or no prediction"):
        import_results("vlmevalkit", tmp_path, output=tmp_path / "out")
