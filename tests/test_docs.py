"""The README does what it says: its commands run in order, its recipes parse, its links lead somewhere."""

import ast
import importlib.util
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from framewise._artifacts import read_manifest
from framewise._jsonl import read_json
from framewise.budgets import Allocator, Request
from framewise.cli._app import VERBS, build_app
from framewise.clips import Clip
from framewise.lab import LabConfig, checkpoint_folder, write_lab
from framewise.records import Media, Record, Turn
from framewise.training import load_recipe

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

_FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"^    (\S.*)$", re.MULTILINE)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")
TINY = LabConfig(seed=0, clips_per_skill=2, still_clips=4, image_items_per_skill=2, video_items_per_skill=2)


def fenced(text: str, *languages: str) -> list[str]:
    """Bodies of the fenced blocks in these languages, in order."""
    return [body for language, body in _FENCED.findall(text) if language in languages]


def commands(text: str) -> list[str]:
    """Lines of the shell blocks, continued lines joined, and of the indented blocks outside of fences."""
    shell = "".join(fenced(text, "bash", "console")).replace("\\\n", " ").splitlines()
    return [line.strip() for line in [*shell, *_INDENTED.findall(_FENCED.sub("", text))] if line.strip()]


COMMANDS = commands(README)
VERB_LINES = [line for line in COMMANDS if line.startswith("framewise ")]
RECIPES = fenced(README, "yaml")


@dataclass(frozen=True)
class Story:
    """A folder in which all commands of the README were run."""

    folder: Path
    results: dict[str, Result]


@pytest.fixture(scope="module")
def story(tmp_path_factory) -> Story:
    """Run the README in order on a small lab with the lab's checkpoint; stops where a command fails."""
    folder = tmp_path_factory.mktemp("readme")
    write_lab(TINY, output=folder / "data")
    shutil.copytree(checkpoint_folder(), folder / "checkpoint")
    for recipe in RECIPES:
        (folder / file_named(recipe)).write_text(recipe, encoding="utf-8")
    results: dict[str, Result] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for line in VERB_LINES:
            results[line] = CliRunner().invoke(build_app(), shlex.split(line, comments=True)[1:])
            if results[line].exit_code != 0:
                break
    return Story(folder, results)


def file_named(recipe: str) -> str:
    """Name of the file, which the first line of a block says."""
    name = recipe.splitlines()[0].removeprefix("# ")
    assert name.endswith(".yaml"), "the first line of a YAML block is its file's name"
    return name


@pytest.mark.parametrize("line", VERB_LINES)
def test_every_command_runs(story, line):
    assert line in story.results, "a command before this one failed"
    result = story.results[line]
    assert result.exit_code == 0, f"{result.output}\n{result.exception!r}"


def test_there_are_commands_of_the_whole_flow():
    said = [line.split()[1] for line in VERB_LINES]
    for verb in ("records", "probe", "allocate", "train", "evaluate", "compare", "report", "plugins"):
        assert verb in said


def test_every_path_that_is_named_is_left(story):
    named = {path for path in _CODE.findall(README) if path.startswith("runs/") and "demo" not in path}
    assert len(named) > 3
    assert [path for path in sorted(named) if not (story.folder / path).exists()] == []
    assert (story.folder / "runs" / "report.html").stat().st_size > 1_000_000


def test_the_story_is_about_what_it_says(story):
    runs = story.folder / "runs"
    arms = read_json(runs / "comparison" / "comparison.json")["arms"]
    assert [arm["name"] for arm in arms] == ["base", "hybrid"]
    assert arms[1]["mean_frames"] == read_json(runs / "budgets" / "hybrid" / "summary.json")["mean_frames"]
    assert (arms[1]["image"]["n"], arms[1]["video"]["n"]) == (14, 10)
    stages = {
        str(file.parent.relative_to(runs)): read_manifest(file.parent) for file in runs.rglob("manifest.json")
    }
    assert {manifest["status"] for manifest in stages.values()} == {"complete"}
    assert len(stages) == 8


def test_nothing_else_is_told_to_a_shell():
    assert [line for line in COMMANDS if line.split()[0] not in ("framewise", "make")] == []


@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith("make")])
def test_make_lines_are_targets(line):
    target = shlex.split(line, comments=True)[1]
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert target in targets


def test_the_first_two_commands_are_make():
    assert [line.split()[:2] for line in _INDENTED.findall(README)[:2]] == [
        ["make", "demo"],
        ["make", "test"],
    ]


@pytest.mark.parametrize("recipe", RECIPES, ids=file_named)
def test_every_recipe_is_one_also_with_its_comments_lifted(recipe, tmp_path):
    """Keys that stand behind a comment sign are keys too."""
    for text in (recipe, re.sub(r"^# (\w+: )", r"\1", recipe, flags=re.MULTILINE)):
        (tmp_path / "recipe.yaml").write_text(text, encoding="utf-8")
        assert load_recipe(tmp_path / "recipe.yaml").model.endswith("checkpoint")
    assert "lora" in yaml.safe_load(text)


def test_every_verb_is_in_the_readme():
    shown = subprocess.run(
        [sys.executable, "-c", "from framewise.cli import main; main()", "--help"],
        capture_output=True, text=True, check=True, timeout=60,
    ).stdout  # fmt: skip
    for verb in VERBS:
        assert verb in shown
        assert f"framewise {verb}" in README


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_local_link_leads_somewhere(page):
    links = _LINK.findall(page.read_text(encoding="utf-8"))
    local = [link.partition("#")[0] for link in links if "://" not in link]
    assert [link for link in local if link and not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_of_the_repository_that_are_named_exist(page):
    named = [
        path
        for path in _CODE.findall(page.read_text(encoding="utf-8"))
        if re.match(r"(src|tests|docs)/", path)
    ]
    real = [path for path in named if not re.search(r"[<*]|per_second|NAME", path)]
    assert [path for path in real if not (ROOT / path).exists()] == []


def test_the_allocator_of_the_readme_is_one(tmp_path):
    (source,) = fenced(README, "python")
    assert ast.get_docstring(ast.parse(source))
    (tmp_path / "per_second.py").write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("readme_per_second", tmp_path / "per_second.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (plugin,) = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Allocator) and value is not Allocator
    ]
    record = Record(
        id="r", source="s", task="open_ended", media=(Media(kind="video", path="v.mp4"),),
        turns=(Turn(role="user", text="<video>what?"),),
    )  # fmt: skip
    clip = Clip(path="v.mp4", status="ok", num_frames=60, fps=10.0, duration_seconds=6.0)
    request = Request(record=record, media_index=0, clip=clip)
    allocator = plugin(plugin.settings_type(rate="2"))
    assert [budget.num_frames for budget in allocator.allocate([request])] == [12]
    assert list(allocator.allocate([request], done={request.key})) == []
