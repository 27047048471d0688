"""The pages of ``diagnose``: numbers, sentences and figures of finished runs."""

from pathlib import Path

import numpy as np
import pytest
from known_gradients import tables

from framewise._artifacts import RunDirectory
from framewise._jsonl import read_json, write_json
from framewise.diagnostics._attention_summary import summarise_attention
from framewise.diagnostics._bound import summarise_bound
from framewise.diagnostics._line import along_line
from framewise.diagnostics._maps import map_metrics, normalise
from framewise.diagnostics._summary import summarise
from framewise.report import write_report

HOSTILE = "<script>alert(1)</script>"


def alignment_run(folder: Path, **changes) -> Path:
    facts = {
        "repeat_distance": 1e-7, "num_skipped": 2, "num_parameters": 12345, "repeats": 4,
        "trainable": ["projector", "language"], "lora_rank": None,
    }  # fmt: skip
    found = summarise(
        *tables(), seed=0, truth={str(i): 2 for i in range(200)}, budgets={str(i): 4 for i in range(200)}
    )
    with RunDirectory(folder, stage="alignment", config={}) as run:
        write_json(folder / "alignment.json", {**facts, **found, **changes})
        run.complete(seconds=61.0)
    return folder


def step_run(folder: Path, checkpoints: int = 2) -> Path:
    def line(slope: float) -> dict:
        found = along_line(
            lambda t: 2 + slope * t + 20 * t * t, learning_rate=0.01, predicted_slope=slope, predicted_curvature=40.0,
            squared_length=1.0, smoothness=40.0,
        )  # fmt: skip
        return {**found.to_json(), "directional_curvature": 40.0}

    step = {"model": HOSTILE, "image": line(-0.25), "video": line(-1.0), "num_images": 7, "num_videos": 9}
    with RunDirectory(folder, stage="step", config={}) as run:
        write_json(folder / "step.json", {"optimizer": "adamw", "steps": [step] * checkpoints})
        run.complete(seconds=5.0)
    return folder


@pytest.fixture(scope="module")
def page(tmp_path_factory, read_page):
    folder = tmp_path_factory.mktemp("diagnostics-page")
    runs = [alignment_run(folder / "first"), step_run(folder / "second")]
    return read_page(write_report(runs, output=folder / "report.html"))


def test_alignment_shows_each_finding_and_number_of_frames(page, tmp_path):
    (section,) = page.all("section", id="alignment")
    found = read_json(alignment_run(tmp_path / "again") / "alignment.json")
    assert [item.text for item in section.all("li")][: len(found["findings"])] == [
        " ".join(sentence.split()) for sentence in found["findings"]
    ] or set(found["findings"]) <= {item.text for item in section.all("li")}
    by_frames, modules, beyond = section.all("table")
    assert [row.all("th")[0].text.split("shown")[0] for row in by_frames.all("tbody")[0].all("tr")] == list(
        "1248"
    )
    assert [row.all("th")[0].text for row in modules.all("tbody")[0].all("tr")] == ["x", "y", "z"]
    assert [row.all("th")[0].text for row in beyond.all("tbody")[0].all("tr")] == ["2", "4"]
    assert "12,345 parameters" in section.text
    assert len(section.all("figure")) == 1


def test_eq_28_stands_beside_the_measured_change(tmp_path, read_page):
    steps = [
        {
            "record_id": str(i),
            "cluster": str(i),
            "m": m,
            "repeat": 0,
            "alignment": 1.0,
            "square": m,
            "change": 0.1 * m,
            "rounding": 0.0,
        }
        for i in range(3)
        for m in (2, 4, 8)
    ]
    bound = summarise_bound(steps, {str(i): 2 for i in range(3)}, rate=0.1, smoothness=5.0, seed=0)
    run = alignment_run(tmp_path / "run", bound=bound, beyond_need=None)
    (section,) = read_page(write_report([run], output=tmp_path / "page.html")).all("section", id="alignment")
    table = section.all("table")[-1]
    rows = table.all("tbody")[0].all("tr")
    assert [row.all("th")[0].text.split()[0] for row in rows] == ["2", "4", "8", "2", "4"]
    # -0.1 + 5 / 2 0.01 m, beside 0.1 m.
    assert [rows[0].all("td")[k].text.split("−0.0")[1][:1] for k in (0,)] == ["5"]
    assert rows[2].all("td")[1].text.startswith("0.8")
    assert "no proof of less harm" in section.text


def test_step_shows_both_losses_of_each_checkpoint(page):
    (section,) = page.all("section", id="step")
    assert len(section.all("figure")) == 2
    (table,) = section.all("table")
    rows = table.all("tbody")[0].all("tr")
    assert [row.all("th")[0].text for row in rows] == ["image", "video"] * 2
    # -0.25 t + 20 t^2 is back at zero at 0.0125.
    assert rows[0].all("td")[5].text.startswith("0.0125")
    assert rows[0].all("td")[6].text == "0.0125"


def test_few_videos_and_one_checkpoint_make_a_page_too(tmp_path, read_page):
    few = summarise(*tables(num=20), seed=0)
    run = alignment_run(tmp_path / "few", **few)
    made = read_page(write_report([run, step_run(tmp_path / "one", 1)], output=tmp_path / "page.html"))
    assert "no sign is called a finding" in made.all("section", id="alignment")[0].text
    assert HOSTILE not in (tmp_path / "page.html").read_text()


def attention_run(folder: Path, num_maps: int = 1) -> Path:
    def row(model: int, number: int) -> dict:
        rng = np.random.default_rng([model, number])
        attention = rng.random((2, 3, 4)) / 8
        keep, inside = np.ones(4, dtype=bool), np.array([1.0, 0, 0, 0])
        chosen = normalise(attention, keep)
        found = map_metrics(attention, keep, inside, chosen)
        kept = {"boxes": [[0, 0, 0.5, 0.5]], "path": "x.png"} if number < num_maps else {}
        return {
            "model": model, "record_id": f"{HOSTILE}{number}", "cluster": str(number), "area": 0.25, "grid": [2, 2],
            "metrics": {name: values.tolist() for name, values in found.items()},
            "layers": normalise(chosen.mean(axis=1), keep).tolist(),
            "occlusion": {"whole": 1.0, "box": 1.5 + model, "elsewhere": 1.1}, **kept,
        }  # fmt: skip

    rows = [row(model, number) for model in range(2) for number in range(8)]
    found = summarise_attention(rows, num_models=2, seed=0)
    with RunDirectory(folder, stage="attention", config={}) as run:
        write_json(folder / "attention.json", {"models": ["a/base", "b/tuned"], "num_skipped": 0, **found})
        run.complete(seconds=5.0)
    return folder


def test_attention_shows_maps_and_changes(tmp_path, read_page):
    run = attention_run(tmp_path / "run")
    made = read_page(write_report([run], output=tmp_path / "page.html"))
    (section,) = made.all("section", id="attention")
    assert len(section.all("figure")) == 1
    best, layers = section.all("table")
    assert [cell.text for cell in best.all("thead")[0].all("th")] == [
        "Number",
        "before: base",
        "after: tuned",
    ]
    rows = {
        row.all("th")[0].text: [cell.text for cell in row.all("td")] for row in best.all("tbody")[0].all("tr")
    }
    assert rows["Box painted over: loss rises by"][0] == "0.5"
    assert rows["Box painted over: loss rises by"][1].startswith("1.5")
    assert len(layers.all("tbody")[0].all("tr")) == 2
    assert HOSTILE not in (tmp_path / "page.html").read_text()
    without = read_page(write_report([attention_run(tmp_path / "none", 0)], output=tmp_path / "none.html"))
    assert without.all("section", id="attention")[0].all("figure") == []


def test_curvature_shows_each_point(tmp_path, read_page):
    point = {
        "place": 0.5, "loss": 0.25, "step": 0.01, "steps": [0.1, 0.01], "curvature_along_gradient": [2.0, 2.5],
        "eigenvalues": [12.5, -3.0], "residuals": [0.01, 0.02], "num_products": 30,
    }  # fmt: skip
    folder = tmp_path / "run"
    found = {"points": [point], "lower_estimate_of_beta": 12.5, "num_images": 4, "num_parameters": 64}
    with RunDirectory(folder, stage="curvature", config={}) as run:
        write_json(folder / "curvature.json", found)
        run.complete(seconds=5.0)
    made = read_page(write_report([folder], output=tmp_path / "page.html"))
    (section,) = made.all("section", id="curvature")
    assert "is 12.5: a lower estimate" in section.text
    (row,) = section.all("tbody")[0].all("tr")
    assert row.all("td")[1].text.startswith("12.5")
    assert "2.5 at 0.01" in row.all("td")[3].text
