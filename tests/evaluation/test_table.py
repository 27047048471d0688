import io

from rich.console import Console

from framewise._jsonl import read_json
from framewise.evaluation import compare, comparison_table, results_table


def shown(table, *, width: int = 160) -> str:
    console = Console(width=width, file=io.StringIO(), color_system=None)
    console.print(table)
    return console.file.getvalue()


def arm(name, *, image, video, facts=(None, None, None)):
    mean_frames, visual_tokens, train_seconds = facts
    return {
        "name": name,
        "image": image,
        "video": video,
        "subtasks": {},
        "mean_frames": mean_frames,
        "visual_tokens": visual_tokens,
        "train_seconds": train_seconds,
    }


def part(score, delta=None, ci95=None, *, left_out=0):
    return {
        "score": score,
        "delta": delta,
        "ci95": ci95,
        "n": 100 - left_out,
        "num_clusters": 20,
        "num_left_out": left_out,
    }


COMPARISON = {
    "before": "base",
    "arms": [
        arm("base", image=part(0.9), video=part(0.4)),
        arm("[red]odd", image=part(0.8, -0.1, [-0.15, -0.04]), video=None, facts=(8.0, 12345, 61.4)),
        arm("hybrid", image=part(0.9, 0.0, None, left_out=7), video=part(0.6, 0.2, [-0.01, 0.31])),
    ],
}


def test_comparison_table_shows_every_number():
    text = shown(comparison_table(COMPARISON))
    lines = text.splitlines()
    row = next(line for line in lines if "[red]odd" in line)
    for piece in ("80.0", "-10.0 [-15.0, -4.0]", "8.0", "12,345", "61"):
        assert piece in row
    assert "+20.0 [-1.0, +31.0]" in next(line for line in lines if "hybrid" in line)
    assert "image: 93–100 items in 20 clusters; video: 100 items in 20 clusters" in text
    assert "up to 7 items left out" in text


def test_colour_says_that_zero_is_outside_the_interval():
    cells = {column.header: list(column.cells) for column in comparison_table(COMPARISON).columns}
    assert [str(cell.style) for cell in cells["Δ image"]] == ["", "red", ""]
    assert [str(cell.style) for cell in cells["Δ video"]] == ["", "", ""]


def test_tables_of_real_runs(run, tmp_path):
    base = run("base", lambda item: "red")
    tuned = run("tuned", lambda item: item.answer)
    directory = compare(base, [tuned], output=tmp_path / "out")
    assert "tuned" in shown(comparison_table(read_json(directory / "comparison.json")))
    text = shown(results_table(read_json(base / "results.json")))
    assert "33.3 ± " in text
    assert "64x64" in text
    assert "incomplete" not in text


def test_an_incomplete_run_says_so(run, root):
    (root / "media/0.png").unlink()
    text = shown(results_table(read_json(run("holed", lambda item: "red") / "results.json")))
    assert "incomplete: see failures.jsonl" in text
