"""A vision-language model reads the question alone and says how many frames it needs."""

import math
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, Json, PositiveInt, field_validator, model_validator

from framewise._chat_client import ChatClient, NoReplyError, check_address
from framewise.budgets import Allocator, Budget, Failure, Key, Request, Settings
from framewise.budgets._answer import Answer, Backend
from framewise.budgets._cache import AnswerCache, default_folder
from framewise.budgets._interview import Answers, Interview
from framewise.budgets._prompt import PROMPTS
from framewise.budgets._summary import LEAKS, NO_SHARES, PARAPHRASE
from framewise.records import Record, strip_markers

_OF_A_SERVER = (
    "concurrency", "timeout_seconds", "retries", "requests_per_second", "key_variable", "logprobs", "bound",
    "request",
)  # fmt: skip
_OF_THIS_PROCESS = ("batch_size", "device", "dtype")
_OURS = {"model", "messages", "stream", "n", "logprobs", "top_logprobs"}


def _split_commas(value: Any) -> Any:
    return value.split(",") if isinstance(value, str) else value


class InstructionSettings(Settings):
    """Settings of ``instruction``."""

    model: str
    """Folder in the official file format, or hub name, of a vision-language model; with ``server`` its name there."""
    server: str | None = None
    """Address of an OpenAI-compatible server (vLLM, SGLang, llama.cpp, ``transformers serve``), such as
    ``http://localhost:8000/v1``; left out, the model runs in this process. vLLM is used through its server."""
    options: Annotated[tuple[PositiveInt, ...], BeforeValidator(_split_commas)] = (8, 16, 32, 64)
    """Numbers of frames to choose from, increasing; the default is the paper's. As text: ``8,16,32,64``."""
    batch_size: int = Field(default=16, ge=1)
    """Questions at once in this process; only questions of the same length share a batch."""
    device: str = "auto"
    """``auto`` is the GPU if there is one."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """``auto`` is bfloat16 on a GPU that has it, else float32."""
    prompt: Literal["aspects", "rating", "saving", "detailed"] = "aspects"
    """``aspects`` names the five aspects of the paper's appendix A.2; the others say the same in other words, and
    ``detailed`` gives each a scale, for models that were never trained to answer."""
    paraphrases: bool = False
    """Whether the other wordings are asked as well; ``prompt`` decides, and the summary tells their agreement."""
    with_answer: bool = False
    """Whether the answer is read too. It leaks what no model in use can know, and the summary says so."""
    logprobs: Literal["auto", "required", "off"] = "auto"
    """Whether a server is asked for log-probabilities; ``auto``: unless it refuses them. Without them there is a
    number and no distribution."""
    bound: bool = False
    """Whether a server is told to hold replies to the options: vLLM, SGLang and llama.cpp can. Nothing is unreadable
    then, and vLLM's probabilities are of the options alone."""
    request: Json[dict[str, Any]] | dict[str, Any] = Field(default_factory=dict)
    """Further fields of each request to a server, as JSON, such as
    ``{"chat_template_kwargs": {"enable_thinking": false}}``."""
    # None of these changes an answer, so a run may go on with others.
    concurrency: int = Field(default=16, ge=1, le=1024, exclude=True)
    """Requests to a server at once."""
    timeout_seconds: float = Field(default=120.0, gt=0, exclude=True)
    """Longest wait for one answer of a server."""
    retries: int = Field(default=4, ge=0, exclude=True)
    """How often a server is asked again that is busy, silent or unreadable, each time later."""
    requests_per_second: float | None = Field(default=None, gt=0, exclude=True)
    """Most requests to a server; left out, what ``concurrency`` comes to."""
    key_variable: str | None = Field(default=None, exclude=True)
    """Environment variable with the server's key; left out, ``OPENAI_API_KEY`` if it is set."""
    cache: str = Field(default="auto", exclude=True)
    """Folder in which answers are kept across runs; ``auto`` is ``$XDG_CACHE_HOME/framewise`` or
    ``~/.cache/framewise``, ``off`` is none."""

    @field_validator("options")
    @classmethod
    def _increasing(cls, options: tuple[int, ...]) -> tuple[int, ...]:
        if len(options) < 2 or list(options) != sorted(set(options)):
            raise ValueError("give two or more different numbers, the smallest first")
        return options

    @field_validator("request")
    @classmethod
    def _further(cls, request: dict[str, Any]) -> dict[str, Any]:
        if _OURS & request.keys():
            raise ValueError(f"{', '.join(sorted(_OURS & request.keys()))} cannot be set")
        return request

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        useless = _OF_THIS_PROCESS if self.server else _OF_A_SERVER
        given = [name for name in useless if name in self.model_fields_set]
        if given:
            where = (
                "a model in this process: leave server out"
                if self.server
                else "a server: add server=http://..."
            )
            raise ValueError(f"{', '.join(given)} is for {where}")
        return self

    def inputs(self) -> dict[str, Path]:
        """The model's folder, where it is one."""
        folder = Path(self.model)
        return {"model": folder} if self.server is None and folder.exists() else {}


class Instruction(Allocator):
    """A model judges the question by the five aspects of the paper's appendix A.2 and says how many frames.

    In this process every option's whole text is scored, so there is always a distribution and never an answer that
    cannot be read. The most probable option is the budget, the smaller one if two are equal. The score is the
    expected number of frames. A server gives a distribution only where it lists log-probabilities and the options
    begin with different tokens; else it gives a number. Equal questions are read once, and answers are kept.
    """

    settings_type = InstructionSettings
    uses_gpu = True

    @classmethod
    def spreads(cls, settings: InstructionSettings) -> bool:
        """In this process; a server is asked many questions at once as it is."""
        return settings.server is None

    def __init__(self, settings: InstructionSettings) -> None:
        self._settings = settings
        self._backend = open_backend(settings)
        self._cache = _open_cache(settings.cache)

    def allocate(
        self, requests: Sequence[Request], *, done: Collection[Key] = ()
    ) -> Iterator[Budget | Failure]:
        """Yield the budgets in the back end's order: here those of short questions come first.

        Batches are made of all questions, done or not, so that a resumed run computes what an uninterrupted
        one does.
        """
        askers: dict[str, list[Key]] = {}
        for request in requests:
            askers.setdefault(self._text(request.record), []).append(request.key)
        texts, chosen = list(askers), self._settings
        others = [name for name in PROMPTS if name != chosen.prompt] if chosen.paraphrases else []
        prompts = {name: self._prompts(name, texts) for name in (chosen.prompt, *others)}

        def waiting(i: int) -> list[Key]:
            return [key for key in askers[texts[i]] if key not in done]

        interview = Interview(self._backend, chosen.options, self._cache)
        for i, answers in interview.ask(prompts, lambda i: bool(waiting(i))):
            yield from (self._wish(key, answers) for key in waiting(i))

    def shares(self, requests: Sequence[Request], num_shares: int) -> Iterator[int]:
        """A batch, and all who ask the same, go to one worker."""
        read = [self._text(request.record) for request in requests]
        texts = list(dict.fromkeys(read))
        batches = self._backend.batches(self._prompts(self._settings.prompt, texts))
        share = {texts[i]: number % num_shares for number, batch in enumerate(batches) for i in batch}
        yield from (share[text] for text in read)

    def _prompts(self, wording: str, texts: Sequence[str]) -> list[str]:
        return [PROMPTS[wording](text, self._settings.options) for text in texts]

    def _text(self, record: Record) -> str:
        """What is read of a record."""
        if not self._settings.with_answer:
            return record.question
        answer = " ".join(strip_markers(turn.text) for turn in record.turns if turn.role == "assistant")
        return f"{record.question}\nAnswer: {answer}"

    def _wish(self, key: Key, answers: Answers | NoReplyError) -> Budget | Failure:
        record_id, media_index = key
        if isinstance(answers, NoReplyError):
            return Failure(
                record_id=record_id, media_index=media_index, status=answers.status, reason=str(answers)
            )
        answer = answers[self._settings.prompt]
        return Budget(
            record_id=record_id,
            media_index=media_index,
            num_frames=answer.num_frames,
            allocator="instruction",
            details=self._details(answers),
            **self._distribution(answer),
        )

    def _distribution(self, answer: Answer) -> dict[str, Any]:
        """Probabilities, what follows from them, and the reason."""
        options = self._settings.options
        read = "question and answer make" if self._settings.with_answer else "the question makes"
        if answer.shares is None:
            return {
                "reason": f"{read} the model say {answer.num_frames}; how probable it and the other options are is "
                "not known from its server"
            }
        expected = sum(option * share for option, share in zip(options, answer.shares, strict=True))
        return {
            "probabilities": {
                str(o): round(share, 6) for o, share in zip(options, answer.shares, strict=True)
            },
            "score": round(expected, 4),
            "wanted": round(expected, 4),
            "reason": f"{read} {answer.num_frames} the most probable (expected {expected:.1f}, "
            f"entropy {_entropy(answer.shares):.2f} of at most {math.log(len(options)):.2f} nats)",
        }

    def _details(self, answers: Answers) -> dict[str, float]:
        """What each wording says, what is not known, and whether the answer was read."""
        answer = answers[self._settings.prompt]
        found = {NO_SHARES: 1.0} if answer.shares is None else {"entropy": round(_entropy(answer.shares), 6)}
        if answer.unlisted is not None:
            found["unlisted"] = round(answer.unlisted, 6)
        if self._settings.paraphrases:
            found |= {PARAPHRASE + name: float(answers[name].num_frames) for name in PROMPTS}
        return found | ({LEAKS: 1.0} if self._settings.with_answer else {})


def open_backend(settings: InstructionSettings) -> Backend:
    """Who is asked.

    Raises:
        UsageError: There is no such model or device, or the address is none.
    """
    if settings.server is None:
        from framewise.budgets._local_backend import LocalBackend

        return LocalBackend(
            settings.model,
            settings.options,
            batch_size=settings.batch_size,
            device=settings.device,
            dtype=settings.dtype,
        )
    from framewise.budgets._server_backend import ServerBackend

    check_address(settings.server)
    client = ChatClient(
        url=settings.server,
        timeout_seconds=settings.timeout_seconds,
        tries=settings.retries + 1,
        requests_per_second=settings.requests_per_second,
        key_variable=settings.key_variable,
    )
    return ServerBackend(
        client,
        settings.model,
        settings.options,
        concurrency=settings.concurrency,
        logprobs=settings.logprobs,
        bound=settings.bound,
        request=settings.request,
    )


def _open_cache(cache: str) -> AnswerCache | None:
    if cache == "off":
        return None
    return AnswerCache(default_folder() if cache == "auto" else Path(cache))


def _entropy(shares: Sequence[float]) -> float:
    """In nats."""
    return -sum(share * math.log(share) for share in shares if share > 0)
