import errno
import os
import re
import resource
import signal
import subprocess
import sys

import pytest

from framewise._errors import FramewiseError, UsageError
from framewise.cli import main

VERBS = (
    "records", "probe", "allocate", "budgets", "materialise", "plan", "export", "train",
    "evaluate", "score", "import", "compare", "diagnose", "report", "doctor", "plugins", "lab", "demo",
)  # fmt: skip
ALLOCATE = (
    "allocate", "r.jsonl", "--allocator", "fixed", "--set", "num_frames=8", "--clips", "c.jsonl", "-o", "run",
)  # fmt: skip


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command line in this process: exit code, standard output, standard error."""

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["framewise", *arguments])
        monkeypatch.setenv("COLUMNS", "100")
        with pytest.raises(SystemExit) as caught:
            main()
        captured = capsys.readouterr()
        code = caught.value.code
        return (code if isinstance(code, int) else 0), captured.out, captured.err

    return call


@pytest.fixture
def failing(monkeypatch):
    """Make the allocation fail with an error."""

    def fail_with(error: BaseException) -> None:
        def allocate(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr("framewise.budgets.allocate", allocate)

    return fail_with


def subprocess_run(*arguments: str, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=120, check=False, **options
    )


def test_help_shows_every_verb_in_one_line_in_the_order_of_the_flow():
    code = "import sys; from framewise.cli import main; sys.argv = ['framewise', '--help']; main()"
    shown = subprocess_run("-c", code, env={**os.environ, "COLUMNS": "80"})
    assert shown.returncode == 0
    lines = [line.strip(" │") for line in shown.stdout.partition("Commands")[2].splitlines()]
    assert [line.split()[0] for line in lines if line[:1].isalpha()] == list(VERBS)
    assert [line for line in lines[1:] if line and line[0].isalpha() and not line.endswith(".")] == []


def test_help_starts_in_less_than_a_second():
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess_run(
        "-c", "import sys; from framewise.cli import main; sys.argv = ['framewise', '--help']; main()"
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Processor time: what the machine does besides does not count.
    assert (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime) < 1


def test_help_needs_no_torch():
    code = (
        "import sys; from framewise.cli import main; sys.argv = ['framewise', '--help']\n"
        "try: main()\n"
        "except SystemExit: print([m for m in ('torch', 'transformers', 'numpy', 'av') if m in sys.modules])"
    )
    assert subprocess_run("-c", code).stdout.strip().splitlines()[-1] == "[]"


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(run, verb):
    code, out, _ = run(verb, "--help")
    assert code == 0
    if "Commands" in out:
        first = re.search(r"^│ ([a-z-]+) ", out.partition("Commands")[2], re.MULTILINE)
        out = run(verb, first[1], "--help")[1]
    assert f"framewise {verb}" in out
    assert "Example" in out


def test_no_verb_shows_the_help(run):
    _, out, err = run()
    assert "allocate" in out + err


def test_the_version(run):
    code, out, _ = run("--version")
    assert (code, out.split()[0]) == (0, "framewise")


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("alocate",), "allocate"),
        (("allocate", "x", "--allocater", "fixed"), "--allocator"),
        (("allocate", "x", "--allocator", "fixed", "-o", "y", "--multiple-of", "0"), "--multiple-of"),
        (("allocate", "x"), "--allocator"),
    ],
)
def test_a_typo_is_exit_code_2_with_a_hint(run, arguments, hint):
    code, _, err = run(*arguments)
    assert code == 2
    assert hint in err


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (UsageError("no such thing: give another"), 2, "error: no such thing: give another\n"),
        (FramewiseError("it broke"), 1, "error: it broke\n"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "a.json"), 1,
         "error: a.json: No such file or directory\n"),
        (PermissionError(errno.EACCES, "Permission denied", "/x"), 1, "error: /x: Permission denied\n"),
        (OSError("odd"), 1, "error: OSError: odd\n"),
    ],
)  # fmt: skip
def test_what_a_user_can_mend_is_one_line(run, failing, error, code, message):
    failing(error)
    assert run(*ALLOCATE)[::2] == (code, message)


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
        ValueError("I/O error: No space left on device (os error 28)"),
        RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 576 vs 534"),
    ],
)
def test_a_full_disk_is_one_line_whoever_noticed_it(run, failing, error):
    failing(error)
    code, _, err = run(*ALLOCATE)
    assert (code, err.count("\n")) == (1, 1)
    assert "the disk is full" in err
    assert "run the same command again" in err


def test_a_bug_keeps_its_traceback(failing, monkeypatch):
    failing(ZeroDivisionError("a bug"))
    monkeypatch.setattr(sys, "argv", ["framewise", *ALLOCATE])
    with pytest.raises(ZeroDivisionError):
        main()


def test_ctrl_c_says_that_work_is_kept():
    code = (
        "import sys, time, framewise.budgets as b\n"
        "def slow(*_, **__):\n    print('ready', flush=True)\n    time.sleep(60)\n"
        f"b.allocate = slow; sys.argv = ['framewise', *{ALLOCATE!r}]\n"
        "from framewise.cli import main; main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # What a shell starts in the background ignores Ctrl-C, and so would its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert err == "error: interrupted: finished work is kept; run the same command again to go on\n"


def test_errors_are_red_on_a_terminal_only(run, failing, monkeypatch):
    failing(FramewiseError("it broke"))
    assert "\033" not in run(*ALLOCATE)[2]
    monkeypatch.setattr(sys.stderr.__class__, "isatty", lambda _: True, raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert run(*ALLOCATE)[2] == "\033[31merror: it broke\033[0m\n"
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\033" not in run(*ALLOCATE)[2]
