"""An OpenAI-compatible server that is as bad as servers are, in a thread of the test."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from framewise._chat_client import ChatClient


class ChatServer:
    """Answers with what ``behave`` makes of a request; counts what comes, and how much at once."""

    @staticmethod
    def said(text: Any, reason: str = "stop", listed: dict[str, float] | None = None) -> dict[str, Any]:
        """A chat completion, with the log-probabilities of its first token where they are given."""
        choice: dict[str, Any] = {"message": {"content": text}, "finish_reason": reason}
        if listed is not None:
            entries = [{"token": token, "logprob": value} for token, value in listed.items()]
            choice["logprobs"] = {"content": [{**entries[0], "top_logprobs": entries}]}
        return {"choices": [choice]}

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.authorizations: list[str | None] = []
        self.behave: Callable[[dict[str, Any]], tuple[int, Any]] = lambda _: (200, self.said("red"))
        self.models: Callable[[], tuple[int, Any]] = lambda: (200, {"data": [{"id": "tiny"}]})
        self.headers: dict[str, str] = {}
        self.at_once = self.most_at_once = 0
        self.lock = threading.Lock()
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1"
        self.client = self.client_with()

    def client_with(self, **changes: Any) -> ChatClient:
        settings = {"url": self.url, "timeout_seconds": 5.0, "tries": 3, "first_wait_seconds": 0.01}
        return ChatClient(**(settings | changes))

    def texts(self) -> list[str]:
        """What was asked, where it is text."""
        return [request["messages"][0]["content"] for request in self.requests]

    def _handler(server) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.authorizations.append(self.headers["Authorization"])
                self.answer(*server.models())

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with server.lock:
                    server.requests.append(body)
                    server.authorizations.append(self.headers["Authorization"])
                    server.at_once += 1
                    server.most_at_once = max(server.most_at_once, server.at_once)
                try:
                    reply = server.behave(body)
                finally:
                    # Before the client has its answer, and sends the next request.
                    with server.lock:
                        server.at_once -= 1
                self.answer(*reply)

            def answer(self, status: int, value: Any) -> None:
                # The client may have given up waiting.
                with contextlib.suppress(OSError):
                    if status == 0:
                        self.close_connection = True
                        return
                    parts = value if isinstance(value, Iterator) else iter([value])
                    first = next(parts)
                    content = first if isinstance(first, bytes) else json.dumps(first).encode()
                    self.send_response(status)
                    for name, text in {"Content-Length": str(len(content)), **server.headers}.items():
                        self.send_header(name, text)
                    self.end_headers()
                    self.wfile.write(content)
                    for part in parts:
                        self.wfile.write(part)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@pytest.fixture
def chat_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    """Its status 0 is a connection closed without an answer; an iterator is sent part by part."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    found = ChatServer()
    thread = threading.Thread(target=found.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    found.http.shutdown()
    found.http.server_close()
    thread.join()
