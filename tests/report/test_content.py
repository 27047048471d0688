"""What stands on the page: the numbers of the files, each with its n."""

import re

import pytest

from framewise._jsonl import read_json, read_rows
from framewise.report._format import count, interval, percent, points


def table(page, caption):
    (found,) = [t for t in page.all("table") if re.search(caption, t.all("caption")[0].text)]
    return found


def rows(found):
    """Texts of the cells of the body by the text of their row's head."""
    return {
        row.all("th")[0].text: [cell.text for cell in row.all("td")]
        for row in found.all("tbody")[0].all("tr")
    }


def same(text):
    return " ".join(text.split())


def test_arms_table(page, example):
    found = rows(table(page, "what each arm was trained on"))
    arms = read_json(example[0] / "comparison.json")["arms"]
    assert list(found) == [arm["name"] for arm in arms]
    for arm in arms[1:]:
        cells = found[arm["name"]]
        for place, skill in ((0, "image"), (2, "video")):
            change = arm[skill]
            assert cells[place] == same(f"{percent(change['score'])}n {change['n']}")
            assert cells[place + 1].startswith(
                same(f"{points(change['delta'])} ({interval(change['ci95'])})")
            )
            assert cells[place + 1].endswith(f"n {change['n']}")
        assert cells[4] == f"{arm['mean_frames']:.2f}n 24"
        assert cells[5] == f"{count(arm['visual_tokens'])}n 24"
        assert cells[6].endswith("sn 24")


def test_subtask_tables_have_chance_and_n(page, example):
    arms = read_json(example[0] / "comparison.json")["arms"]
    found = rows(table(page, r"^lab_video: scores"))
    for name, cells in found.items():
        assert cells[0] == same(percent(0.25))
        for arm, cell in zip(arms, cells[1:], strict=True):
            change = arm["subtasks"][f"lab_video/{name}"]
            assert cell.startswith(same(percent(change["after"])))
            assert cell.endswith(f"n {change['n']}")


def test_budgets_table_stands_beside_the_paper(page, example):
    found = rows(table(page, "Videos by budget"))
    paper = next(cells for name, cells in found.items() if name.startswith("The paper"))
    sizes = [head.text for head in table(page, "Videos by budget").all("thead")[0].all("th")][1:-4]
    shares = dict(zip(sizes, paper, strict=False))
    assert shares["8 frames"] == same(percent(0.7732, 2)) + "57,604"
    assert shares["64 frames"] == same(percent(0.0018, 2)) + "137"
    hybrid = next(path for path in example if path.parent.name == "budgets" and path.name == "hybrid")
    frames = [row["num_frames"] for row in read_rows(hybrid / "budgets.jsonl")]
    cells = dict(zip(sizes, found["hybridinstruction"], strict=False))
    assert cells["8 frames"].endswith(f"%{frames.count(8)}")
    assert found["fixed-32fixed"][-3:-1] == ["1of 24", "1of 25"]


def test_evaluation_table(page, example):
    found = rows(page.all("section", id="evaluations")[0].all("table")[0])
    results = read_json(example[-2] / "results.json")["benchmarks"]["lab_image"]
    number = results["subtasks"]["count"]
    assert found["count"][-1] == same(
        f"{percent(number['score'])} ± {number['standard_error'] * 100:.1f}n {number['n']}"
    )
    assert found["All items"][0] == same(percent(0.25))


def test_probe_lists_faults(page):
    faults = rows(table(page, "Each file with its fault"))
    assert list(faults) == ["media/broken.mp4"]
    assert faults["media/broken.mp4"][1]


def test_training_table_and_losses(page):
    found = rows(table(page, "What each run was trained on"))
    assert found["fixed-32"][:3] == ["24", "1", "32.00n 24"]
    section = page.all("section", id="training")[0]
    assert len(section.all("figure")) == 4
    assert [item.text for item in section.all("figure")[2].all("li")] == [
        f"{m} frames" for m in (8, 16, 32, 64)
    ]


def test_origin_tells_how_to_repeat(page, example):
    footer = page.all("footer")[0]
    assert all(str(path) in footer.all("pre")[0].text for path in example)
    manifest = read_json(example[0] / "manifest.json")
    for entry in manifest["inputs"].values():
        assert entry["sha256"] in footer.text
    assert manifest["versions"]["numpy"] in footer.text
    details = [d for d in footer.all("details") if d.all("summary")[0].text.startswith("compare")]
    assert "Seed0" in "".join(part.text for part in details[0].all("dt", "dd"))


@pytest.mark.parametrize("arm", ["fixed-8", "fixed-32", "hybrid", "hybrid-shuffled"])
def test_an_arm_has_one_look_everywhere(page, arm):
    looks = {
        (mark.attributes["class"], mark.all("path")[0].attributes["d"])
        for span in page.all("span", class_="arm")
        if span.text == arm
        for mark in span.all("svg")
    }
    legends = {
        (mark.attributes["class"], mark.all("path")[0].attributes["d"])
        for item in page.all("li")
        if item.parent.attributes.get("class") == "legend" and item.text == arm
        for mark in item.all("svg")
    }
    assert len(looks) == 1
    assert looks == legends
