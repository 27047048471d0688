"""Questions a second of the instruction allocator, against one ``generate`` a question over the same prompt.

python -m benchmarks.allocate [--questions 2000]

Both ways run in one process on one random checkpoint of more than 100 million parameters, on the same questions, all
different. The plain way is greedy, may say the options alone, and gets the batch size that is best for it on a part of
the questions. Greedy speech is not the most probable option as a whole, so sameness is held against an exact search
with beams, untimed. The last line ends with the ratio of times.
"""

import argparse
import random
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
import transformers

from framewise.budgets._options import OptionScorer, encode_option, encode_prompt, equal_length_batches
from framewise.budgets._prompt import question_prompt
from framewise.lab import checkpoint_folder

OPTIONS = (8, 16, 32, 64)
PLAIN_BATCHES = (1, 4, 16, 64)
OURS_BATCH = 32
TUNED_ON = 32
_WORDS = (
    "red",
    "square",
    "moves",
    "left",
    "before",
    "blue",
    "star",
    "turns",
    "how",
    "often",
    "which",
    "first",
    "why",
)


def random_model(tokenizer: Any) -> Any:
    """A language model of the line's real class, 119 million parameters, never trained."""
    torch.manual_seed(0)
    config = transformers.Qwen2Config(
        vocab_size=len(tokenizer), hidden_size=896, intermediate_size=4864, num_hidden_layers=8,
        num_attention_heads=14, num_key_value_heads=2, max_position_embeddings=4096,
    )  # fmt: skip
    return transformers.Qwen2ForCausalLM(config).eval()


def make_questions(count: int) -> list[str]:
    """Different questions of 5 to 20 words."""
    rng = random.Random(0)
    found: dict[str, None] = {}
    while len(found) < count:
        found.setdefault(" ".join(rng.choices(_WORDS, k=rng.randint(5, 20))) + "?")
    return list(found)


@torch.inference_mode()
def ours(model: Any, prompts: Sequence[Sequence[int]], options: Sequence[Sequence[int]]) -> list[int]:
    """The most probable option of each prompt, by the allocator's own scorer."""
    scorer = OptionScorer(model, prompts, options)
    best: dict[int, int] = {}
    for batch in equal_length_batches(prompts, OURS_BATCH):
        for i, row in zip(batch, scorer.score([prompts[i] for i in batch]), strict=True):
            best[i] = max(range(len(row)), key=row.__getitem__)
    return [best[i] for i in range(len(prompts))]


@torch.inference_mode()
def plain(
    model: Any,
    prompts: Sequence[Sequence[int]],
    options: Sequence[Sequence[int]],
    batch_size: int,
    beams: int = 1,
) -> list[int]:
    """The option that ``generate`` says; with as many beams as options it is the most probable one."""
    best: list[int] = []
    for start in range(0, len(prompts), batch_size):
        best += _generate(model, prompts[start : start + batch_size], options, beams)
    return best


def _generate(
    model: Any, prompts: Sequence[Sequence[int]], options: Sequence[Sequence[int]], beams: int
) -> list[int]:
    longest = max(map(len, prompts))
    ids = torch.tensor([[0] * (longest - len(p)) + list(p) for p in prompts])
    mask = torch.tensor([[0] * (longest - len(p)) + [1] * len(p) for p in prompts])
    ends = [option[-1] for option in options]

    def allowed(_: int, said: torch.Tensor) -> list[int]:
        reply = said[longest:].tolist()
        return (
            sorted({o[len(reply)] for o in options if len(o) > len(reply) and o[: len(reply)] == reply})
            or ends
        )

    said = model.generate(
        input_ids=ids, attention_mask=mask, max_new_tokens=max(map(len, options)), do_sample=False,
        num_beams=beams, prefix_allowed_tokens_fn=allowed, eos_token_id=ends[0], pad_token_id=ends[0],
        **({"length_penalty": 0.0} if beams > 1 else {}),
    )  # fmt: skip
    replies = said[:, longest:].tolist()
    return [next(i for i, o in enumerate(options) if reply[: len(o)] == list(o)) for reply in replies]


def timed(work: Callable[[], list[int]]) -> tuple[list[int], float]:
    """What some work gives, and the seconds that it takes."""
    started = time.perf_counter()
    return work(), time.perf_counter() - started


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--questions", type=int, default=2000)
    chosen = parser.parse_args()
    tokenizer = transformers.AutoTokenizer.from_pretrained(checkpoint_folder())
    model = random_model(tokenizer)
    questions = make_questions(chosen.questions)
    prompts = [encode_prompt(tokenizer, question_prompt(question, OPTIONS)) for question in questions]
    options = [encode_option(tokenizer, option) for option in OPTIONS]
    lengths = sorted(map(len, prompts))
    parameters = sum(p.numel() for p in model.parameters())
    print(f"{parameters / 1e6:.0f} million parameters, prompts of {lengths[0]} to {lengths[-1]} tokens")
    few = prompts[:TUNED_ON]
    tuned = {size: timed(partial(plain, model, few, options, size))[1] for size in PLAIN_BATCHES}
    size = min(tuned, key=tuned.__getitem__)
    shown = ", ".join(f"{size}: {seconds:.1f}" for size, seconds in tuned.items())
    print(f"plain, seconds of {len(few)} questions by batch size: {shown}")
    _, plain_seconds = timed(partial(plain, model, prompts, options, size))
    mine, our_seconds = timed(partial(ours, model, prompts, options))
    exact = plain(model, prompts, options, size, beams=len(options))
    same = sum(a == b for a, b in zip(exact, mine, strict=True)) / len(prompts)
    print(f"same option as an exact search: {same:.2%} of {len(prompts)} questions")
    print(f"plain, batch {size}: {len(prompts) / plain_seconds:.1f} questions/s")
    print(
        f"ours: {len(prompts) / our_seconds:.1f} questions/s, times plain: {plain_seconds / our_seconds:.1f}"
    )


if __name__ == "__main__":
    main()
