import pytest
from typer.testing import CliRunner

from framewise._errors import UsageError
from framewise.cli._app import build_app


@pytest.fixture
def run(monkeypatch):
    monkeypatch.setenv("COLUMNS", "140")

    def call(*arguments: object) -> str:
        result = CliRunner().invoke(build_app(), ["budgets", *map(str, arguments)])
        if result.exception is not None:
            raise result.exception
        return result.output

    return call


def test_describe_shows_groups_fixed_arms_and_the_paper(dataset, run):
    shown = run("describe", dataset.allocate())
    for part in (
        "the paper",
        "57,604",
        "11,394",
        "5,365",
        "137",
        "11.05",
        "caption",
        "fixed-64",
        "name a --model",
    ):
        assert part in shown


def test_score_shows_every_run_and_the_differences(dataset, run):
    a, b = dataset.allocate("a"), dataset.allocate("b", settings={"num_frames": 16})
    shown = run("score", a, b, "--truth", b)
    assert "b − a" in shown
    assert "6 samples of 6 videos, 0 left out" in shown


def test_mistakes_are_named(dataset, run):
    with pytest.raises(UsageError, match="add --model"):
        run("describe", dataset.allocate(), "--pixels-per-frame", 64)
    with pytest.raises(UsageError, match="does not exist"):
        run("score", dataset.folder / "run", "--truth", "nowhere")


@pytest.fixture
def allocate(dataset, monkeypatch):
    monkeypatch.setenv("COLUMNS", "140")

    def call(*options: str) -> str:
        arguments = ["allocate", dataset.records, "--clips", dataset.clips, "-o", dataset.folder / "cli"]
        chosen = ["--allocator", "by_duration", "--set", "fps=8", *options]
        result = CliRunner().invoke(build_app(), [*map(str, arguments), *chosen])
        if result.exception is not None:
            raise result.exception
        return result.output

    return call


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        (("--options", "2,24"), [24, 24, 24, 4, 1, 24]),
        (("--continuous",), [64, 64, 30, 4, 1, 64]),
        (("--histogram", "2:1,4:1", "--per", "video"), [4, 4, 2, 2, 1, 4]),
    ],
)
def test_allocate_rounds_as_it_is_told(dataset, allocate, options, numbers):
    allocate(*options)
    assert [row["num_frames"] for row in dataset.rows("cli")] == numbers


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--options", "8,many"), "write whole numbers with commas"),
        (("--histogram", "8"), "write frames and counts"),
        (("--histogram", "8:0"), "write frames and counts"),
        (("--options", "8", "--continuous"), "exclude each other"),
        (("--paraphrases",), "unknown key 'paraphrases'"),
    ],
)
def test_wrong_rounding_is_named(allocate, options, message):
    with pytest.raises(UsageError, match=message):
        allocate(*options)
