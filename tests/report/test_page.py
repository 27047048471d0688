"""The page as a whole: one file, no network, whole HTML that everyone can read."""

import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
from itertools import pairwise

import pytest

from framewise._artifacts import RunDirectory
from framewise._errors import UsageError
from framewise._jsonl import read_json, write_json
from framewise.report import write_report

HEADINGS = ("h1", "h2", "h3", "h4")


def policy_of(page):
    (meta,) = page.all("meta", **{"http-equiv": "Content-Security-Policy"})
    return dict(part.split(" ", 1) for part in meta.attributes["content"].split("; "))


def sha256_source(text):
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_page_makes_no_request(page):
    policy = policy_of(page)
    assert policy["default-src"] == "'none'"
    assert policy["img-src"] == "data:"
    assert "http" not in " ".join(policy.values())
    assert not page.all("link", "iframe", "object", "embed", "base", "form", "video", "audio", "source")
    for element in page.walk():
        assert not {"srcset", "action", "background"} & element.attributes.keys()
        assert (
            element.attributes.get("src", "data:").startswith("data:image/webp;base64,")
            or element.tag != "img"
        )
        assert element.attributes.get("href", "#").startswith("#")
    assert all("src" not in script.attributes for script in page.all("script"))


def test_only_the_scripts_and_styles_of_the_page_are_allowed(page):
    policy = policy_of(page)
    running = [s.raw for s in page.all("script") if s.attributes.get("type") != "application/json"]
    assert policy["script-src"].split() == [sha256_source(text) for text in running]
    assert len(running) == 2
    (style,) = page.all("style")
    assert sha256_source(style.raw) in policy["style-src"].split()
    assert "unsafe" not in " ".join(policy.values())
    for element in page.walk():
        assert "style" not in element.attributes, "the policy would drop it"
        assert not [name for name in element.attributes if name.startswith("on")]


def test_styles_that_plotly_adds_are_allowed(page):
    bundle = max((script.raw for script in page.all("script")), key=len)
    added = re.search(r"textContent='(\.maplibregl[^']*)'", bundle)
    allowed = policy_of(page)["style-src"].split()
    assert added is None or sha256_source(added[1]) in allowed
    assert sha256_source("") in allowed


def test_weight(page_file):
    assert page_file.stat().st_size < 6_000_000


def test_nothing_but_the_page_is_left(page_file):
    assert [path.name for path in page_file.parent.iterdir()] == [page_file.name]


def test_order_of_sections(page):
    titles = [h.text for h in page.all("h2")]
    assert titles == [
        "Before and after",
        "What changed, and why",
        "Frame budgets",
        "A few clips",
        "Training",
        "Scores",
        "Media files",
        "Where it comes from",
    ]


def test_ids_are_unique_and_links_arrive(page):
    ids = [e.attributes["id"] for e in page.walk() if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    wanted = {e.attributes["href"].removeprefix("#") for e in page.all("a")}
    wanted |= {e.attributes["aria-labelledby"] for e in page.walk() if "aria-labelledby" in e.attributes}
    wanted |= {e.attributes["data-figure"] for e in page.walk() if "data-figure" in e.attributes}
    assert wanted <= set(ids)


def test_headings_leave_out_no_level(page):
    levels = [int(e.tag[1]) for e in page.walk() if e.tag in HEADINGS]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_tables_figures_and_pictures_are_described(page):
    for table in page.all("table"):
        assert table.all("caption")[0].text
        assert all("scope" in head.attributes for head in table.all("th"))
    for figure in page.all("figure"):
        assert figure.all("figcaption")[0].text
        (plot,) = figure.all("div", role="img")
        assert len(plot.attributes["aria-label"]) > 20
        assert figure.all("noscript")
    assert page.all("img")
    assert all(img.attributes["alt"].startswith("Frame at") for img in page.all("img"))


def test_tables_scroll_inside_the_page(page):
    for table in page.all("table"):
        assert table.parent.attributes["class"] == "scroll"
        assert table.parent.attributes["tabindex"] == "0"
        assert table.parent.attributes["aria-label"]


def test_tables_have_whole_rows(page):
    for table in page.all("table"):
        widths = {len([c for c in row.parts if not isinstance(c, str)]) for row in table.all("tr")}
        assert len(widths) == 1, table.all("caption")[0].text


def test_figures_are_whole_specifications(page):
    specs = [json.loads(s.raw) for s in page.all("script", type="application/json")]
    assert len(specs) == len(page.all("figure")) == 8
    for spec in specs:
        assert spec["data"]
        assert spec["layout"]["dragmode"] is False
        assert "template" not in spec["layout"] or not spec["layout"]["template"].get("layout")


def test_every_colour_of_a_figure_is_one_of_the_style_sheet(page):
    (style,) = page.all("style")
    known = set(re.findall(r"^\s+(--[a-z0-9-]+):", style.raw, flags=re.M))
    used = {
        name
        for s in page.all("script", type="application/json")
        for name in re.findall(r"var\((--[^)]+)\)", s.raw)
    }
    assert used
    assert used <= known


@pytest.mark.parametrize("stage", ["compare", "allocate", "train", "evaluate", "probe"])
def test_one_stage_alone(stage, example, tmp_path, read_page):
    runs = [path for path in example if read_json(path / "manifest.json")["stage"] == stage]
    page = read_page(write_report(runs[:1], output=tmp_path / "deep" / "page.html"))
    assert len(page.all("section")) == (2 if stage in ("allocate", "compare") else 1)


def test_two_runs_of_one_name_are_told_apart(example, tmp_path, read_page):
    run = next(path for path in example if path.parent.name == "evaluate" and path.name == "hybrid")
    for seed in ("seed-0", "seed-1"):
        shutil.copytree(run, tmp_path / seed / "hybrid")
    page = read_page(
        write_report([tmp_path / s / "hybrid" for s in ("seed-0", "seed-1")], output=tmp_path / "r.html")
    )
    heads = {head.text for head in page.all("th", scope="col")}
    assert {"seed-0/hybrid", "seed-1/hybrid"} <= heads


def test_a_run_that_is_given_twice_is_shown_once(example, tmp_path, read_page):
    probe = example[-1]
    page = read_page(write_report([probe, probe / ".." / probe.name], output=tmp_path / "r.html"))
    assert "1 finished run," in page.all("p")[0].text


def test_unfinished_runs_are_refused(tmp_path):
    with RunDirectory(tmp_path / "run", stage="probe", config={}):
        pass
    with pytest.raises(UsageError, match=r"not finished.*run its command again"):
        write_report([tmp_path / "run"], output=tmp_path / "r.html")
    assert not (tmp_path / "r.html").exists()


def test_unknown_stages_are_refused(tmp_path):
    with RunDirectory(tmp_path / "run", stage="prob", config={}) as run:
        run.complete()
    with pytest.raises(UsageError, match="no report for the stage 'prob': did you mean 'probe'"):
        write_report([tmp_path / "run"], output=tmp_path / "r.html")


def test_other_folders_are_refused(tmp_path):
    with pytest.raises(UsageError, match="not a run directory"):
        write_report([tmp_path], output=tmp_path / "r.html")


def test_nothing_to_report(tmp_path):
    with pytest.raises(UsageError, match="at least one"):
        write_report([], output=tmp_path / "r.html")


def test_a_folder_is_no_page(example, tmp_path):
    with pytest.raises(UsageError, match=r"report\.html"):
        write_report(example, output=tmp_path)


def test_broken_files_are_named(example, tmp_path):
    shutil.copytree(example[0], tmp_path / "compare")
    (tmp_path / "compare" / "comparison.json").write_text("{")
    with pytest.raises(UsageError, match=r"comparison\.json: not JSON"):
        write_report([tmp_path / "compare"], output=tmp_path / "r.html")


def test_a_missing_comparison_is_named(example, tmp_path):
    shutil.copytree(example[0], tmp_path / "compare")
    (tmp_path / "compare" / "comparison.json").unlink()
    with pytest.raises(UsageError, match=r"marked as finished but has no comparison\.json"):
        write_report([tmp_path / "compare"], output=tmp_path / "r.html")


def test_arms_without_a_skill_are_shown_as_not_measured(example, tmp_path, read_page):
    shutil.copytree(example[0], tmp_path / "compare")
    comparison = read_json(tmp_path / "compare" / "comparison.json")
    for arm in comparison["arms"]:
        arm["video"] = None
    write_json(tmp_path / "compare" / "comparison.json", comparison)
    page = read_page(write_report([tmp_path / "compare"], output=tmp_path / "r.html"))
    assert [h.text.split(" n ")[0] for h in page.all("div", class_="statements")[0].all("h3")] == [
        "Image skill"
    ]
    assert sum(cell.text == "not measured" for cell in page.all("td")) == len(comparison["arms"])
    assert "Image against video" not in [h.text for h in page.all("h3")]


def test_the_package_imports_no_torch():
    code = "import sys, framewise.report; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
