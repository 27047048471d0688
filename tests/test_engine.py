"""Workers that die, hang and fail, one item at a time.

Workers import what they call, so the functions here are those of the standard library: ``eval`` most of all.
"""

import importlib
import json
import math
import os
import signal
import subprocess
import sys
from contextlib import closing
from functools import partial

import psutil
import pytest

from framewise._engine import TaskFault, run_tasks
from framewise._errors import FramewiseError, UsageError

HANG = "__import__('time').sleep(600)"
KILL = "__import__('os').kill(__import__('os').getpid(), 9)"
SEGFAULT = "__import__('signal').raise_signal(11)"
EXIT = "__import__('os')._exit(3)"
MISTAKE = "__import__('framewise._plugins')._plugins.load_plugin('formats', 'nothing')"
MEMORY = "[0] * (1 << 60)"
GOOD = [f"{i} + {i}" for i in range(12)]


def kinds(results):
    return {item: result.kind if isinstance(result, TaskFault) else result for item, result in results}


def test_every_item_comes_back_with_its_result():
    results = dict(run_tasks(math.sqrt, range(100), num_workers=2))
    assert results == {i: math.sqrt(i) for i in range(100)}


def test_a_partial_is_called_like_a_function():
    assert list(run_tasks(partial(pow, 2), [10], num_workers=1)) == [(10, 1024)]


def test_no_items_need_no_worker():
    assert list(run_tasks(len, [])) == []


def test_a_worker_that_dies_or_hangs_costs_its_own_item():
    bad = [HANG, KILL, SEGFAULT, EXIT, MISTAKE, MEMORY]
    mixed = [item for pair in zip(GOOD[: len(bad)], bad, strict=True) for item in pair] + GOOD[len(bad) :]
    found = dict(run_tasks(eval, mixed, num_workers=2, timeout_seconds=3.0))
    assert {item: found[item] for item in GOOD} == {item: 2 * i for i, item in enumerate(GOOD)}
    assert found[HANG] == TaskFault("timeout", "it took longer than 3 s")
    assert found[KILL].kind == "crash"
    assert "signal 9 (Killed)" in found[KILL].reason
    assert "signal 11" in found[SEGFAULT].reason
    assert found[EXIT] == TaskFault("crash", "the worker ended with exit code 3")
    assert found[MISTAKE].kind == "error"
    assert "unknown name 'nothing' among formats" in found[MISTAKE].reason
    assert found[MEMORY] == TaskFault("crash", "the worker ran out of memory")


def test_workers_that_die_at_once_lose_nothing_and_stop_nothing():
    results = list(run_tasks(os._exit, [3] * 4, num_workers=2))
    assert [result.reason for _, result in results] == ["the worker ended with exit code 3"] * 4


def test_a_bug_is_raised_with_the_traceback_of_the_worker():
    with pytest.raises(RuntimeError, match=r"(?s)a worker failed on '1 / 0'.*ZeroDivisionError"):
        list(run_tasks(eval, ["1 / 0"], num_workers=1))


def test_a_result_that_cannot_travel_is_a_fault_of_its_item():
    found = kinds(run_tasks(eval, ["lambda: 0", "1"], num_workers=1))
    assert found == {"lambda: 0": "crash", "1": 1}


def test_results_come_as_they_are_done():
    slow = "__import__('time').sleep(1) or 'slow'"
    order = [result for _, result in run_tasks(eval, [slow, "'quick'"], num_workers=2)]
    assert order == ["quick", "slow"]


def test_items_are_drawn_as_workers_become_free():
    drawn = []

    def items():
        for i in range(1_000_000):
            drawn.append(i)
            yield i

    with closing(run_tasks(math.sqrt, items(), num_workers=2)) as results:
        for _ in range(10):
            next(results)
    assert len(drawn) <= 13


def test_the_time_limit_counts_from_when_an_item_is_begun():
    naps = ["__import__('time').sleep(0.6) or 1"] * 4
    assert {result for _, result in run_tasks(eval, naps, num_workers=1, timeout_seconds=2.0)} == {1}


def test_workers_end_with_the_generator():
    before = set(psutil.Process().children(recursive=True))
    results = run_tasks(eval, ["1", HANG, HANG], num_workers=2)
    assert next(results) == ("1", 1)
    results.close()
    left = set(psutil.Process().children(recursive=True)) - before
    assert [p for p in left if "spawn_main" in " ".join(p.cmdline())] == []


def test_workers_that_never_start_are_an_error(tmp_path, monkeypatch, capfd):
    (tmp_path / "gone.py").write_text("def f(x):\n    return x\n")
    monkeypatch.syspath_prepend(tmp_path)
    function = importlib.import_module("gone").f
    (tmp_path / "gone.py").unlink()
    with pytest.raises(FramewiseError, match="workers do not start: the worker ended with exit code 1"):
        list(run_tasks(function, [1], num_workers=1))
    assert "No module named 'gone'" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"num_workers": 0}, "at least 1 worker"),
        ({"timeout_seconds": 0}, "a time limit is positive"),
        ({"engine": "dask"}, "unknown engine 'dask'"),
    ],
)
def test_wrong_numbers_are_refused(wrong, message):
    with pytest.raises(UsageError, match=message):
        run_tasks(len, [], **wrong)


SCRIPT = """
from framewise._engine import run_tasks
if __name__ == "__main__":
    for item, result in run_tasks(eval, ["__import__('os').getpid()"] * 2 + [%r] * 2, num_workers=2):
        print(result, flush=True)
"""


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_worker_outlives_the_parent(tmp_path, sent):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT % HANG)
    parent = subprocess.Popen(
        [sys.executable, script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # What a shell starts in the background ignores Ctrl-C, and so would its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    workers = {int(parent.stdout.readline()) for _ in range(2)}
    children = psutil.Process(parent.pid).children(recursive=True)
    assert workers <= {child.pid for child in children}
    if sent == signal.SIGINT:
        os.killpg(parent.pid, sent)  # as a terminal does: to the workers as well
    else:
        parent.send_signal(sent)
    _, errors = parent.communicate(timeout=20)
    assert psutil.wait_procs(children, timeout=10)[1] == []
    assert errors.count("Traceback") == (1 if sent == signal.SIGINT else 0), errors
    assert "leaked" not in errors


PARTS = """
import os, sys, time
from contextlib import closing
from framewise._engine import TaskFault, run_tasks

def count(number):
    for part in range(number):
        yield part
        if part == 2:
            os._exit(3)
    yield "last"

def wait(number):
    yield time.time()
    time.sleep(number)

if __name__ == "__main__":
    found = list(run_tasks(count, [2, 0, 5], engine=sys.argv[1], num_workers=2))
    for item in (2, 0):
        print([value for i, value in found if i == item])
    print([value.kind if isinstance(value, TaskFault) else value for i, value in found if i == 5])
    with closing(run_tasks(wait, [60], engine=sys.argv[1], num_workers=1)) as results:
        print(time.time() - next(results)[1] < 30)
"""


@pytest.mark.parametrize("engine", ["processes", pytest.param("ray", marks=pytest.mark.slow)])
def test_what_a_generator_yields_comes_one_by_one_and_before_its_end(tmp_path, engine):
    script = tmp_path / "script.py"
    script.write_text(PARTS)
    command = [sys.executable, str(script), engine]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    whole, empty, broken, early = done.stdout.splitlines()[-4:]
    assert whole == "[0, 1, 'last']"
    assert empty == "['last']"
    assert broken.endswith("'crash']")
    assert early == "True"


def test_ray_is_named_where_it_is_absent(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError, match=r"pip install 'framewise\[ray\]'"):
        next(run_tasks(len, ["a"], engine="ray"))


@pytest.mark.slow
def test_ray_gives_what_processes_give():
    items = [*GOOD[:4], HANG, KILL, SEGFAULT, EXIT, MISTAKE, MEMORY]
    script = (
        "import sys, json\n"
        "from framewise._engine import TaskFault, run_tasks\n"
        "if __name__ == '__main__':\n"
        "    pairs = run_tasks(eval, json.loads(sys.argv[2]), engine=sys.argv[1], num_workers=2, timeout_seconds=5.0)\n"
        "    print(json.dumps({i: r.kind if isinstance(r, TaskFault) else r for i, r in pairs}))\n"
    )
    found = {}
    for engine in ("processes", "ray"):
        done = subprocess.run(
            [sys.executable, "-c", script, engine, json.dumps(items)],
            capture_output=True,
            text=True,
            timeout=200,
            check=True,
        )
        found[engine] = json.loads(done.stdout.splitlines()[-1])
    assert found["ray"] == found["processes"]
    assert len(found["ray"]) == len(items)
