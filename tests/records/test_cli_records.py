"""``framewise records`` on the command line."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from framewise._errors import UsageError
from framewise.cli._records import app


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    rows = [
        {
            "id": i,
            "video": f"{i}.mp4",
            "data_source": "[red]x",
            "conversations": [{"from": "human", "value": "Why?"}],
        }
        for i in range(20)
    ]
    file = tmp_path / "rows.json"
    file.write_text(json.dumps(rows))
    return file


def test_inspect_prints_the_table_and_what_is_missing(dataset: Path) -> None:
    shown = run("inspect", dataset)
    assert shown.exit_code == 0
    for text in (
        "20 samples",
        "[red]x",
        "open_ended",
        "media files: 20, missing: 20",
        "and 10 more",
        "bad rows: 0",
    ):
        assert text in shown.stdout


def test_inspect_as_json_has_everything(dataset: Path) -> None:
    found = json.loads(run("inspect", dataset, "--json").stdout)
    assert found["num_records"] == 20
    assert len(found["missing"]) == 20


def test_convert_says_what_it_did(dataset: Path, tmp_path: Path) -> None:
    shown = run("convert", dataset, "--to", "messages", "-o", tmp_path / "out.jsonl")
    assert "20 records written" in shown.stdout
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 20


def test_a_mistake_is_a_usage_error(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Known: framewise"):
        run("convert", dataset, "--to", "nothing", "-o", tmp_path / "out.jsonl")


@pytest.mark.parametrize("verb", ["inspect", "convert"])
def test_help_has_an_example(verb: str) -> None:
    assert f"framewise records {verb}" in run(verb, "--help").stdout
