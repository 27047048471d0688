"""The shape of the house: who may import whom, how big a room may be, and what is never done in any.

Each rule is a function from source text to a list of offences, so that the rules are tested themselves.
"""

import ast
import statistics
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from framewise._plugins import KINDS, plugin_names

TESTS = Path(__file__).parent
SOURCE = TESTS.parent / "src" / "framewise"

ORDER = (
    "_errors", "_jsonl", "_keyed", "_in_order", "_progress", "_plugins", "_config", "_artifacts", "_resampling",
    "_chat_client", "_engine", "compat", "records", "clips", "families", "budgets", "materialise", "exports",
    "planning", "training", "evaluation", "diagnostics", "report", "studies", "lab", "doctor", "cli",
)  # fmt: skip
"""A room imports only from rooms before it."""
STRANGERS = {
    (a, b)
    for a in ("training", "evaluation", "diagnostics")
    for b in ("training", "evaluation", "diagnostics")
    if a != b
}
LIGHT = (
    "framewise", "framewise.cli", "framewise.records", "framewise.clips", "framewise.budgets",
    "framewise.materialise", "framewise.exports", "framewise.evaluation", "framewise.report",
)  # fmt: skip
"""What anybody may import without waiting for torch."""

FILES = sorted(SOURCE.rglob("*.py"))
MAX_FILE, MAX_FUNCTION, MAX_MEDIAN_FILE = 400, 50, 100


def module_name(file: Path) -> str:
    parts = file.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(file): file.read_text(encoding="utf-8") for file in FILES}


def room(module: str) -> str:
    return [*module.split("."), ""][1]


def imported_modules(source: str) -> Iterator[str]:
    """Modules of framewise that the source imports anywhere, inside functions too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "framewise")
        elif isinstance(node, ast.ImportFrom) and node.module == "framewise":
            yield from (f"framewise.{alias.name}" for alias in node.names if alias.name in ORDER)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("framewise."):
            yield node.module or ""


def edges(modules: dict[str, str]) -> set[tuple[str, str]]:
    """Pairs (importing room, imported room)."""
    found = {
        (room(name), room(other)) for name, source in modules.items() for other in imported_modules(source)
    }
    return {(a, b) for a, b in found if a and b and a != b}


def wrong_imports(pairs: Iterable[tuple[str, str]]) -> list[str]:
    pairs = sorted(pairs)
    unknown = {name for pair in pairs for name in pair} - set(ORDER)
    if unknown:
        return [f"{name} has no place in ORDER" for name in sorted(unknown)]
    upward = [(a, b) for a, b in pairs if ORDER.index(b) > ORDER.index(a)]
    return [f"{a} imports {b}" for a, b in pairs if (a, b) in upward or (a, b) in STRANGERS]


def find_cycle(pairs: set[tuple[str, str]]) -> set[str]:
    """Rooms that are in a cycle or lead into one: what is left when rooms without imports are taken away."""
    left = set(pairs)
    while True:
        free = {b for _, b in left} - {a for a, _ in left}
        if not free:
            return {a for a, _ in left}
        left = {(a, b) for a, b in left if b not in free}


def long_functions(source: str) -> list[str]:
    offences = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            length = body[-1].end_lineno - body[0].lineno + 1 if body else 0
            if length > MAX_FUNCTION:
                offences.append(f"{node.name} has {length} lines")
    return offences


def prints(source: str) -> list[str]:
    return [f"line {call.lineno}: print" for call in calls(source) if called(call) == "print"]


def unsafe(source: str) -> list[str]:
    """Ways to run code that came with data."""
    offences = []
    for node in ast.walk(ast.parse(source)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        offences += [f"line {node.lineno}: {name}" for name in names if name.split(".")[0] in _PICKLERS]
    for call in calls(source):
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        if "trust_remote_code" in given and not is_constant(given["trust_remote_code"], False):
            offences.append(f"line {call.lineno}: trust_remote_code")
        if called(call) == "torch.load" and not is_constant(given.get("weights_only"), True):
            offences.append(f"line {call.lineno}: torch.load without weights_only=True")
        if called(call) in ("eval", "exec"):
            offences.append(f"line {call.lineno}: {called(call)}")
    return offences


_PICKLERS = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}


def calls(source: str) -> Iterator[ast.Call]:
    return (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))


def called(call: ast.Call) -> str:
    return ast.unparse(call.func)


def is_constant(node: ast.AST | None, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def loads_torch(names: Iterable[str]) -> dict[str, bool]:
    """Import the modules one after the other in a fresh Python; whether torch is there after each."""
    steps = "; ".join(f"import {name}; print('torch' in sys.modules)" for name in names)
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; {steps}"],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return dict(zip(names, (line == "True" for line in done.stdout.split()), strict=True))


def contract_test(kind: str) -> Path:
    singular = f"{kind[:-3]}y" if kind.endswith("ies") else kind[:-1]
    return TESTS / "contracts" / f"test_{singular}_contract.py"


def has_test(kind: str, plugin: str, tests: Path = TESTS) -> bool:
    return any((tests / room(KINDS[kind].package)).rglob(f"test_{plugin}.py"))


# ---- the house ----


def test_imports_flow_one_way():
    assert wrong_imports(edges(MODULES)) == []


def test_no_room_imports_itself_through_others():
    assert find_cycle(edges(MODULES)) == set()


def test_every_room_has_a_place_in_the_order():
    rooms = {room(module) for module in MODULES} - {""}
    assert rooms <= set(ORDER)


def test_importing_is_light():
    assert [name for name, heavy in loads_torch(LIGHT).items() if heavy] == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_plugin_is_tested(kind):
    assert [name for name in plugin_names(kind) if not has_test(kind, name)] == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_contract_for_all_its_plugins(kind):
    assert f'plugin_names("{kind}")' in contract_test(kind).read_text(encoding="utf-8")


def test_rooms_are_small():
    lengths = {name: len(source.splitlines()) for name, source in MODULES.items()}
    assert {name: n for name, n in lengths.items() if n > MAX_FILE} == {}
    assert statistics.median(lengths.values()) <= MAX_MEDIAN_FILE


@pytest.mark.parametrize("module", MODULES)
def test_modules_keep_the_rules(module):
    source = MODULES[module]
    assert long_functions(source) == []
    assert unsafe(source) == []
    assert ast.get_docstring(ast.parse(source)), "a module says what it is for"
    if room(module) != "cli":
        assert prints(source) == []


# ---- the rules themselves ----


def test_the_order_finds_imports_wherever_they_stand():
    found = edges(
        {
            "framewise.records._a": "def f():\n    from framewise.clips import Clip",
            "framewise.clips": "import framewise.cli._app as app",
            "framewise.cli": "from framewise import __version__, _errors",
            "framewise.families.x": "from framewise.families import Family\nimport torch",
        }
    )
    assert found == {("records", "clips"), ("clips", "cli"), ("cli", "_errors")}
    assert wrong_imports(found) == ["clips imports cli", "records imports clips"]


def test_the_order_knows_strangers_and_unknown_rooms():
    assert wrong_imports({("evaluation", "training")}) == ["evaluation imports training"]
    assert wrong_imports({("cli", "kitchen")}) == ["kitchen has no place in ORDER"]


def test_cycles_are_found():
    assert find_cycle({("a", "b"), ("b", "c")}) == set()
    assert find_cycle({("a", "b"), ("b", "c"), ("c", "b")}) == {"a", "b", "c"}


def test_a_heavy_import_is_found():
    assert loads_torch(["framewise", "framewise.compat"]) == {"framewise": False, "framewise.compat": True}


def test_a_long_function_is_found_and_its_docstring_is_free():
    statements = "\n".join(["    x = 1"] * MAX_FUNCTION)
    docstring = '    """One.\n\n' + "    word\n" * 60 + '    """\n'
    assert long_functions(f"def f():\n{docstring}{statements}") == []
    assert long_functions(f"class A:\n  async def f():\n{statements}\n    x = 2") == ["f has 51 lines"]


def test_a_print_is_found():
    assert prints("console.print(1)\nprint(2)") == ["line 2: print"]


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from dill import loads",
        "load(x, trust_remote_code=True)",
        "load(x, trust_remote_code=wanted)",
        "torch.load(f)",
        "torch.load(f, weights_only=False)",
        "eval(text)",
    ],
)
def test_an_unsafe_call_is_found(source):
    assert len(unsafe(source)) == 1


def test_a_safe_call_is_let_through():
    assert unsafe("torch.load(f, weights_only=True)\nload(trust_remote_code=False)\nmodel.eval()") == []


def test_a_plugin_without_a_test_is_found(tmp_path):
    (tmp_path / "budgets").mkdir()
    assert not has_test("allocators", "fixed", tmp_path)
    (tmp_path / "budgets" / "test_fixed.py").touch()
    assert has_test("allocators", "fixed", tmp_path)
