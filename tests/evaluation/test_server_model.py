"""Evaluation through an OpenAI-compatible server that is as bad as servers are."""

import base64
import contextlib
import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from framewise._errors import FramewiseError, UsageError
from framewise._jsonl import read_json, read_rows
from framewise.cli._app import build_app
from framewise.evaluation import ChatClient, evaluate
from framewise.evaluation._chat_client import NoReplyError

ASK = {"model": "tiny", "messages": [], "max_tokens": 3}


class Server:
    """Answers with what ``behave`` makes of a request; counts what comes, and how much at once."""

    def __init__(self, port: int = 0) -> None:
        self.requests: list[dict[str, Any]] = []
        self.behave: Callable[[dict[str, Any]], tuple[int, Any]] = lambda _: (200, said("red"))
        self.headers: dict[str, str] = {}
        self.at_once = self.most_at_once = 0
        self.lock = threading.Lock()
        self.http = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self.client = ChatClient(
            url=f"http://127.0.0.1:{self.http.server_port}/v1",
            timeout_seconds=5.0,
            tries=3,
            first_wait_seconds=0.01,
        )

    def _handler(server) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.answer(200, {"data": [{"id": "tiny"}]})

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with server.lock:
                    server.requests.append(body)
                    server.at_once += 1
                    server.most_at_once = max(server.most_at_once, server.at_once)
                try:
                    self.answer(*server.behave(body))
                finally:
                    with server.lock:
                        server.at_once -= 1

            def answer(self, status: int, value: Any) -> None:
                content = value if isinstance(value, bytes) else json.dumps(value).encode()
                self.send_response(status)
                for name, text in {"Content-Length": str(len(content)), **server.headers}.items():
                    self.send_header(name, text)
                self.end_headers()
                # The client may have given up waiting.
                with contextlib.suppress(OSError):
                    self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def said(text: str | None, reason: str = "stop") -> dict[str, Any]:
    return {"choices": [{"message": {"content": text}, "finish_reason": reason}]}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    found = Server()
    thread = threading.Thread(target=found.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    found.http.shutdown()
    found.http.server_close()
    thread.join()


def text_of(request: dict[str, Any]) -> str:
    return "".join(part.get("text", "") for part in request["messages"][0]["content"])


def run(server: Server, root: Path, output: Path, **changes: Any) -> Path:
    settings = {"benchmarks": ["lab_image", "lab_video"], "data_root": root, "frames": 3, "batch_size": 4}
    return evaluate("tiny", output=output, server=server.client, **(settings | changes))


def test_a_run_is_asked_and_scored(server: Server, root: Path, tmp_path: Path) -> None:
    def behave(request: dict[str, Any]) -> tuple[int, Any]:
        time.sleep(0.02)
        return 200, said("red", "length")

    server.behave = behave
    out = run(server, root, tmp_path / "out", pixels_per_frame=16 * 16)
    rows = list(read_rows(out / "predictions.jsonl"))
    assert len(rows) == len(server.requests) == 24
    assert {(row["prediction"], row["finish_reason"], row["visual_tokens"]) for row in rows} == {
        ("red", "length", None)
    }
    assert 1 < server.most_at_once <= 4
    results = read_json(out / "results.json")
    assert results["reading"]["family"] == "server"
    assert results["benchmarks"]["lab_video"]["mean_visual_tokens"] is None
    assert results["benchmarks"]["lab_video"]["num_cut"] == 12
    for request in server.requests:
        assert (request["model"], request["temperature"], request["max_tokens"]) == ("tiny", 0.0, 64)
        parts = [part["type"] for part in request["messages"][0]["content"]]
        assert parts in (["image_url", "text"], ["image_url"] * 3 + ["text"])
        side = 64 if len(parts) == 2 else 16
        url = request["messages"][0]["content"][0]["image_url"]["url"]
        image = Image.open(io.BytesIO(base64.b64decode(url.removeprefix("data:image/png;base64,"))))
        assert image.size == (side, side)
        assert np.asarray(image).shape == (side, side, 3)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again(server: Server, status: int) -> None:
    server.headers = {"Retry-After": "0"}
    server.behave = lambda _: (200, said("ok")) if len(server.requests) == 3 else (status, {"error": "busy"})
    assert server.client.chat(ASK)["text"] == "ok"
    server.behave = lambda _: (status, {"error": "busy"})
    with pytest.raises(NoReplyError, match=rf"no reply after 3 requests; the last: status {status}: .*busy"):
        server.client.chat(ASK)


@pytest.mark.parametrize("answer", [b"<html>", b"", {}, {"choices": []}, {"choices": [{"message": None}]}, 3])
def test_what_is_no_reply_is_not_taken_for_one(server: Server, answer: Any) -> None:
    server.behave = lambda _: (200, answer)
    with pytest.raises(NoReplyError, match="not a chat completion"):
        server.client.chat(ASK)
    assert len(server.requests) == 3


def test_an_empty_reply_is_one(server: Server) -> None:
    server.behave = lambda _: (200, said(None))
    assert server.client.chat(ASK) == {"text": "", "finish_reason": "stop"}


def test_a_cut_connection_is_tried_again(server: Server) -> None:
    server.headers = {"Content-Length": "900"}
    server.behave = lambda _: (200, said("ok"))
    with pytest.raises(NoReplyError, match="the connection broke"):
        server.client.chat(ASK)


def test_items_that_get_no_reply_are_failures_and_the_others_count(
    server: Server, root: Path, tmp_path: Path
) -> None:
    def behave(request: dict[str, Any]) -> tuple[int, Any]:
        if "very very" in text_of(request):
            return 400, {"error": "too long"}
        return 200, said("red")

    server.behave = behave
    out = run(server, root, tmp_path / "out")
    results = read_json(out / "results.json")
    assert not results["complete"]
    assert results["benchmarks"]["lab_image"]["num_failed"] == 4
    reasons = {row["reason"] for row in read_rows(out / "failures.jsonl")}
    assert reasons == {'the server refused it: status 400: {"error": "too long"}'}


def test_a_silent_server_is_waited_for_only_so_long(server: Server) -> None:
    client = ChatClient(url=server.client.url, timeout_seconds=0.1, tries=2, first_wait_seconds=0.01)
    server.behave = lambda _: time.sleep(0.3) or (200, said("late"))  # type: ignore[func-returns-value]
    with pytest.raises(NoReplyError, match=r"no reply after 2 requests; the last: no answer within 0\.1 s"):
        client.chat(ASK)


def test_a_server_that_dies_stops_the_run_which_then_goes_on(
    server: Server, root: Path, tmp_path: Path
) -> None:
    whole = run(server, root, tmp_path / "whole")
    server.behave = lambda _: (401, {"error": "no key"}) if len(server.requests) > 30 else (200, said("red"))
    with pytest.raises(FramewiseError, match=r"refuses all requests: status 401: .*no key"):
        run(server, root, tmp_path / "out")
    server.behave = lambda _: (200, said("red"))
    again = run(server, root, tmp_path / "out")
    for name in ("predictions.jsonl", "scores.jsonl", "results.json"):
        assert (again / name).read_bytes() == (whole / name).read_bytes()


def test_what_is_no_server_is_refused_at_once(server: Server, root: Path, tmp_path: Path) -> None:
    nowhere = ChatClient(url="http://127.0.0.1:1/v1")
    with pytest.raises(UsageError, match=r"is no OpenAI-compatible server: .*refused"):
        evaluate("tiny", benchmarks=["lab_image"], data_root=root, frames=2, output=tmp_path / "out",
                 server=nowhere)  # fmt: skip
    server.behave = lambda _: (404, {"error": "no model tinny"})
    with pytest.raises(FramewiseError, match=r"refuses all requests: status 404: .*no model tinny"):
        run(server, root, tmp_path / "other")
    port = server.http.server_port
    for url in (
        "localhost:8000",
        "file:///etc/passwd",
        f"http://127.0.0.1:{port}/v2\n",
        "http://127.0.0.1:1/v1",
    ):
        with pytest.raises(UsageError, match="server"):
            ChatClient(url=url).models()
    with pytest.raises(FramewiseError, match="cannot be reached"):
        nowhere.chat(ASK)
    assert not (tmp_path / "out").exists()


def test_the_key_of_the_environment_is_sent(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "a-key")
    seen: list[str] = []
    handler = server.http.RequestHandlerClass
    original = handler.do_POST  # type: ignore[attr-defined]

    def post(self: Any) -> None:
        seen.append(self.headers["Authorization"])
        original(self)

    monkeypatch.setattr(handler, "do_POST", post)
    server.client.chat(ASK)
    assert seen == ["Bearer a-key"]


def test_the_verb(server: Server, root: Path, tmp_path: Path) -> None:
    arguments = ["--benchmark", "lab_image", "--data-root", str(root), "-o", str(tmp_path / "out")]
    done = CliRunner().invoke(
        build_app(), ["evaluate", "tiny", "--server", server.client.url, "--timeout", "5", *arguments]
    )
    assert done.exit_code == 0, done.output
    assert len(server.requests) == 12
