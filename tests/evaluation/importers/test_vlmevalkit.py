"""Result folders that VLMEvalKit's own code wrote (scripts/make_vlmevalkit_results.py): xlsx, tsv and json."""

import json
import shutil
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from framewise._errors import UsageError
from framewise._jsonl import read_json, read_rows
from framewise.evaluation import import_results
from framewise.evaluation._runs import check_comparable, load_run

GOLDEN = Path(__file__).parent / "golden"
RUN = Path("tiny") / "T20261111-202127"
FORMATS = {"xlsx": "vlmevalkit", "tsv": "vlmevalkit_tsv", "json": "vlmevalkit_json"}
EIGHT = {"mme", "pope", "mmstar", "mmbench", "video_mme", "mvbench", "tempcompass", "video_mmmu"}
MME = "index\tcategory\timage_path\tquestion\tanswer\tprediction\n0\tOCR\t1.jpg\tIs it?\tYes\t{}\n"


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """Every format's results and replies by item."""
    found = {}
    for form, name in FORMATS.items():
        out = import_results(
            "vlmevalkit", GOLDEN / name, output=tmp_path_factory.mktemp(form) / "out", scorer="vlmevalkit"
        )
        rows = {(row["benchmark"], row["item_id"]): row for row in read_rows(out / "scores.jsonl")}
        found[form] = out, read_json(out / "results.json"), rows
    return found


def import_folder(folder, tmp_path):
    return read_json(import_results("vlmevalkit", folder, output=tmp_path / "out") / "results.json")


def write_sheet(file, head, *lines):
    book = Workbook()
    for line in (head, *lines):
        book.active.append(line)
    book.save(file)
    return file


@pytest.mark.parametrize("form", FORMATS)
def test_all_eight_are_read_with_the_tools_commit(imported, form):
    _, results, rows = imported[form]
    assert set(results["benchmarks"]) == EIGHT
    assert len(rows) == 18 + 28 + 6 * 14
    assert (results["model"], results["settings"]["tool_version"]) == ("tiny", "e8e78f05")


@pytest.mark.parametrize("form", ["xlsx", "tsv"])
@pytest.mark.parametrize(
    ("benchmark", "own", "metric", "scale"),
    [
        ("mme", "perception", "perception", 1.0),
        ("mme", "reasoning", "cognition", 1.0),
        ("mme", "OCR", "category/OCR/score", 1.0),
        ("pope", "Overall", "f1", 1.0),
        ("pope", "acc", "accuracy", 1.0),
        ("pope", "popular/recall", "category/popular/recall", 1.0),
        ("mmstar", "Overall", "overall", 1.0),
        ("mmstar", "coarse perception", "category/coarse perception", 1.0),
        ("mmbench", "Overall", "circular", 1.0),
        ("mmbench", "ocr", "category/ocr", 1.0),
        ("video_mme", "overall", "overall", 1.0),
        ("video_mme", "medium/overall", "duration/medium", 1.0),
        ("mvbench", "overall", "overall", 1.0),
        ("mvbench", "Moving Count", "task/Moving Count", 1.0),
        ("tempcompass", "yes_no/acc", "task/yes_no", 1.0),
        ("tempcompass", "caption_matching/acc", "task/caption_matching", 1.0),
        ("video_mmmu", "acc", "overall", 1.0),
        ("video_mmmu", "Comprehension/acc", "track/Comprehension", 1.0),
    ],
)
def test_its_rules_give_here_what_it_wrote_itself(imported, form, benchmark, own, metric, scale):
    part = imported[form][1]["benchmarks"][benchmark]
    assert part["as_tool"]["metrics"][metric] == pytest.approx(scale * part["own"][own], abs=6e-3)


def test_the_whole_of_tempcompass_has_the_judged_captions_too(imported):
    part = imported["xlsx"][1]["benchmarks"]["tempcompass"]
    judged = part["own"]["captioning/acc"] / 100 * 2
    ours = part["as_tool"]["metrics"]["overall"] / 100 * 12
    assert (judged, ours) == (2.0, 3.0)
    assert part["own"]["acc"] == pytest.approx(100 * (judged + ours) / 14, abs=0.01)
    assert part["num_left_out"] == 2


def test_the_formats_have_the_same_items_and_replies(imported):
    sheet, plain, listed = (imported[form][2] for form in FORMATS)
    assert sheet.keys() == plain.keys() == listed.keys()
    assert {key: row["prediction"] for key, row in plain.items()} == {
        key: row["prediction"] for key, row in listed.items()
    }
    other = {key for key, row in plain.items() if row["prediction"] != sheet[key]["prediction"]}
    assert other == {("pope", "0")}
    assert len(sheet["pope", "0"]["prediction"]) == 32_767
    for part in ("prompt", "answer"):
        assert all(plain[key][part] == sheet[key][part] == listed[key][part] for key in plain)


@pytest.mark.parametrize("form", FORMATS)
def test_replies_that_tables_change_are_what_the_model_said(imported, form):
    said = [row["prediction"] for (name, _), row in imported[form][2].items() if name == "mme"]
    hard = ["=1+1", "True", "3.50", "007", "nan", "None", 'A\tor\r\n"B"', "", "Ja, natürlich. 是的"]
    assert said[-len(hard) :] == hard


def test_notes_name_what_a_spreadsheet_lost(imported):
    notes = imported["xlsx"][1]["notes"]
    assert "tiny_MME.xlsx: 1 of 28 replies are empty; the table may have lost them" in notes
    assert "tiny_POPE.xlsx: 1 of 14 replies fill a cell (32,767 characters) and were cut there" in notes
    assert imported["tsv"][1]["notes"] == []


def test_notes_say_where_the_tool_could_not_score(imported):
    _, results, _ = imported["json"]
    assert all(part["own"] == {} for part in results["benchmarks"].values())
    assert any(note.startswith("MMStar: the tool could not score it (") for note in results["notes"])


def test_options_of_tempcompass_stand_under_the_question_again(imported):
    rows = [row for (name, _), row in imported["tsv"][2].items() if name == "tempcompass"]
    first = next(row for row in rows if row["fields"]["task"] == "multi-choice")
    assert first["prompt"].split("\n")[1].startswith("A. ")
    assert all("\n" in row["prompt"] for row in rows if row["fields"]["task"] == "caption_matching")


def test_parts_of_tempcompass_alone_are_the_same_items(imported, tmp_path):
    folder = tmp_path / "parts"
    folder.mkdir()
    for file in (GOLDEN / "vlmevalkit_tsv" / RUN).glob("tiny_TempCompass_*_8frame.tsv"):
        shutil.copy(file, folder)
    assert len(list(folder.iterdir())) == 3
    out = import_results("vlmevalkit", folder, output=tmp_path / "out")
    whole = {item: row for (name, item), row in imported["tsv"][2].items() if name == "tempcompass"}
    rows = {row["item_id"]: row for row in read_rows(out / "scores.jsonl")}
    assert {item: row["prediction"] for item, row in rows.items()} == {
        item: row["prediction"] for item, row in whole.items()
    }


def test_runs_in_two_formats_can_be_compared(imported):
    one, two = (load_run(imported[form][0]) for form in ("xlsx", "tsv"))
    assert check_comparable(one, two) == []


def test_links_that_the_tool_makes_come_before_its_runs(tmp_path):
    model = tmp_path / "outputs" / "tiny"
    shutil.copytree(GOLDEN / "vlmevalkit_tsv" / RUN, model / RUN.name)
    shutil.copytree(GOLDEN / "vlmevalkit_tsv" / RUN, model / "T20261112-000000")
    with pytest.raises(UsageError, match=r"has 2 runs \(tiny/T20261111-202127, tiny/T20261112-000000\)"):
        import_folder(tmp_path / "outputs", tmp_path)
    for file in (model / RUN.name).iterdir():
        (model / file.name).symlink_to(Path(RUN.name) / file.name)
    assert set(import_folder(tmp_path / "outputs", tmp_path)["benchmarks"]) == EIGHT


def test_a_link_that_leads_elsewhere_is_refused(tmp_path):
    (tmp_path / "private.tsv").write_text(MME.format("yes"))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "tiny_MME.tsv").symlink_to(tmp_path / "private.tsv")
    with pytest.raises(UsageError, match="is a link that leads out of"):
        import_folder(tmp_path / "in", tmp_path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("tiny_MME.pkl", r"is a pickle.*dump\(load\('tiny_MME.pkl'\), 'tiny_MME.tsv'\)"),
        ("01_MME.pkl", "unfinished run"),
        ("tiny_MMStar_PREV.pkl", "unfinished run"),
        ("tiny_Video-MME_8frame_checkpoint.pkl", "unfinished run"),
        ("tiny_MME_score.csv", "no file like"),
    ],
)
def test_a_folder_without_tables_says_what_is_there(tmp_path, name, message):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / name).write_bytes(b"cos\nsystem\n(S'touch pwned'\ntR.")
    with pytest.raises(UsageError, match=message):
        import_folder(folder, tmp_path)
    with pytest.raises(UsageError, match=message):
        import_folder(folder / name, tmp_path)
    assert not (tmp_path / "out").exists()


def test_a_pickle_beside_tables_is_noted(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "tiny_MME.tsv").write_text(MME.format("yes"))
    (tmp_path / "in" / "tiny_POPE.pkl").write_bytes(b"cos\nsystem\n")
    results = import_folder(tmp_path / "in", tmp_path)
    assert results["notes"] == ["tiny_POPE.pkl is a pickle and was left out"]
    assert list(results["benchmarks"]) == ["mme"]


def test_cells_that_are_no_texts_are_read_and_noted(tmp_path):
    head = ("index", "category", "image_path", "question", "answer", "prediction")
    replies = (5, 2.5, True, "=1+1", "http://a.b/c", float("nan"), None)
    lines = [(number, "OCR", "1.jpg", "Is it?", "Yes", reply) for number, reply in enumerate(replies)]
    write_sheet(tmp_path / "tiny_MME.xlsx", head, *lines)
    out = import_results("vlmevalkit", tmp_path / "tiny_MME.xlsx", output=tmp_path / "out")
    said = [row["prediction"] for row in read_rows(out / "scores.jsonl")]
    assert said[:5] == ["5", "2.5", "True", "=1+1", "http://a.b/c"]
    notes = read_json(out / "results.json")["notes"]
    assert "tiny_MME.xlsx: 3 of 7 replies are kept as numbers, so their text may have been another" in notes
    # Of a reply that begins with "=" openpyxl makes a formula, as old versions of the tool did.
    assert load_workbook(tmp_path / "tiny_MME.xlsx").active["F5"].data_type == "f"


@pytest.mark.parametrize("cut", [10, 0.3, 0.9, -3])
def test_a_half_written_spreadsheet_is_named(tmp_path, cut):
    whole = (GOLDEN / "vlmevalkit" / RUN / "tiny_MME.xlsx").read_bytes()
    file = tmp_path / "tiny_MME.xlsx"
    file.write_bytes(whole[: int(cut * len(whole)) if isinstance(cut, float) else cut])
    with pytest.raises(UsageError, match=r"tiny_MME\.xlsx: not a spreadsheet"):
        import_folder(file, tmp_path)


def test_a_spreadsheet_with_damaged_insides_is_named(tmp_path):
    whole = bytearray((GOLDEN / "vlmevalkit" / RUN / "tiny_MME.xlsx").read_bytes())
    whole[200:5000] = bytes(4800)
    (tmp_path / "tiny_MME.xlsx").write_bytes(whole)
    with pytest.raises(UsageError, match=r"tiny_MME\.xlsx: not a spreadsheet"):
        import_folder(tmp_path / "tiny_MME.xlsx", tmp_path)


@pytest.mark.parametrize("cut", [20, 700, 1234, 2500])
def test_a_half_written_table_is_named(tmp_path, cut):
    whole = (GOLDEN / "vlmevalkit_tsv" / RUN / "tiny_MME.tsv").read_text()
    (tmp_path / "tiny_MME.tsv").write_text(whole[:cut])
    with pytest.raises(UsageError, match=r"tiny_MME\.tsv"):
        import_folder(tmp_path / "tiny_MME.tsv", tmp_path)


def test_very_long_replies_of_a_table_are_whole(tmp_path):
    (tmp_path / "tiny_MME.tsv").write_text(MME.format("yes " * 40_000))
    out = import_results("vlmevalkit", tmp_path / "tiny_MME.tsv", output=tmp_path / "out")
    assert len(next(read_rows(out / "scores.jsonl"))["prediction"]) == 160_000


@pytest.mark.parametrize(
    ("cell", "message"),
    [("__import__('os').getcwd()", "candidates is no list"), ("[1, ", "candidates is no list"),
     ("{}", "candidates is no list"), ("3", "candidates is no list")],
)  # fmt: skip
def test_a_cell_that_is_no_list_is_named_and_never_run(tmp_path, cell, message):
    table = f"index\tprediction\tcandidates\n0\tA\t{cell}\n"
    (tmp_path / "tiny_MVBench_8frame.tsv").write_text(table)
    with pytest.raises(UsageError, match=f"row 1: {message}"):
        import_folder(tmp_path, tmp_path)


def test_results_that_cannot_be_told_apart_are_refused(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "tiny_MME.tsv").write_text(MME.format("yes"))
    (folder / "tiny_MME.json").write_text("[]")
    with pytest.raises(UsageError, match="two results of mme"):
        import_folder(folder, tmp_path)
    (folder / "tiny_MME.json").rename(folder / "other_POPE.tsv")
    with pytest.raises(UsageError, match=r"several models \(other, tiny\)"):
        import_folder(folder, tmp_path)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("index\tquestion\n0\t?\n", "row 1 has no index or no prediction"),
        (MME.format("yes") * 2, "row 2: .*|stand there more than once|malformed"),
        (MME.format("yes") + "0\tOCR\t2.jpg\tIs it?\tNo\tno\n", "1 items stand there more than once, '0'"),
        (MME.format("yes") + "1\tOCR\t2.jpg\n", "row 2 has 3 cells, the head has 6"),
        (MME.format('"yes'), "not a table of tab-separated values"),
        ("", r"tiny_MME\.tsv has no replies"),
        (MME.format("yes").split("\n")[0], r"tiny_MME\.tsv has no replies"),
    ],
)
def test_a_malformed_table_is_named(tmp_path, table, message):
    (tmp_path / "tiny_MME.tsv").write_text(table)
    with pytest.raises(UsageError, match=message):
        import_folder(tmp_path, tmp_path)


def test_a_run_that_was_scored_since_is_another_import(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "tiny_MME.tsv").write_text(MME.format("yes"))
    assert import_folder(tmp_path / "in", tmp_path)["benchmarks"]["mme"]["own"] == {}
    (tmp_path / "in" / "tiny_MME_score.csv").write_text('"perception","reasoning"\n"100.0","0.0"\n')
    with pytest.raises(UsageError, match="was started with other settings"):
        import_folder(tmp_path / "in", tmp_path)
    out = import_results("vlmevalkit", tmp_path / "in", output=tmp_path / "out", fresh=True)
    own = read_json(out / "results.json")["benchmarks"]["mme"]["own"]
    assert own == {"perception": 100.0, "reasoning": 0.0}


def test_failed_requests_are_counted(tmp_path):
    reply = "Failed to obtain answer via API."
    (tmp_path / "tiny_MME.json").write_text(
        json.dumps([{"index": 0, "category": "OCR", "image_path": "1", "question": "?", "answer": "Yes",
                     "prediction": reply}])
    )  # fmt: skip
    notes = import_folder(tmp_path / "tiny_MME.json", tmp_path)["notes"]
    assert notes == ["tiny_MME.json: 1 of 1 replies say that the model gave none ('Failed to obtain answer')"]
