"""The allocator against a server that does everything wrong: failures are counted, and never a wrong budget."""

import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import combinations
from typing import Any

import pytest
from typer.testing import CliRunner

from framewise._errors import FramewiseError, UsageError
from framewise._jsonl import read_json
from framewise.budgets import Budget, Failure
from framewise.budgets._prompt import PROMPTS, question_prompt
from framewise.budgets.allocators.instruction import Instruction, InstructionSettings
from framewise.cli._app import build_app

OPTIONS = (8, 16, 32, 64)
LISTED = {"8": math.log(0.2), "1": math.log(0.6), "3": math.log(0.1), "6": math.log(0.1)}


@pytest.fixture
def server(chat_server, monkeypatch):
    """Says 16 without probabilities; asked again at once."""
    chat_server.behave = lambda _: (200, chat_server.said("16"))
    monkeypatch.setattr("framewise._chat_client.random.uniform", lambda *_: 0.001)
    return chat_server


@pytest.fixture
def settings(server) -> Callable[..., dict[str, Any]]:
    def make(**changes: Any) -> dict[str, Any]:
        plain = {"model": "tiny", "server": server.url, "retries": 1, "cache": "off", "timeout_seconds": 5}
        return {key: str(value) for key, value in (plain | changes).items()}

    return make


@pytest.fixture
def instruction(settings) -> Callable[..., Instruction]:
    return lambda **changes: Instruction(InstructionSettings(**settings(**changes)))


def questions_in(server) -> list[str]:
    """Of the prompts that came, without the trial."""
    return [text.rpartition("Question: ")[2] for text in server.texts() if "Question: " in text]


def test_a_number_without_probabilities_is_a_budget_that_says_so(dataset, server, settings):
    run = dataset.allocate(allocator="instruction", settings=settings())
    wishes = dataset.rows(file="wishes.jsonl")
    assert {row["num_frames"] for row in wishes} == {16}
    for row in wishes:
        assert not {"probabilities", "score", "wanted"} & row.keys()
        assert row["details"] == {"no_probabilities": 1.0}
        assert "not known from its server" in row["reason"]
    assert read_json(run / "summary.json")["num_without_probabilities"] == 6
    assert {(request["model"], request["temperature"]) for request in server.requests} == {("tiny", 0.0)}
    prompts = [question_prompt(f"question {n}?", OPTIONS) for n in range(6)]
    assert sorted(server.texts()[1:]) == sorted(prompts)
    assert server.requests[-1]["messages"] == [{"role": "user", "content": server.texts()[-1]}]


def test_probabilities_are_those_of_the_first_token(dataset, server, settings):
    server.behave = lambda _: (200, server.said("16", listed=LISTED))
    run = dataset.allocate(allocator="instruction", settings=settings())
    (row, *_) = dataset.rows(file="wishes.jsonl")
    assert row["num_frames"] == 16
    assert row["probabilities"] == {"8": 0.2, "16": 0.6, "32": 0.1, "64": 0.1}
    assert row["score"] == row["wanted"] == pytest.approx(0.2 * 8 + 0.6 * 16 + 3.2 + 6.4)
    entropy = -sum(p * math.log(p) for p in (0.2, 0.6, 0.1, 0.1))
    assert row["details"] == {"entropy": round(entropy, 6), "unlisted": 0.0}
    assert "num_without_probabilities" not in read_json(run / "summary.json")


def test_a_server_that_refuses_log_probabilities_is_asked_without(dataset, server, settings):
    def behave(request: dict[str, Any]) -> tuple[int, Any]:
        if "logprobs" in request:
            return 422, {"detail": "Unexpected fields"}
        return 200, server.said("16")

    server.behave = behave
    dataset.allocate(allocator="instruction", settings=settings())
    assert sum("logprobs" in request for request in server.requests) == 1
    with pytest.raises(FramewiseError, match="status 422"):
        dataset.allocate("required", allocator="instruction", settings=settings(logprobs="required"))


def test_log_probabilities_that_are_required_have_to_come(dataset, server, settings):
    with pytest.raises(UsageError, match="gives no log-probabilities"):
        dataset.allocate(allocator="instruction", settings=settings(logprobs="required"))
    assert not (dataset.folder / "run").exists()
    dataset.allocate(allocator="instruction", settings=settings(logprobs="off"))
    assert all("logprobs" not in request for request in server.requests[1:])


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ((429, {}), "no_reply"),
        ((500, b"<html>"), "no_reply"),
        ((0, None), "no_reply"),
        ((200, b""), "unreadable_reply"),
        ((200, b"garbage"), "unreadable_reply"),
        ((200, {"choices": [{"message": {"content": ""}, "finish_reason": "stop"}]}), "unreadable_reply"),
        ((200, {"choices": [{"message": {"content": "7"}, "finish_reason": "stop"}]}), "unreadable_reply"),
        ((200, {"choices": [{"message": {"content": "8 16"}, "finish_reason": "stop"}]}), "unreadable_reply"),
        ((200, {"choices": [{"message": {"content": "16"}, "finish_reason": "length"}]}), "unreadable_reply"),
        ((400, {"error": "too long"}), "refused"),
    ],
)
def test_a_bad_reply_is_a_failure_of_its_question_alone(dataset, server, settings, answer, status):
    def behave(request: dict[str, Any]) -> tuple[int, Any]:
        return answer if "question 3?" in request["messages"][0]["content"] else (200, server.said("16"))

    server.behave = behave
    server.headers = {"Retry-After": "0"}
    dataset.allocate(allocator="instruction", settings=settings())
    assert [row["record_id"] for row in dataset.rows()] == ["r0", "r1", "r2", "r4", "r5"]
    (row,) = dataset.rows(file="skipped.jsonl")
    assert (row["record_id"], row["media_index"], row["status"]) == ("r3", 0, status)
    assert questions_in(server).count("question 3?") == (1 if status == "refused" else 2)


def test_a_slow_server_is_a_failure(dataset, server, settings):
    def behave(request: dict[str, Any]) -> tuple[int, Any]:
        if "question 3?" in request["messages"][0]["content"]:
            time.sleep(0.5)
        return 200, server.said("16")

    server.behave = behave
    dataset.allocate(allocator="instruction", settings=settings(timeout_seconds=0.2))
    (row,) = dataset.rows(file="skipped.jsonl")
    assert row["reason"] == "no reply after 2 requests; the last: no answer within 0.2 s"


def test_a_passing_fault_changes_nothing(dataset, server, settings):
    dataset.allocate("calm", allocator="instruction", settings=settings())
    faults = [(429, {}), (500, {}), (0, None), (200, b"garbage"), (200, server.said("nine"))]
    server.headers = {"Retry-After": "0"}
    server.behave = lambda _: faults.pop() if faults else (200, server.said("16"))
    dataset.allocate("rough", allocator="instruction", settings=settings(retries=9))
    for name in ("budgets.jsonl", "wishes.jsonl", "skipped.jsonl", "summary.json"):
        files = [(dataset.folder / run / name).read_bytes() for run in ("calm", "rough")]
        assert files[0] == files[1]


@pytest.mark.parametrize("status", [400, 401, 404, 429])
def test_what_answers_nothing_ends_the_run_at_once(dataset, server, settings, status):
    server.headers = {"Retry-After": "0"}
    server.behave = lambda _: (status, {"error": "no such model"})
    with pytest.raises(FramewiseError, match=f"{server.url}.*status {status}.*no such model"):
        dataset.allocate(allocator="instruction", settings=settings())
    assert len(server.requests) <= 3


def test_no_server_ends_the_run_at_once(dataset, settings):
    with pytest.raises(UsageError, match="is no OpenAI-compatible server"):
        dataset.allocate(allocator="instruction", settings=settings(server="http://127.0.0.1:1/v1"))
    for url in ("localhost:8000", "http://[", "ftp://host"):
        with pytest.raises(UsageError, match="no address of a server"):
            dataset.allocate(allocator="instruction", settings=settings(server=url))
    assert not (dataset.folder / "run").exists()


def test_questions_are_asked_at_once_and_answers_stay_with_theirs(server, instruction, make_requests):
    def behave(request: dict[str, Any]) -> tuple[int, Any]:
        number = (
            int(request["messages"][0]["content"].rpartition("question ")[2].rstrip("?") or 0)
            if "question " in (request["messages"][0]["content"])
            else 0
        )
        time.sleep(0.02 if number % 3 else 0.04)
        return 200, server.said(str(OPTIONS[number % 4]))

    server.behave = behave
    budgets = list(instruction(concurrency=4).allocate(make_requests(30)))
    assert 1 < server.most_at_once <= 4
    assert {b.record_id: b.num_frames for b in budgets} == {f"r{n}": OPTIONS[n % 4] for n in range(30)}
    assert [b.record_id for b in budgets] == [r.record.id for r in make_requests(30)]


def test_equal_questions_are_asked_once(server, instruction, make_requests):
    requests = make_requests(4)
    twice = [*requests, *[r.__class__(**{**vars(r), "media_index": 1}) for r in requests]]
    assert len(list(instruction().allocate(twice))) == 8
    assert sorted(questions_in(server)) == [f"question {n}?" for n in range(4)]


def test_requests_are_not_sent_faster_than_allowed(instruction, make_requests):
    start = time.monotonic()
    list(instruction(requests_per_second=40).allocate(make_requests(8)))
    assert time.monotonic() - start >= 8 / 40


def test_paraphrases_and_answers_work_as_in_process(dataset, server, settings):
    says = {name: str(frames) for name, frames in zip(PROMPTS, OPTIONS, strict=False)}

    def behave(request: dict[str, Any]) -> tuple[int, Any]:
        text = request["messages"][0]["content"]
        found = [name for name in PROMPTS if PROMPTS[name]("", OPTIONS)[:30] == text[:30]]
        return 200, server.said(says[found[0]] if found else "8")

    server.behave = behave
    run = dataset.allocate(allocator="instruction", settings=settings(paraphrases=True, with_answer=True))
    for row in dataset.rows(file="wishes.jsonl"):
        assert row["num_frames"] == 8
        assert {key: value for key, value in row["details"].items() if key.startswith("prompt:")} == {
            f"prompt:{name}": float(frames) for name, frames in says.items()
        }
    summary = read_json(run / "summary.json")
    assert set(summary["agreement"]) == {f"{a}, {b}" for a, b in combinations(sorted(PROMPTS), 2)}
    assert summary["num_with_answer"] == 6
    assert all(text.endswith("\nAnswer: yes") for text in server.texts()[1:])


def test_a_run_that_is_cut_goes_on_without_asking_twice(dataset, server, settings):
    dataset.allocate("whole", allocator="instruction", settings=settings(cache=dataset.folder / "other"))
    server.requests.clear()
    cached = settings(cache=dataset.folder / "kept", concurrency=1)
    server.behave = lambda _: (200, server.said("16")) if len(server.requests) < 5 else (401, {"error": "no"})
    with pytest.raises(FramewiseError, match="status 401"):
        dataset.allocate(allocator="instruction", settings=cached)
    server.behave = lambda _: (200, server.said("16"))
    dataset.allocate(allocator="instruction", settings=settings(cache=dataset.folder / "kept", concurrency=3))
    asked = questions_in(server)
    assert len(asked) == 6 + 1, "the one that got 401 is asked again, and no other"
    for name in ("budgets.jsonl", "wishes.jsonl", "summary.json"):
        files = [(dataset.folder / run / name).read_bytes() for run in ("whole", "run")]
        assert files[0] == files[1]
    server.behave = lambda _: (500, {})
    dataset.allocate("third", allocator="instruction", settings=cached)
    assert len(questions_in(server)) == 7, "what is kept needs no server"


def test_other_ways_of_asking_are_other_answers(dataset, server, settings):
    kept = {"cache": dataset.folder / "kept"}
    for n, changes in enumerate(
        [
            {},
            {"model": "o"},
            {"logprobs": "off"},
            {"options": "8,16"},
            {"request": '{"top_k": 1}'},
            {"bound": 1},
            {},
        ]
    ):
        server.requests.clear()
        dataset.allocate(f"run-{n}", allocator="instruction", settings=settings(**kept, **changes))
        assert len(questions_in(server)) == (0 if n == 6 else 6)
        if "request" in changes:
            assert server.requests[-1]["top_k"] == 1


def test_a_server_can_be_told_to_hold_replies_to_the_options(dataset, server, settings):
    dataset.allocate(allocator="instruction", settings=settings(bound=True))
    schema = {"name": "frames", "schema": {"enum": [8, 16, 32, 64]}}
    for request in server.requests:
        assert request["response_format"] == {"type": "json_schema", "json_schema": schema}


def test_faults_are_asked_again_and_not_kept(dataset, server, settings):
    kept = {"cache": dataset.folder / "kept", "retries": 0}
    server.behave = lambda r: (
        200,
        server.said("7" if "question 3?" in r["messages"][0]["content"] else "16"),
    )
    dataset.allocate("one", allocator="instruction", settings=settings(**kept))
    server.behave = lambda _: (200, server.said("16"))
    server.requests.clear()
    dataset.allocate("two", allocator="instruction", settings=settings(**kept))
    assert questions_in(server) == ["question 3?"]
    assert len(dataset.rows("two")) == 6


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_size": 4}, "batch_size is for a model in this process"),
        ({"device": "cpu", "dtype": "float32"}, "device, dtype is for a model in this process"),
        ({"request": "{"}, "Invalid JSON"),
        ({"request": '{"messages": []}'}, "messages cannot be set"),
        ({"concurrency": 0}, "concurrency"),
        ({"timeout_seconds": 0}, "timeout_seconds"),
        ({"retries": -1}, "retries"),
        ({"requests_per_second": 0}, "requests_per_second"),
        ({"logprobs": "maybe"}, "logprobs"),
        ({"servr": "x"}, "server"),
        ({"key_variable": "NO_SUCH_VARIABLE"}, "NO_SUCH_VARIABLE is to hold the server's key"),
    ],
)
def test_a_wrong_setting_is_named(dataset, settings, changes, message):
    with pytest.raises(UsageError, match=message):
        dataset.allocate(allocator="instruction", settings=settings(**changes))


def test_settings_of_a_server_need_one(dataset):
    with pytest.raises(UsageError, match=r"concurrency is for a server: add server=http://"):
        dataset.allocate(allocator="instruction", settings={"model": "a/b", "concurrency": "3"})


def test_the_key_is_in_no_file_and_on_no_screen(dataset, server, settings, monkeypatch):
    secret = "sk-very-secret-0123456789"
    monkeypatch.setenv("MY_KEY", secret)
    server.behave = lambda r: (
        (500, secret) if "question 3?" in r["messages"][0]["content"] else (200, server.said("16"))
    )
    chosen = settings(key_variable="MY_KEY", cache=dataset.folder / "kept")
    arguments = [f"--set={key}={value}" for key, value in chosen.items()]
    records = [str(dataset.records), "--clips", str(dataset.clips), "-o", str(dataset.folder / "run")]
    done = CliRunner().invoke(build_app(), ["allocate", *records, "--allocator", "instruction", *arguments])
    assert done.exit_code == 0, done.output
    assert "5 budgets without probabilities" in done.output
    assert server.authorizations == [f"Bearer {secret}"] * len(server.authorizations)
    assert "***" in dataset.rows(file="skipped.jsonl")[0]["reason"]
    files = [file for file in dataset.folder.rglob("*") if file.is_file()]
    assert len(files) > 6
    assert all(secret.encode() not in file.read_bytes() for file in files)
    assert secret not in done.output


def test_an_answer_repeats_what_was_sent_and_the_order_of_requests_does_not_count(
    server, instruction, make_requests
):
    requests = make_requests(6)
    one = {b.key: b for b in instruction().allocate(requests)}
    other = {b.key: b for b in instruction(concurrency=1).allocate(requests[::-1])}
    assert one == other
    assert all(isinstance(b, Budget) and not isinstance(b, Failure) for b in one.values())


WITHOUT_TORCH = """
import sys
from framewise.cli import main
try:
    main()
finally:
    assert "torch" not in sys.modules
"""


def test_a_killed_process_asks_no_question_twice_and_needs_no_torch(dataset, server, settings):
    chosen = settings(cache=dataset.folder / "kept", concurrency=2)
    arguments = [f"--set={key}={value}" for key, value in chosen.items()]
    records = [str(dataset.records), "--clips", str(dataset.clips), "-o", str(dataset.folder / "run")]
    command = [
        sys.executable,
        "-c",
        WITHOUT_TORCH,
        "allocate",
        *records,
        "--allocator",
        "instruction",
        *arguments,
    ]
    calm = (200, server.said("16"))

    def behave(_: dict[str, Any]) -> tuple[int, Any]:
        if len(server.requests) > 4:
            time.sleep(2)
        return calm

    server.behave = behave
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, env={**os.environ, "no_proxy": "127.0.0.1"}
    )
    deadline = time.monotonic() + 60
    while len(server.requests) < 6 and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    in_flight = questions_in(server)[3:]
    server.behave = lambda _: calm
    server.requests.clear()
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "no_proxy": "127.0.0.1"})
    again = questions_in(server)
    assert len(again) == len(set(again)) == 3
    assert set(in_flight) <= set(again)
    assert len(dataset.rows()) == 6
    assert json.loads((dataset.folder / "run" / "manifest.json").read_text())["status"] == "complete"
