"""Requests to an OpenAI-compatible server, with the standard library alone."""

import json
import os
import time
from dataclasses import dataclass
from http.client import HTTPException
from socket import gaierror
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from framewise._errors import FramewiseError, UsageError

KEY = "OPENAI_API_KEY"
"""Environment variable with the key that is sent, if it is set."""
_BUSY = {408, 409, 429, 500, 502, 503, 504}
_QUOTED = 300


class NoReplyError(FramewiseError):
    """The server is there but gave no reply to one request; others may be answered."""


class _BusyError(Exception):
    """Nothing came this time; the next time may be better."""

    def __init__(self, fault: str, wait_seconds: float | None = None) -> None:
        super().__init__(fault)
        self.fault, self.wait_seconds = fault, wait_seconds


@dataclass(frozen=True, kw_only=True)
class ChatClient:
    """One server."""

    url: str
    """Such as ``http://localhost:8000/v1``."""
    timeout_seconds: float = 300.0
    """Longest wait for one answer of the server."""
    tries: int = 5
    """Requests for one reply: a busy server (429, 500, ...) and a timeout are asked again, later each time."""
    first_wait_seconds: float = 1.0
    """Before the second try; doubled before each further one, unless the server names a time."""

    def models(self) -> list[str]:
        """Names that the server serves.

        Raises:
            UsageError: There is no such server at the address.
        """
        try:
            return [str(model["id"]) for model in self._send("models", None)["data"]]
        except (OSError, HTTPException, ValueError, KeyError, TypeError) as error:
            raise UsageError(
                f"{self.url} is no OpenAI-compatible server: {error}; give its address with /v1"
            ) from error

    def chat(self, request: dict[str, Any]) -> dict[str, Any]:
        """``text`` and ``finish_reason`` of the first choice of a chat completion.

        Raises:
            NoReplyError: The server refused the request, or stayed busy or silent through all tries.
            FramewiseError: The server is gone, or lets nobody in.
        """
        fault = ""
        for number in range(self.tries):
            try:
                return self._choice(request)
            except _BusyError as error:
                fault = error.fault
                if number + 1 < self.tries:
                    time.sleep(error.wait_seconds or self.first_wait_seconds * 2**number)
        raise NoReplyError(f"no reply after {self.tries} requests; the last: {fault}")

    def _choice(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            choice: dict[str, Any] = self._send("chat/completions", request)["choices"][0]
            return {"text": choice["message"]["content"] or "", "finish_reason": choice.get("finish_reason")}
        except HTTPError as error:
            raise self._refusal(error) from error
        except (OSError, HTTPException) as error:
            cause = error.reason if isinstance(error, URLError) else error
            if isinstance(cause, TimeoutError):
                raise _BusyError(f"no answer within {self.timeout_seconds:g} s") from error
            if isinstance(cause, ConnectionRefusedError | gaierror):
                raise FramewiseError(f"{self.url} cannot be reached: {cause}; run again to go on") from error
            raise _BusyError(f"the connection broke: {cause!r}") from error
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise _BusyError(f"not a chat completion: {type(error).__name__}: {error}") from error

    def _refusal(self, error: HTTPError) -> Exception:
        said = f"status {error.code}: {error.read(_QUOTED).decode('utf-8', errors='replace').strip()}"
        if error.code in (401, 403, 404):
            return FramewiseError(f"{self.url} refuses all requests: {said}")
        if error.code not in _BUSY:
            return NoReplyError(f"the server refused it: {said}")
        wait = error.headers.get("Retry-After") or ""
        return _BusyError(said, float(wait) if wait.isdecimal() else None)

    def _send(self, path: str, body: dict[str, Any] | None) -> Any:
        if not self.url.startswith(("http://", "https://")):
            raise UsageError(f"{self.url!r} is no address of a server: it begins with http:// or https://")
        headers = {"Content-Type": "application/json"}
        if os.environ.get(KEY):
            headers["Authorization"] = f"Bearer {os.environ[KEY]}"
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url.rstrip('/')}/{path}", data=data, headers=headers)
        with urlopen(request, timeout=self.timeout_seconds) as answer:
            return json.loads(answer.read())
