"""A model behind an OpenAI-compatible server."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from framewise._chat_client import ChatClient, NoReplyError, RefusedError
from framewise._errors import FramewiseError, UsageError
from framewise.budgets._answer import Answer, Backend
from framewise.budgets._server_reply import read_reply

Logprobs = Literal["auto", "required", "off"]

_MAX_TOKENS = 16
_LISTED = 20
"""The most that OpenAI's own server lists, and vLLM's unless it is told otherwise."""
_TRIAL = "Reply with one number: 8 or 16."


class ServerBackend(Backend):
    """Asks a server greedily, several prompts at a time.

    Args:
        client: The server.
        name: What the server calls the model.
        options: Numbers of frames to choose from.
        concurrency: Requests at once.
        logprobs: Whether log-probabilities are asked for: ``auto`` where the server does not refuse them.
        bound: Whether the server is told to hold replies to the options.
        request: Further fields of each request.
    """

    def __init__(
        self,
        client: ChatClient,
        name: str,
        options: Sequence[int],
        *,
        concurrency: int,
        logprobs: Logprobs,
        bound: bool = False,
        request: Mapping[str, Any],
    ) -> None:
        self.concurrency = concurrency
        self._client, self._name, self._options, self._logprobs = client, name, options, logprobs
        self._further = {**({"response_format": _one_of(options)} if bound else {}), **request}
        self._listed = logprobs != "off"

    def identity(self) -> dict[str, Any]:
        """The server's address, its name for the model, and how it is asked."""
        return {
            "server": self._client.url.rstrip("/"),
            "model": self._name,
            "logprobs": self._logprobs,
            "request": self._request("") | {"logprobs": None, "top_logprobs": None},
        }

    def batches(self, prompts: Sequence[str]) -> list[tuple[int, ...]]:
        """Each prompt by itself, as they come."""
        return [(i,) for i in range(len(prompts))]

    def open(self, prompts: Mapping[str, Sequence[str]]) -> None:  # noqa: ARG002
        """Ask for one reply, to find out at once whether the model can be asked, and how.

        Raises:
            UsageError: There is no such server or model, or it gives no log-probabilities where they are required.
            FramewiseError: The server answers with faults only.
        """
        self._client.check()
        try:
            listed = self._try()
        except RefusedError:
            if self._logprobs != "auto":
                raise
            self._listed = listed = False
            self._try()
        if self._logprobs == "required" and not listed:
            raise UsageError(f"{self._client.url} gives no log-probabilities: leave logprobs=required out")

    def _try(self) -> bool:
        """Whether a reply comes with log-probabilities."""
        try:
            return self._client.ask(self._request(_TRIAL), lambda choice: bool(choice.get("logprobs")))
        except RefusedError as error:
            raise RefusedError(
                f"{self._client.url} cannot be asked as model {self._name!r}: {error}"
            ) from error
        except NoReplyError as error:
            raise FramewiseError(f"{self._client.url} cannot be asked: {error}") from error

    def ask(self, wording: str, prompts: Sequence[str]) -> list[Answer | NoReplyError]:  # noqa: ARG002
        """One answer a prompt, or why the server gave none that can be read.

        Raises:
            FramewiseError: The server is gone.
        """
        return [self._ask(prompt) for prompt in prompts]

    def _ask(self, prompt: str) -> Answer | NoReplyError:
        try:
            return self._client.ask(self._request(prompt), lambda choice: read_reply(choice, self._options))
        except NoReplyError as error:
            return error

    def _request(self, prompt: str) -> dict[str, Any]:
        return {
            "model": self._name,
            "messages": [{"role": "user", "content": prompt}],
            "max_tokens": _MAX_TOKENS,
            "temperature": 0.0,
            **({"logprobs": True, "top_logprobs": _LISTED} if self._listed else {}),
            **self._further,
        }


def _one_of(options: Sequence[int]) -> dict[str, Any]:
    """The form of a reply that is one of the options: vLLM, SGLang and llama.cpp know it."""
    return {"type": "json_schema", "json_schema": {"name": "frames", "schema": {"enum": list(options)}}}
