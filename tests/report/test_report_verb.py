"""``framewise report``."""

import pytest
from typer.testing import CliRunner

from framewise._errors import UsageError
from framewise.cli._app import build_app


@pytest.fixture
def run():
    return lambda *arguments: CliRunner().invoke(build_app(), ["report", *map(str, arguments)])


def test_the_path_of_the_page_is_printed(run, example, tmp_path):
    result = run(example[-1], "-o", tmp_path / "page.html")
    assert result.exit_code == 0
    assert result.stdout.strip() == str(tmp_path / "page.html")
    assert (tmp_path / "page.html").is_file()


def test_help_shows_an_example(run):
    result = run("--help")
    assert result.exit_code == 0
    assert "framewise report runs/demo/comparison" in result.stdout


def test_a_wrong_directory_is_a_usage_error(run, tmp_path):
    result = run(tmp_path, "-o", tmp_path / "page.html")
    assert isinstance(result.exception, UsageError)
