"""What ``compare`` refuses, marks and writes."""

import csv
import io
import json

import pytest
from rich.console import Console
from typer.testing import CliRunner
from written_runs import COLOURS, lab_row, mme_row, write_run

from framewise._errors import UsageError
from framewise._jsonl import read_json
from framewise.cli._app import build_app
from framewise.evaluation import compare, comparison_details

LAB = {"lab_image": "image"}


def rows(wrong=0, num=24, **changes):
    found = []
    for n in range(num):
        said = COLOURS[n < wrong]
        found.append({**lab_row(n, said, parsed=said, score=float(said == "red")), **changes})
    return found


def shown(part):
    console = Console(width=180, file=io.StringIO(), color_system=None)
    console.print(part)
    return console.file.getvalue()


@pytest.fixture
def three(tmp_path):
    base = write_run(tmp_path / "base", rows(0), LAB)
    return base, write_run(tmp_path / "worse", rows(8), LAB), write_run(tmp_path / "bad", rows(16), LAB)


def test_arms_are_compared_with_each_other_too(three, tmp_path):
    base, worse, bad = three
    comparison = read_json(compare(base, [worse, bad], output=tmp_path / "out") / "comparison.json")
    between = comparison["between"]
    assert [(entry["before"], entry["after"]) for entry in between] == [("worse", "bad")]
    assert between[0]["image"]["delta"] == pytest.approx(-1 / 3)
    assert between[0]["video"] is None
    assert between[0]["benchmarks"]["lab_image"]["metrics"]["score"]["p_holm"] is not None
    text = shown(comparison_details(comparison))
    for part in ("Differences to base", "What the differences are made of", "Between arms", "no harm"):
        assert part in text


def test_every_number_has_its_columns(three, tmp_path):
    base, worse, bad = three
    directory = compare(base, [worse, bad], output=tmp_path / "out", margin=0.05)
    table = list(csv.DictReader((directory / "comparison.csv").read_text().splitlines()))
    found = {(row["arm"], row["against"], row["benchmark"], row["metric"]): row for row in table}
    whole = found["worse", "base", "image", "score"]
    assert float(whole["delta"]) == pytest.approx(-1 / 3)
    assert (whole["num_lost"], whole["num_gained"], whole["n"], whole["num_clusters"]) == (
        "8",
        "0",
        "24",
        "12",
    )
    assert (whole["margin"], whole["no_harm"], float(whole["skill"])) == (
        "0.05",
        "False",
        pytest.approx(-1 / 3),
    )
    assert found["worse", "base", "lab_image", "subtask/count"]["p_bh"]
    assert found["worse", "base", "lab_image", "item score/count"]["p_bh"]
    assert ("bad", "worse", "image", "score") in found


def test_equal_runs_show_what_could_have_been_found(tmp_path):
    base, same = (write_run(tmp_path / name, rows(4, num=200), LAB) for name in ("base", "same"))
    for margin, shown_harmless in ((0.01, False), (0.05, True)):
        out = compare(base, [same], output=tmp_path / f"out-{margin}", margin=margin)
        image = read_json(out / "comparison.json")["arms"][1]["image"]
        assert (image["delta"], image["p"]) == (0.0, 1.0)
        assert (image["equivalent"], image["no_harm"]) == (shown_harmless, shown_harmless)
        assert image["smallest_detectable"] == pytest.approx(0.06)


def test_a_setting_that_differs_is_refused_or_marked(three, tmp_path):
    base = three[0]
    other = write_run(tmp_path / "other", rows(2), LAB, settings={"frames": 64})
    with pytest.raises(UsageError, match=r"frames is 8 in base, 64 in other.*--allow frames"):
        compare(base, [other], output=tmp_path / "out")
    marked = compare(base, [other], output=tmp_path / "out", allow=["frames"])
    comparison = read_json(marked / "comparison.json")
    assert comparison["marks"] == ["frames is 8 in base, 64 in other"]
    assert "Note: frames is 8 in base, 64 in other." in shown(comparison_details(comparison))
    with pytest.raises(UsageError, match="no setting 'frame': did you mean 'frames'"):
        compare(base, [other], output=tmp_path / "more", allow=["frame"])


def test_frames_and_pixels_that_really_differ_are_marked(tmp_path):
    base = write_run(tmp_path / "base", rows(0, frames=8, height=64, width=64), LAB)
    other = write_run(tmp_path / "other", rows(0, frames=8, height=32, width=64), LAB)
    marks = read_json(compare(base, [other], output=tmp_path / "out") / "comparison.json")["marks"]
    assert marks[0].startswith("24 items were shown with other frames or pixels in other than in base")


def test_another_decoder_is_marked_where_both_runs_name_theirs(tmp_path):
    base = write_run(tmp_path / "base", rows(0), LAB, decoder="pyav")
    same = write_run(tmp_path / "same", rows(0), LAB, decoder="pyav")
    other = write_run(tmp_path / "other", rows(0), LAB, decoder="torchcodec:cuda")
    silent = write_run(tmp_path / "silent", rows(0), LAB)
    marks = read_json(compare(base, [same, other, silent], output=tmp_path / "out") / "comparison.json")[
        "marks"
    ]
    assert marks == ["decoder is pyav in base, torchcodec:cuda in other"]


def test_items_of_one_run_only_are_refused_or_marked(tmp_path):
    base, part = (
        write_run(tmp_path / "base", rows(0), LAB),
        write_run(tmp_path / "part", rows(0, num=20), LAB),
    )
    with pytest.raises(UsageError, match=r"4 items are only in base \(lab_image/i00020"):
        compare(base, [part], output=tmp_path / "out")
    with pytest.raises(UsageError, match="4 items are only in base"):
        compare(base, [part], output=tmp_path / "out", min_coverage=0.9)
    comparison = read_json(
        compare(base, [part], output=tmp_path / "out", min_coverage=0.8) / "comparison.json"
    )
    assert comparison["arms"][1]["image"]["n"] == 20
    assert "only in base" in comparison["marks"][0]


def test_scorers_that_differ_are_refused_and_one_can_be_chosen(tmp_path):
    told = [mme_row(n, "Yes.") for n in range(8)]
    base = write_run(tmp_path / "base", told, {"mme": "image"}, scorer="official@fee8d757")
    other = write_run(tmp_path / "other", told, {"mme": "image"}, scorer="robust@1")
    with pytest.raises(
        UsageError, match=r"scored by official@fee8d757 in base, by robust@1 in other.*--scorer"
    ):
        compare(base, [other], output=tmp_path / "out")
    directory = compare(base, [other], output=tmp_path / "out", scorer="robust")
    assert read_json(directory / "comparison.json")["arms"][1]["benchmarks"]["mme"]["scorer"] == "robust@1"
    again = write_run(tmp_path / "again", told, {"mme": "image"}, scorer="official@fee8d757")
    directory = compare(base, [again], output=tmp_path / "kept")
    assert (
        read_json(directory / "comparison.json")["arms"][1]["benchmarks"]["mme"]["scorer"]
        == "official@fee8d757"
    )
    with pytest.raises(UsageError, match="mme has no scorer 'strict'"):
        compare(base, [again], output=tmp_path / "no", scorer="strict")


def test_the_lab_can_be_read_by_the_robust_rules(tmp_path):
    said = [lab_row(n, "It is not green, it is red.", parsed=None, score=0.0) for n in range(8)]
    base, other = (write_run(tmp_path / name, said, LAB) for name in ("base", "other"))
    found = {}
    for scorer in (None, "robust"):
        directory = compare(base, [other], output=tmp_path / str(scorer), scorer=scorer)
        found[scorer] = read_json(directory / "comparison.json")["arms"][0]["image"]["score"]
    assert found == {None: 0.0, "robust": 1.0}
    with pytest.raises(UsageError, match="lab_image has no scorer 'official'"):
        compare(base, [other], output=tmp_path / "no", scorer="official")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prompt": "<image>Another?"}, "1 items have another question, choices or answer"),
        ({"choices": ["red", "pink"]}, "1 items have another question, choices or answer"),
        ({"answer": "blue"}, "1 items have another question, choices or answer"),
        ({"cluster": "elsewhere"}, "1 items have another question, choices or answer"),
        ({"item_id": "i00001"}, "1 items stand there more than once"),
    ],
)
def test_an_item_that_is_another_is_refused(tmp_path, change, message):
    base, told = write_run(tmp_path / "base", rows(0), LAB), rows(0)
    told[0] = {**told[0], **change}
    with pytest.raises(UsageError, match=message):
        compare(base, [write_run(tmp_path / "other", told, LAB)], output=tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "changes", [{"margin": 0.0}, {"margin": 2.0}, {"min_coverage": 0.0}, {"min_coverage": 1.5}]
)
def test_shares_that_are_none_are_refused(three, tmp_path, changes):
    with pytest.raises(UsageError, match="are shares between 0 and 1"):
        compare(three[0], [three[1]], output=tmp_path / "out", **changes)


def test_an_official_row_without_its_fields_says_what_to_do(tmp_path):
    bare = [{k: v for k, v in mme_row(n, "Yes").items() if k != "fields"} for n in range(4)]
    base, other = (write_run(tmp_path / name, bare, {"mme": "image"}) for name in ("base", "other"))
    with pytest.raises(UsageError, match="kept no official fields of mme"):
        compare(base, [other], output=tmp_path / "out")


def test_hostile_texts_stay_texts(tmp_path):
    evil = '=HYPERLINK("x") [red]<script>\ud800'
    told = [{**row, "subtask": evil} for row in rows(0)]
    worse = [{**row, "subtask": evil, "prediction": "\x00" * 9 + "[/red]" * 50} for row in rows(8)]
    base, other = write_run(tmp_path / "base", told, LAB), write_run(tmp_path / "other", worse, LAB)
    directory = compare(base, [other], output=tmp_path / "out")
    cells = [
        cell for row in csv.reader((directory / "comparison.csv").read_text().splitlines()) for cell in row
    ]
    assert not any(cell.startswith(("=", "@")) for cell in cells)
    assert "other" in shown(comparison_details(read_json(directory / "comparison.json")))


def test_the_verb_prints_the_tables(three, tmp_path):
    base, worse, _ = three
    told = ["compare", str(base), str(worse), "-o", str(tmp_path / "out"), "--margin", "0.02"]
    result = CliRunner().invoke(build_app(), told, env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    for part in ("Compared with base", "Differences to base", "right→wrong", "format", "skill", "position"):
        assert part in result.output
    assert json.loads((tmp_path / "out" / "comparison.json").read_text())["margin"] == 0.02
