"""Our own readings: what they understand, what they leave alone, and that random text stays at chance."""

import math
import random
import re
import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framewise.evaluation.scorers import robust_choice, robust_open, robust_yes_no
from framewise.evaluation.scorers._robust_choice import without_letter
from framewise.evaluation.scorers._robust_text import sentences, without_reasoning

OPTIONS = {"A": "red", "B": "dark red", "C": "A cat on the sofa", "D": "12"}
DRESSES = ("{}", "{}.", "({})", "{})", "**{}**", "[{}]", " {}\n", "$\\boxed{{{}}}$", "<answer>{}</answer>", "{}</s>",
           "The answer is {}.", "Answer: {}", "Best option:({})", "I would choose {}", "Option {}", "答案是{}",
           "<think>Maybe A. Or D.</think>{}", "Ok.\nFinal answer - {}")  # fmt: skip


@pytest.mark.parametrize("dress", DRESSES)
@pytest.mark.parametrize("label", "ABCD")
@pytest.mark.parametrize("case", [str.upper, str.lower])
def test_a_label_is_read_in_any_dress_and_case(dress, label, case):
    assert robust_choice(dress.format(case(label)), OPTIONS) == label


@pytest.mark.parametrize("dress", ["{}", "{}.", "The answer is {}.", "**{}**", "The video shows {}."])
@pytest.mark.parametrize("label", "ABCD")
@pytest.mark.parametrize("case", [str, str.upper, str.lower])
def test_a_full_text_is_read_in_any_case(dress, label, case):
    assert robust_choice(dress.format(case(OPTIONS[label])), OPTIONS) == label


@pytest.mark.parametrize(
    ("reply", "label"),
    [
        ("It is dark red", "B"),
        ("The answer is A. Because the ball moves", "A"),
        ("A man is running. The answer is B.", "B"),
        ("The answer is not D. It is B.", "B"),
        ("Not A, but B.", "B"),
        ("At first A seems right, but the answer is B.", "B"),
        ("Option B mentions 12. Option A matches.", "A"),
        ("I exclude A: it fails. Then D: it holds.", "D"),
        ("It is not red, it is dark red", "B"),
        ("A. red\nB. dark red\nC. A cat on the sofa\nD. 12\nThe answer is B", "B"),
        ("A\n\nExplanation: the image shows 12.", "A"),
        ("A cat on the sofa", "C"),
        ("B. red", "B"),
        ("\uff22", "B"),
        ("it must be b.", "B"),
    ],
)
def test_the_last_answer_counts_and_reasoning_does_not(reply, label):
    assert robust_choice(reply, OPTIONS) == label


@pytest.mark.parametrize(
    "reply",
    ["", " \n", ".", "E", "The answer is E.", "A or B", "A and D", "A, D", "Both C and B are correct.", "AA", "ABCD",
     "A man walks.", "I see a man.", "Nothing of these", "B-flat", "<think>It is B", "13", "reddish",
     "A. red\nB. dark red\nC. A cat on the sofa\nD. 12"],
)  # fmt: skip
def test_what_names_no_single_option_is_not_read(reply):
    assert robust_choice(reply, OPTIONS) is None


def test_options_with_one_text_are_told_apart_by_label_only():
    twins = {"A": "red", "B": "Red.", "C": "blue"}
    assert robust_choice("red", twins) is None
    assert robust_choice("B", twins) == "B"


def test_labels_of_captions_are_read():
    captions = {"1": "It runs.", "2": "It walks."}
    assert [
        robust_choice(text, captions) for text in ("Option 2", "2.", "(2)", "2: It walks.", "it walks")
    ] == ["2"] * 5


@given(st.text(max_size=80), st.lists(st.text(max_size=12), min_size=2, max_size=6))
def test_any_text_is_read_as_an_option_or_as_nothing(reply, texts):
    options = dict(zip(string.ascii_uppercase, texts, strict=False))
    assert robust_choice(reply, options) in (None, *options)


@given(st.text(max_size=80))
def test_reasoning_that_never_ends_has_no_answer(thought):
    assert without_reasoning(f"<think>{thought}".replace("</", "")) == ""


def test_letters_of_options_are_taken_off():
    assert [without_letter(text) for text in ("A. red", "(A) red", "a) red", "red", "A.")] == ["red"] * 4 + [
        "A."
    ]


@pytest.mark.parametrize(
    ("reply", "read"),
    [
        ("Yes", "yes"),
        ("no.", "no"),
        ("**Yes**, there is no doubt.", "yes"),
        ("y", "yes"),
        ("N.", "no"),
        ("<think>No?</think>Yes", "yes"),
        ("The answer is no.", "no"),
        ("Answer: Yes", "yes"),
        ("Wait, yes. No, it is a cat.", "no"),
        ("There is no dog.", "no"),
        ("Yes. No other animal is there.", "yes"),
        ("Yes and no", None),
        ("No, yes", None),
        ("nothing", None),
        ("yesterday", None),
        ("", None),
        ("<think>yes", None),
    ],
)
def test_yes_and_no(reply, read):
    assert robust_yes_no(reply) == read


@pytest.mark.parametrize(
    ("reply", "gold", "right"),
    [
        ("4", "4", True),
        ("The answer is 4 m.", "4", True),
        ("So 2 + 3 = 5. Therefore it is 1,000", "1000", True),
        ("It equals 12.97\nand nothing else", "12.97", True),
        ("Mitochondria!", "mitochondria", True),
        ("a cat", "A", False),
        ("The answer is B.", "B", True),
        ("b4", "4", False),
        ("nan", "4", False),
        ("seven", ["8", "Seven"], True),
    ],
)
def test_open_answers(reply, gold, right):
    assert robust_open(reply, gold).score == float(right)


def test_an_empty_open_reply_is_unparsed():
    assert robust_open(" . ", "4").parsed is None


# ---- at chance ----

SAID = """the answer is option a b c d A B C D red dark blue cat sofa 12 4 yes no not because so it shows
(A) (b) C. D: <think> </think> ** . ? ! and or I man video"""
WORDS = [*SAID.split(), "\n"]


def random_text(rng: random.Random) -> str:
    if rng.random() < 0.5:
        return "".join(rng.choices(string.printable, k=rng.randint(1, 60)))
    return " ".join(rng.choices(WORDS, k=rng.randint(1, 15)))


def test_random_text_about_random_questions_is_at_or_below_chance():
    """With the gold option drawn evenly, the share of right readings is a binomial of at most one in four."""
    rng = random.Random(0)
    texts = ["red", "dark red", "blue", "a cat", "A cat on the sofa", "12", "4", "the man", "yes", "no"]
    draws, right, read = 6000, 0, 0
    for _ in range(draws):
        options = dict(zip("ABCD", rng.sample(texts, 4), strict=True))
        parsed = robust_choice(random_text(rng), options)
        read += parsed is not None
        right += parsed == rng.choice("ABCD")
    assert read > 600
    limit = 4 * math.sqrt(0.25 * 0.75 / read)
    assert abs(right / read - 0.25) < limit


def test_random_text_is_yes_or_no_at_chance():
    rng = random.Random(1)
    parsed = [robust_yes_no(random_text(rng)) for _ in range(6000)]
    read = [word for word in parsed if word is not None]
    right = sum(word == rng.choice(("yes", "no")) for word in read)
    assert len(read) > 300
    assert abs(right / len(read) - 0.5) < 4 * math.sqrt(0.25 / len(read))


def test_random_text_hardly_answers_open_questions():
    rng = random.Random(2)
    golds = ("4.37", "mitochondria", "1,250", "sonata form")
    assert sum(robust_open(random_text(rng), rng.choice(golds)).score for _ in range(3000)) == 0


LOOPS = ("yes ", "!", "...a", "<think>", "</think>", "<think></thought>", "not A ", "(A) ", "dark red ", "answer ",
         "1.", "\\boxed{", "<answer>", "a\n", "not the ", "1", "a'", "option ", "A: red ")  # fmt: skip


@pytest.mark.parametrize("loop", LOOPS)
def test_a_model_that_repeats_itself_is_read_in_linear_time(loop):
    """A quadratic rule takes minutes for these replies, this one a fraction of a second."""
    reply = loop * (60_000 // len(loop))
    before = time.process_time()
    for read in (
        lambda: robust_choice(reply, OPTIONS),
        lambda: robust_yes_no(reply),
        lambda: robust_open(reply, "a"),
    ):
        read()
    assert time.process_time() - before < 5.0


NAMES = "think|thinking|reasoning|thought"
TAGS = st.lists(
    st.sampled_from(("<think>", "</think>", "<Thought>", "</thought>", "a", "b\n", "<thi", "nk>", "</"))
)


@given(TAGS.map("".join))
def test_reasoning_is_what_plain_patterns_find(text):
    flags = re.DOTALL | re.IGNORECASE
    left = re.sub(rf"<({NAMES})>.*?</\1>", "", text, flags=flags)
    left = re.split(rf"<(?:{NAMES})>", re.sub(rf".*</(?:{NAMES})>", "", left, flags=flags), flags=flags)[0]
    assert without_reasoning(text) == left.strip()


@given(st.lists(st.sampled_from((".", "!", "。", " ", "\n", "A", "ab", "1"))).map("".join))
def test_sentences_are_what_a_plain_pattern_finds(text):
    ends = re.compile(r"\n+|(?<!^[A-Za-z0-9])[.!?。！？]+(?=\s)", re.MULTILINE)
    assert sentences(text) == [part.strip() for part in ends.split(text) if part.strip()]
