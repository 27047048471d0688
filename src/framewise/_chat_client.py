"""Requests to an OpenAI-compatible server, with the standard library alone."""

import json
import math
import os
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPResponse, IncompleteRead
from socket import gaierror
from typing import Any, TypeVar
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from framewise._errors import FramewiseError, UsageError

KEY = "OPENAI_API_KEY"
"""Environment variable with the key that is sent, if it is set and no other is named."""
_BUSY = {408, 409, 429, 500, 502, 503, 504}
_QUOTED = 300
_MOST_BYTES = 1 << 26
_SHORTEST_SECRET = 8
"""Shorter keys are stand-ins, such as ``EMPTY``: looked for in replies they would be found everywhere."""

T = TypeVar("T")


class NoReplyError(FramewiseError):
    """The server is there but gave no reply to one request; others may be answered."""

    status = "no_reply"
    """Name of the fault."""


class RefusedError(NoReplyError):
    """The server will not answer this request."""

    status = "refused"


class UnreadableReplyError(NoReplyError):
    """What came is no reply to what was asked."""

    status = "unreadable_reply"


class _TryAgainError(Exception):
    """Nothing came this time; the next time may be better."""

    def __init__(
        self, fault: str, kind: type[FramewiseError] = NoReplyError, wait_seconds: float | None = None
    ) -> None:
        super().__init__(fault)
        self.fault, self.kind, self.wait_seconds = fault, kind, wait_seconds


class _Pace:
    """Spaces the requests of all threads evenly."""

    def __init__(self, per_second: float | None) -> None:
        self._per_second = per_second
        self._gap = 1 / per_second if per_second else 0.0
        self._lock, self._next = threading.Lock(), 0.0

    def __reduce__(self) -> tuple[Any, ...]:
        # Each process has its own: locks do not travel.
        return _Pace, (self._per_second,)

    def wait(self) -> None:
        if self._gap:
            with self._lock:
                begin = max(self._next, time.monotonic())
                self._next = begin + self._gap
            time.sleep(max(0.0, begin - time.monotonic()))


@dataclass(frozen=True, kw_only=True)
class ChatClient:
    """One server, for any number of threads."""

    url: str
    """Such as ``http://localhost:8000/v1``."""
    timeout_seconds: float = 300.0
    """Longest wait for one answer of the server."""
    tries: int = 5
    """Requests for one reply: a busy server (429, 500, ...), a timeout, a broken connection and a reply that cannot
    be read are asked again, later each time."""
    first_wait_seconds: float = 1.0
    """Longest wait before the second try, doubled before each further one; half of it and more is waited, by chance,
    so that requests that failed together do not come back together. A time that the server names is kept."""
    longest_wait_seconds: float = 120.0
    """Above any time that a server names."""
    requests_per_second: float | None = None
    """Most requests of all threads together, repeated ones included; None: as many as there are threads for."""
    key_variable: str | None = None
    """Environment variable with the key that is sent; None: ``OPENAI_API_KEY``, if it is set."""
    _pace: _Pace = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_pace", _Pace(self.requests_per_second))

    def check(self) -> None:
        """Find out at once whether there is a server.

        What it serves is not looked at: some load any model that they are asked for.

        Raises:
            UsageError: There is no such server at the address, or it lets nobody in.
        """
        try:
            found = self._send("models", None)
        except HTTPError as error:
            with error:
                # A server that cannot list its models (`transformers serve` without a cache of the hub) may have one.
                if error.code in _BUSY:
                    return
                raise UsageError(f"{self.url} is no server that can be used: {self._said(error)}") from error
        except (OSError, HTTPException, ValueError, RecursionError) as error:
            raise UsageError(
                f"{self.url} is no OpenAI-compatible server: {error}; give its address with /v1"
            ) from error
        if not isinstance(found, dict):
            raise UsageError(f"{self.url} is no OpenAI-compatible server: give its address with /v1")

    def chat(self, request: dict[str, Any]) -> dict[str, Any]:
        """``text`` and ``finish_reason`` of the first choice of a chat completion.

        Raises:
            NoReplyError: The server refused the request, or stayed busy or silent through all tries.
            FramewiseError: The server is gone, or lets nobody in.
        """
        return self.ask(
            request, lambda choice: {"text": text_of(choice), "finish_reason": choice.get("finish_reason")}
        )

    def ask(self, request: dict[str, Any], read: Callable[[dict[str, Any]], T]) -> T:
        """What ``read`` makes of the first choice of a chat completion.

        Args:
            request: The body.
            read: Raises ``UnreadableReplyError`` where the choice says nothing that it can use, and the server is
                asked again.

        Raises:
            NoReplyError: The server refused the request, or gave nothing that can be read through all tries.
            FramewiseError: The server is gone, or lets nobody in.
        """
        for number in range(1, self.tries + 1):
            try:
                return self._once(request, read)
            except _TryAgainError as error:
                if number == self.tries:
                    raise self._given_up(error) from error
                time.sleep(self._wait(number, error))
        raise ValueError(f"at least one try is needed, not {self.tries}")

    def _given_up(self, error: _TryAgainError) -> FramewiseError:
        if not issubclass(error.kind, NoReplyError):
            return error.kind(f"{self.url} {error.fault}; run again to go on")
        return error.kind(f"no reply after {self.tries} requests; the last: {error.fault}")

    def _wait(self, number: int, error: _TryAgainError) -> float:
        if error.wait_seconds is not None:
            return min(error.wait_seconds, self.longest_wait_seconds)
        longest = min(self.first_wait_seconds * 2 ** (number - 1), self.longest_wait_seconds)
        return random.uniform(longest / 2, longest)

    def _once(self, request: dict[str, Any], read: Callable[[dict[str, Any]], T]) -> T:
        try:
            return read(self._send("chat/completions", request)["choices"][0])
        except UnreadableReplyError as error:
            # Waiting does not make a model say something else.
            raise _TryAgainError(str(error), UnreadableReplyError, wait_seconds=0.0) from error
        except HTTPError as error:
            with error:
                raise self._refusal(error) from error
        except (OSError, HTTPException) as error:
            cause = error.reason if isinstance(error, URLError) else error
            if isinstance(cause, TimeoutError):
                raise _TryAgainError(f"no answer within {self.timeout_seconds:g} s") from error
            if isinstance(cause, ConnectionRefusedError | gaierror):
                raise _TryAgainError(f"cannot be reached: {cause}", FramewiseError) from error
            raise _TryAgainError(f"the connection broke: {cause!r}") from error
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
            fault = f"not a chat completion: {type(error).__name__}: {error}"
            raise _TryAgainError(fault, UnreadableReplyError) from error

    def _refusal(self, error: HTTPError) -> Exception:
        said = self._said(error)
        if error.code in (401, 403, 404):
            return FramewiseError(f"{self.url} refuses all requests: {said}")
        if error.code not in _BUSY:
            return RefusedError(f"the server refused it: {said}")
        return _TryAgainError(said, wait_seconds=_seconds(error.headers.get("Retry-After")))

    def _said(self, error: HTTPError) -> str:
        try:
            body = error.read(_QUOTED)
        except (OSError, HTTPException):
            body = b""
        return f"status {error.code}: {self._without_key(body).decode('utf-8', errors='replace').strip()}"

    def _send(self, path: str, body: dict[str, Any] | None) -> Any:
        check_address(self.url)
        data = None if body is None else json.dumps(body).encode()
        request = Request(
            f"{self.url.rstrip('/')}/{path}", data=data, headers={"Content-Type": "application/json"}
        )
        key = self._key()
        if key:
            # Not sent on to where the server may redirect.
            request.add_unredirected_header("Authorization", f"Bearer {key}")
        self._pace.wait()
        deadline = time.monotonic() + self.timeout_seconds
        with urlopen(request, timeout=self.timeout_seconds) as answer:
            return json.loads(self._without_key(_read(answer, deadline)))

    def _key(self) -> str:
        name = self.key_variable or KEY
        key = os.environ.get(name, "").strip()
        if self.key_variable and not key:
            raise UsageError(f"the environment variable {name} is to hold the server's key, and is not set")
        if not (key.isascii() and key.isprintable()):
            raise UsageError(
                f"the key in the environment variable {name} has characters that no key may have"
            )
        return key

    def _without_key(self, body: bytes) -> bytes:
        """What a server says ends in files and on screens, and some repeat the key that they were given."""
        key = self._key().encode()
        return body.replace(key, b"***") if len(key) >= _SHORTEST_SECRET else body


def check_address(url: str) -> None:
    """Whether the address can be a server's.

    Raises:
        UsageError: It cannot, or it holds a password, which would end in files.
    """
    if "@" in url or "?" in url:
        raise UsageError(
            "the address of a server may hold no name, password or key: put the key into an environment variable"
        )
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and url.isprintable()
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(f"{url!r} is no address of a server: it begins with http:// or https://")


def text_of(choice: dict[str, Any]) -> str:
    """The text of a choice; empty where the server says that there is none.

    Raises:
        UnreadableReplyError: There is something else in its place.
    """
    text = choice["message"]["content"]
    if text is not None and not isinstance(text, str):
        raise UnreadableReplyError(f"the reply is no text but {type(text).__name__}")
    return text or ""


def _read(answer: HTTPResponse, deadline: float) -> bytes:
    """All of the body: a server may send a little now and then, or without end."""
    parts, size = [], 0
    while part := answer.read1(1 << 16):
        parts.append(part)
        size += len(part)
        if size > _MOST_BYTES:
            raise HTTPException(f"an answer of more than {_MOST_BYTES >> 20} MiB")
        if time.monotonic() > deadline:
            raise TimeoutError
    if answer.length:
        raise IncompleteRead(b"", answer.length)
    return b"".join(parts)


def _seconds(text: str | None) -> float | None:
    """What ``Retry-After`` asks for: seconds, or a date; None where it says nothing.

    >>> _seconds("2"), _seconds("0.5"), _seconds("-1"), _seconds("soon"), _seconds(None)
    (2.0, 0.5, 0.0, None, None)
    >>> _seconds("Fri, 31 Dec 1999 23:59:59 GMT")
    0.0
    """
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None
