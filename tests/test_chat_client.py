"""The client of servers against one that does everything wrong."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from multiprocessing.reduction import ForkingPickler
from typing import Any

import pytest

from framewise._chat_client import ChatClient, NoReplyError, RefusedError, UnreadableReplyError
from framewise._errors import FramewiseError, UsageError

ASK = {"model": "tiny", "messages": [{"role": "user", "content": "?"}], "max_tokens": 3}
SECRET = "sk-very-secret-0123456789"


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_busy_server_is_asked_again(chat_server, status):
    chat_server.headers = {"Retry-After": "0"}
    ok = (200, chat_server.said("ok"))
    chat_server.behave = lambda _: ok if len(chat_server.requests) == 3 else (status, {"error": "busy"})
    assert chat_server.client.chat(ASK)["text"] == "ok"
    chat_server.behave = lambda _: (status, {"error": "busy"})
    with pytest.raises(NoReplyError, match=rf"no reply after 3 requests; the last: status {status}: .*busy"):
        chat_server.client.chat(ASK)


def test_a_time_that_the_server_names_is_kept(chat_server):
    ok = (200, chat_server.said("ok"))
    for named in ("0.3", format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)):
        chat_server.requests.clear()
        chat_server.headers = {"Retry-After": named}
        chat_server.behave = lambda _: ok if len(chat_server.requests) == 2 else (429, {})
        start = time.monotonic()
        assert chat_server.client.chat(ASK)["text"] == "ok"
        assert time.monotonic() - start > 0.29


def test_a_time_without_end_is_cut(chat_server):
    chat_server.headers = {"Retry-After": "99999999"}
    chat_server.behave = lambda _: (429, {})
    with pytest.raises(NoReplyError):
        chat_server.client_with(longest_wait_seconds=0.01).chat(ASK)


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>", b"", b"\xff\xfe", b"[" * 100_000, {}, {"choices": []}, {"choices": [{"message": None}]}, 3, "text",
        {"choices": ["text"]}, {"choices": {"0": 1}}, {"choices": [{"message": {"content": [1]}}]}, None,
    ],
)  # fmt: skip
def test_what_is_no_reply_is_not_taken_for_one(chat_server, answer):
    chat_server.behave = lambda _: (200, answer)
    with pytest.raises(UnreadableReplyError, match=r"not a chat completion|no text"):
        chat_server.client.chat(ASK)
    assert len(chat_server.requests) == 3


def test_an_empty_reply_is_one(chat_server):
    chat_server.behave = lambda _: (200, chat_server.said(None))
    assert chat_server.client.chat(ASK) == {"text": "", "finish_reason": "stop"}


@pytest.mark.parametrize("status", [0, 200])
def test_a_cut_connection_is_tried_again(chat_server, status):
    chat_server.headers = {"Content-Length": "900"}
    chat_server.behave = lambda _: (status, chat_server.said("ok"))
    with pytest.raises(NoReplyError, match="the connection broke"):
        chat_server.client.chat(ASK)
    assert len(chat_server.requests) == 3


def test_a_silent_server_is_waited_for_only_so_long(chat_server):
    chat_server.behave = lambda _: time.sleep(0.3) or (200, chat_server.said("late"))
    with pytest.raises(NoReplyError, match=r"no reply after 2 requests; the last: no answer within 0\.1 s"):
        chat_server.client_with(timeout_seconds=0.1, tries=2).chat(ASK)


def test_a_server_that_drips_is_waited_for_only_so_long(chat_server):
    def drip(_: Any) -> tuple[int, Iterator[bytes]]:
        def parts() -> Iterator[bytes]:
            for _ in range(40):
                time.sleep(0.05)
                yield b" "

        return 200, parts()

    chat_server.headers = {"Content-Length": "900"}
    chat_server.behave = drip
    start = time.monotonic()
    with pytest.raises(NoReplyError, match=r"no answer within 0\.3 s"):
        chat_server.client_with(timeout_seconds=0.3, tries=1).chat(ASK)
    assert time.monotonic() - start < 1.5


def test_an_answer_without_end_is_cut(chat_server, monkeypatch):
    monkeypatch.setattr("framewise._chat_client._MOST_BYTES", 1 << 18)
    chat_server.behave = lambda _: (200, b" " * (1 << 20))
    with pytest.raises(NoReplyError, match=r"the connection broke: .*more than 0 MiB"):
        chat_server.client_with(tries=1).chat(ASK)


def test_what_the_server_refuses_is_not_asked_again(chat_server):
    chat_server.behave = lambda _: (400, {"error": "too long"})
    with pytest.raises(RefusedError, match=r'the server refused it: status 400: {"error": "too long"}'):
        chat_server.client.chat(ASK)
    assert len(chat_server.requests) == 1


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_server_that_lets_nobody_in_ends_it(chat_server, status):
    chat_server.behave = lambda _: (status, {"error": "no"})
    with pytest.raises(FramewiseError, match=f"refuses all requests: status {status}") as caught:
        chat_server.client.chat(ASK)
    assert not isinstance(caught.value, NoReplyError)
    assert len(chat_server.requests) == 1


def test_a_server_that_is_gone_is_looked_for_and_ends_it():
    with pytest.raises(FramewiseError, match=r"cannot be reached: .*; run again to go on") as caught:
        ChatClient(url="http://127.0.0.1:1/v1", tries=2, first_wait_seconds=0.01).chat(ASK)
    assert not isinstance(caught.value, NoReplyError)


@pytest.mark.parametrize(
    "url",
    ["localhost:8000", "file:///etc/passwd", "http://127.0.0.1:1/v1", "http://", "ftp://a/v1", "http://[/v1"],
)
def test_what_is_no_server_is_refused_at_once(url):
    with pytest.raises(UsageError, match=r"server|URL"):
        ChatClient(url=url).check()


def test_what_answers_otherwise_is_no_server(chat_server):
    for models in ((404, {}), (200, b"<html>"), (200, [1]), (0, None), (401, {"error": "no key"})):
        chat_server.models = lambda models=models: models
        with pytest.raises(UsageError, match=r"no OpenAI-compatible server|no server that can be used"):
            chat_server.client.check()
    for models in ((200, {"data": []}), (500, b"Internal Server Error"), (429, {})):
        chat_server.models = lambda models=models: models
        chat_server.client.check()


def test_an_address_may_hold_no_password():
    for url in (f"http://me:{SECRET}@host/v1", f"http://host/v1?key={SECRET}", f"me:{SECRET}@host"):
        with pytest.raises(UsageError, match="environment variable") as caught:
            ChatClient(url=url).check()
        assert SECRET not in str(caught.value)


def test_the_key_of_the_environment_is_sent(chat_server, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", f" {SECRET}\n")
    chat_server.client.chat(ASK)
    monkeypatch.setenv("OTHER", "another")
    chat_server.client_with(key_variable="OTHER").chat(ASK)
    assert chat_server.authorizations == [f"Bearer {SECRET}", "Bearer another"]


def test_a_key_that_is_named_has_to_be_there(chat_server, monkeypatch):
    monkeypatch.delenv("OTHER", raising=False)
    with pytest.raises(UsageError, match="variable OTHER is to hold the server's key, and is not set"):
        chat_server.client_with(key_variable="OTHER").chat(ASK)


def test_a_key_is_never_shown(chat_server, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    client = chat_server.client_with(tries=1)
    for answer in ((401, {"error": f"bad key {SECRET}"}), (500, SECRET), (400, SECRET)):
        chat_server.behave = lambda _, answer=answer: answer
        with pytest.raises(FramewiseError, match=r"\*\*\*") as caught:
            client.chat(ASK)
        assert SECRET not in str(caught.value)
    chat_server.behave = lambda _: (200, chat_server.said(f"your key is {SECRET}"))
    assert client.chat(ASK)["text"] == "your key is ***"
    assert SECRET not in repr(client)
    monkeypatch.setenv("OPENAI_API_KEY", f"{SECRET}\nX-Other: 1")
    with pytest.raises(UsageError, match="OPENAI_API_KEY has characters that no key may have") as caught:
        client.chat(ASK)
    assert SECRET not in str(caught.value)


def test_a_key_is_not_sent_on_to_another_host(chat_server, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    elsewhere = chat_server.url.replace("127.0.0.1", "localhost")
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
    first = iter([(302, {}), (200, {"data": []})])
    chat_server.models = lambda: next(first)
    chat_server.headers = {"Location": f"{elsewhere}/models"}
    chat_server.client.check()
    assert chat_server.authorizations == [f"Bearer {SECRET}", None]


def test_requests_keep_their_pace(chat_server):
    client = chat_server.client_with(requests_per_second=50)
    start = time.monotonic()
    threads = [threading.Thread(target=client.chat, args=[ASK]) for _ in range(11)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - start >= 10 / 50


def test_what_a_reader_refuses_is_asked_again(chat_server):
    def read(choice: dict[str, Any]) -> int:
        if not choice["message"]["content"].isdigit():
            raise UnreadableReplyError("no number")
        return int(choice["message"]["content"])

    chat_server.behave = lambda _: (200, chat_server.said("8" if len(chat_server.requests) == 2 else "eight"))
    assert chat_server.client.ask(ASK, read) == 8
    chat_server.behave = lambda _: (200, chat_server.said("eight"))
    with pytest.raises(UnreadableReplyError, match="no reply after 3 requests; the last: no number"):
        chat_server.client.ask(ASK, read)
    assert json.dumps(chat_server.requests[0]) == json.dumps(ASK)


def test_a_client_travels_to_other_processes(chat_server):
    client = chat_server.client_with(requests_per_second=1000)
    (other,) = ForkingPickler.loads(ForkingPickler.dumps([client]))
    assert other == client
    assert other.chat(ASK)["text"] == "red"
