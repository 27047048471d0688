"""Questions a second of the instruction allocator, against one ``generate`` a question over the same prompt.

python -m benchmarks.allocate [--questions 2000]

Both ways run in one process on one random Qwen2.5-VL of more than 100 million parameters, on the same questions, all
different, under the wording ``detailed``. The plain way is greedy, may say the options alone, and gets the batch size
that is best for it on a part of the questions; ours runs before and after it, and the slower run counts. Greedy speech
is not the most probable option as a whole, so sameness is held against the option found by going on, untimed, from
what the plain way has read. The last line ends with the ratio; the exit code is 1 if that is below 10, or under 99.5 %
are the same.
"""

import argparse
import copy
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any

import torch
import transformers

from framewise._progress import track
from framewise.budgets._option_scorer import OptionScorer, common_start
from framewise.budgets._options import batches_by_length, encode_option, encode_prompt
from framewise.budgets._prompt import detailed_prompt
from framewise.compat import prepare_torchvision
from framewise.lab import checkpoint_folder

OPTIONS = (8, 16, 32, 64)
PLAIN_BATCHES = (1, 4, 16)
OURS_BATCH = 16
TUNED_ON = 16
LEAST_RATIO, LEAST_SAME = 10, 0.995
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
    """A vision-language model of the real class, never trained."""
    prepare_torchvision()
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    torch.manual_seed(0)
    config = Qwen2_5_VLConfig(
        text_config={
            "vocab_size": len(tokenizer), "bos_token_id": None, "eos_token_id": None, "hidden_size": 512,
            "intermediate_size": 1408, "num_hidden_layers": 8, "num_attention_heads": 8, "num_key_value_heads": 2,
            "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [8, 12, 12]},
        },
        vision_config={
            "depth": 18, "hidden_size": 640, "intermediate_size": 1708, "num_heads": 8, "out_hidden_size": 512,
        },
    )  # fmt: skip
    return Qwen2_5_VLForConditionalGeneration(config).eval()


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
    for batch in batches_by_length(prompts, OURS_BATCH):
        for i, row in zip(batch, scorer.score([prompts[i] for i in batch]), strict=True):
            best[i] = _largest(row)
    return [best[i] for i in range(len(prompts))]


@dataclass
class Plain:
    """What the plain way found."""

    seconds: float = 0.0
    said: list[int] = field(default_factory=list)
    """The option that ``generate`` says."""
    likeliest: list[int] = field(default_factory=list)
    """The most probable option as a whole, continued from what ``generate`` read; that takes no time here."""


@torch.inference_mode()
def plain(
    model: Any, prompts: Sequence[Sequence[int]], options: Sequence[Sequence[int]], batch_size: int
) -> Plain:
    """One ``generate`` a question."""
    found, ends = Plain(), [option[-1] for option in options]
    for ids, mask in _padded(prompts, batch_size):

        def allowed(_: int, said: torch.Tensor, asked: int = ids.shape[1]) -> list[int]:
            reply = said[asked:].tolist()
            longer = {o[len(reply)] for o in options if len(o) > len(reply) and o[: len(reply)] == reply}
            return sorted(longer) or ends

        started = time.perf_counter()
        made = model.generate(
            input_ids=ids, attention_mask=mask, max_new_tokens=max(map(len, options)), do_sample=False,
            prefix_allowed_tokens_fn=allowed, eos_token_id=ends[0], pad_token_id=ends[0],
            return_dict_in_generate=True, output_logits=True,
        )  # fmt: skip
        replies = made.sequences[:, ids.shape[1] :].tolist()
        found.said += [
            next(i for i, o in enumerate(options) if reply[: len(o)] == list(o)) for reply in replies
        ]
        found.seconds += time.perf_counter() - started
        made.past_key_values.crop(ids.shape[1] - made.past_key_values.get_seq_length())
        found.likeliest += _likeliest(model, mask, made.logits[0], made.past_key_values, options)
    return found


def _likeliest(
    model: Any, mask: torch.Tensor, logits: torch.Tensor, cache: Any, options: Sequence[Sequence[int]]
) -> list[int]:
    """Token by token, option by option, after prompts that were read whole."""
    last, scores = mask.sum(1, keepdim=True) - 1, []
    for option in options:
        score, known, own = logits.log_softmax(-1)[:, option[0]], mask, copy.deepcopy(cache)
        for place, (token, following) in enumerate(pairwise(option), start=1):
            known = torch.cat([known, mask[:, -1:]], 1)
            said = model(
                input_ids=mask.new_full((len(mask), 1), token), attention_mask=known, past_key_values=own,
                position_ids=(last + place).expand(3, -1, -1), use_cache=True,
            )  # fmt: skip
            score = score + said.logits[:, -1].log_softmax(-1)[:, following]
        scores.append(score)
    return [_largest(row) for row in torch.stack(scores, 1).tolist()]


def _padded(prompts: Sequence[Sequence[int]], batch_size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Tokens and mask of so many prompts at a time, padded on the left."""
    for start in track(range(0, len(prompts), batch_size), "plain", total=-(-len(prompts) // batch_size)):
        batch = prompts[start : start + batch_size]
        longest = max(map(len, batch))
        ids = torch.tensor([[0] * (longest - len(p)) + list(p) for p in batch])
        yield ids, torch.tensor([[0] * (longest - len(p)) + [1] * len(p) for p in batch])


def _largest(row: Sequence[float]) -> int:
    return max(range(len(row)), key=row.__getitem__)


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
    prompts = [
        encode_prompt(tokenizer, detailed_prompt(text, OPTIONS)) for text in make_questions(chosen.questions)
    ]
    options = [encode_option(tokenizer, option) for option in OPTIONS]
    lengths, shared = sorted(map(len, prompts)), common_start(prompts)
    print(f"{_millions(model)} million parameters, {_millions(model.model.language_model)} of them read text")
    print(f"prompts of {lengths[0]} to {lengths[-1]} tokens, the first {shared} the same in all", flush=True)
    few = prompts[:TUNED_ON]
    tuned = {size: plain(model, few, options, size).seconds for size in PLAIN_BATCHES}
    size = min(tuned, key=tuned.__getitem__)
    shown = ", ".join(f"{size}: {seconds:.1f}" for size, seconds in tuned.items())
    print(f"plain, seconds of {len(few)} questions by batch size: {shown}", flush=True)
    mine, before = timed(partial(ours, model, prompts, options))
    print(f"ours, before: {len(prompts) / before:.1f} questions/s", flush=True)
    theirs = plain(model, prompts, options, size)
    _, after = timed(partial(ours, model, prompts, options))
    same = sum(a == b for a, b in zip(theirs.likeliest, mine, strict=True)) / len(prompts)
    print(f"most probable option as after reading every prompt whole: {same:.2%} of {len(prompts)} questions")
    greedy = sum(a == b for a, b in zip(theirs.likeliest, theirs.said, strict=True)) / len(prompts)
    print(f"said greedily by the plain way: {greedy:.2%}")
    print(f"plain, batch {size}: {len(prompts) / theirs.seconds:.2f} questions/s")
    print(f"ours, after: {len(prompts) / after:.1f} questions/s")
    ratio = theirs.seconds / max(before, after)
    print(f"our questions a second over those of the plain way, the slower of two: {ratio:.1f}")
    sys.exit(ratio < LEAST_RATIO or same < LEAST_SAME)


def _millions(model: torch.nn.Module) -> int:
    return sum(p.numel() for p in model.parameters()) // 1_000_000


if __name__ == "__main__":
    main()
