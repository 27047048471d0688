"""The stage ``score`` and its verb: files in, files out, mistakes in one line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from framewise._errors import UsageError
from framewise._plugins import load_plugin, plugin_names
from framewise.cli._app import build_app
from framewise.evaluation import choose_scorer, score_file

PUBLIC = ("mmbench", "mme", "mmstar", "mvbench", "pope", "tempcompass", "video_mme", "video_mmmu")
ROW = {"item_id": "a", "question_id": "1.png", "category": "OCR", "answer": "Yes", "prediction": "yes."}


def write(folder: Path, *rows: object) -> Path:
    path = folder / "replies.jsonl"
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))
    return path


def test_scores_and_results_are_written(tmp_path):
    file = write(tmp_path, ROW, {**ROW, "item_id": "b", "answer": "No", "prediction": "dunno"})
    out = score_file("mme", file, scorer="lmms_eval", output=tmp_path / "out")
    rows = [json.loads(line) for line in (out / "scores.jsonl").read_text().splitlines()]
    assert rows == [
        {"item_id": "a", "parsed": "yes", "score": 1.0},
        {"item_id": "b", "parsed": None, "score": 0.0},
    ]
    results = json.loads((out / "results.json").read_text())
    assert (results["scorer"], results["n"], results["num_unparsed"]) == ("lmms_eval@0.7.3", 2, 1)
    assert results["metrics"]["perception"] == 50.0
    assert json.loads((out / "manifest.json").read_text())["status"] == "complete"


def test_a_finished_run_is_returned_and_another_scorer_is_refused(tmp_path):
    file, out = write(tmp_path, ROW), tmp_path / "out"
    score_file("mme", file, scorer="robust", output=out)
    before = (out / "scores.jsonl").stat().st_mtime_ns
    score_file("mme", file, scorer="robust@1", output=out)
    assert (out / "scores.jsonl").stat().st_mtime_ns == before
    with pytest.raises(UsageError, match=r"config\.scorer: 'robust@1' before, 'official@fee8d757' now"):
        score_file("mme", file, scorer="official", output=out)


@pytest.mark.parametrize("benchmark", PUBLIC)
def test_every_public_benchmark_has_the_scorers(benchmark):
    scorers = load_plugin("benchmarks", benchmark).scorers
    assert {"official", "lmms_eval", "vlmevalkit", "robust"} <= scorers.keys()
    assert ("lmms_eval_v071" in scorers) == (benchmark in ("mmstar", "video_mme", "video_mmmu"))
    ids = [scorer.id for scorer in scorers.values()]
    assert len(set(ids)) == len(ids)
    for name, scorer in scorers.items():
        assert scorer.name == name
        assert choose_scorer(benchmark, scorer.id) is scorer


def test_the_list_of_public_benchmarks_is_whole():
    assert sorted(name for name in plugin_names("benchmarks") if load_plugin("benchmarks", name).scorers) == [
        *PUBLIC
    ]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ((), "has no items"),
        (("{",), "replies.jsonl has 1 bad lines: line 1: not JSON"),
        (("", ROW, "3"), "line 3: a row is a JSON object, found int"),
        (({**ROW, "prediction": None},), "line 1: no text as prediction"),
        (({},), "line 1: no text as item_id and prediction"),
        ((ROW, ROW), "line 2: item_id 'a' stands on line 1 too"),
        ((ROW, "{", {}, ROW), "has 3 bad lines: line 2: not JSON"),
        (("{",) * 9, "has 9 bad lines"),
        (
            ({k: v for k, v in ROW.items() if k != "answer"},),
            "item 'a': answer must be a text, found nothing",
        ),
        (({**ROW, "answer": 1},), "item 'a': answer must be a text, found int"),
    ],
)
def test_bad_rows_are_named_and_leave_no_run(tmp_path, rows, message):
    with pytest.raises(UsageError) as caught:
        score_file("mme", write(tmp_path, *rows), scorer="robust", output=tmp_path / "out")
    assert message in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_scoring_needs_no_torch(tmp_path):
    arguments = ["score", "mme", str(write(tmp_path, ROW)), "--scorer", "robust", "-o", str(tmp_path / "out")]
    code = (
        "import sys\nfrom framewise.cli import main\n"
        f"sys.argv[1:] = {arguments!r}\n"
        "try:\n    main()\nexcept SystemExit as end:\n    sys.exit(end.code or 'torch' in sys.modules)\n"
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out/results.json").is_file()


def test_a_run_that_was_killed_goes_on(tmp_path):
    file, out = write(tmp_path, ROW), tmp_path / "out"
    score_file("mme", file, scorer="robust", output=out)
    whole = (out / "scores.jsonl").read_bytes()
    manifest = json.loads((out / "manifest.json").read_text())
    (out / "manifest.json").write_text(json.dumps(manifest | {"status": "running"}))
    (out / "scores.jsonl").write_bytes(whole[:10])
    score_file("mme", file, scorer="robust", output=out)
    assert (out / "scores.jsonl").read_bytes() == whole
    assert json.loads((out / "manifest.json").read_text())["status"] == "complete"


def test_unknown_names_are_suggested(tmp_path):
    file = write(tmp_path, ROW)
    with pytest.raises(UsageError, match="did you mean 'vlmevalkit'"):
        score_file("mme", file, scorer="vlmevalkt", output=tmp_path / "out")
    with pytest.raises(UsageError, match="did you mean 'mme'"):
        score_file("mm", file, scorer="robust", output=tmp_path / "out")
    with pytest.raises(UsageError, match="lab_image has no scorers by name"):
        score_file("lab_image", file, scorer="robust", output=tmp_path / "out")


def test_infinite_numbers_and_empty_metrics_are_json(tmp_path):
    row = {"item_id": "a", "track": "Adaptation", "id": "dev_Art_1", "options": [], "answer": "4"}
    rows = [{**row, "question_type": "open", "prediction": "inf"}]
    out = score_file("video_mmmu", write(tmp_path, *rows), scorer="lmms_eval", output=tmp_path / "out")

    def refuse(name: str) -> None:
        raise AssertionError(name)

    json.loads((out / "scores.jsonl").read_text(), parse_constant=refuse)
    json.loads((out / "results.json").read_text(), parse_constant=refuse)


def test_the_verb_prints_the_headline_numbers(tmp_path):
    done = CliRunner().invoke(
        build_app(),
        ["score", "mme", str(write(tmp_path, ROW)), "--scorer", "lmms_eval", "-o", str(tmp_path / "out")],
    )
    assert done.exit_code == 0, done.output
    assert "lmms_eval@0.7.3" in done.output
    assert "perception" in done.output
