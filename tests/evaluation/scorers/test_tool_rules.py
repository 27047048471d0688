"""Rules of the public tools, one case for each of their known consequences, faults included."""

import pytest

from framewise.evaluation.scorers._first_capital import (
    LMMS_EVAL_PREFIXES,
    OFFICIAL_PREFIXES,
    VLMEVALKIT_PREFIXES,
    first_capital,
)
from framewise.evaluation.scorers._mmmu_choice import API_ERROR, mmmu_choice
from framewise.evaluation.scorers._mmmu_open import mmmu_open, mmmu_open_matches
from framewise.evaluation.scorers._shared_letter import shared_letter
from framewise.evaluation.scorers._spreadsheet import read_back
from framewise.evaluation.scorers._vlmevalkit_choice import vlmevalkit_choice
from framewise.evaluation.scorers._vqa import clean_punctuation, lmms_eval_period, vlmevalkit_period
from framewise.evaluation.scorers._yes_no import (
    lmms_eval_mme,
    official_mme,
    official_pope,
    tempcompass_yes_no,
    vlmevalkit_yes_no,
)

OPTIONS = {"A": "red", "B": "dark red", "C": "a dog", "D": "12"}


@pytest.mark.parametrize(
    ("reply", "letter"),
    [
        ("", None),
        (" \n", None),
        ("b", None),
        ("(b)", None),
        ("dark red", None),
        ("C. red\nD. blue", "C"),
        ("A man is running. The answer is B.", "A"),
        ("The answer is A. Because the ball moves", "B"),
        ("I exclude A: it fails", "A"),
        ("USA flag", "A"),
        ("答案是C", "C"),
        ("ABCD", "D"),
        ("'C'", "C"),
    ],
)
def test_the_shared_letter_of_lmms_eval(reply, letter):
    assert shared_letter(reply, "ABCD") == letter


@pytest.mark.parametrize(
    ("reply", "official", "vlmevalkit", "lmms_eval"),
    [
        ("Answer: C", "C", "C", "A"),
        ("Based on the video, C", "B", "B", "B"),
        ("The best answer is D", "D", "D", "D"),
        ("The correct option C", "C", "C", "C"),
        ("nothing here", None, None, None),
        ("The best option is C", "C", "C", "C"),
    ],
)
def test_the_first_capital_after_deleted_prefixes(reply, official, vlmevalkit, lmms_eval):
    assert first_capital(reply, OFFICIAL_PREFIXES) == official
    assert first_capital(reply, VLMEVALKIT_PREFIXES) == vlmevalkit
    assert first_capital(reply, LMMS_EVAL_PREFIXES) == lmms_eval


@pytest.mark.parametrize(
    ("reply", "letter"),
    [
        ("B", "B"),
        ("A or B", None),
        ("B is what I see in the picture here", None),
        ("The answer is a dog", "A"),
        ("The correct answer is **B**, for many other reasons that I see", "B"),
        ("Cannot determine the answer", "Z"),
        ("Z", "Z"),
        ("I see 12", "D"),
        ("dark red", None),
        ("12" + " and so on" * 20, None),
        ("Failed to obtain answer via API A", None),
    ],
)
def test_the_matcher_of_vlmevalkit(reply, letter):
    assert vlmevalkit_choice(reply, OPTIONS) == letter


@pytest.mark.parametrize(
    ("reply", "letter"),
    [
        ("", API_ERROR),
        ("API Error", API_ERROR),
        ("D)", None),
        ("b", None),
        ("D", "D"),
        ("(A) is wrong and (B) is right", "B"),
        ("A. no, B. yes", "B"),
        ("A: no and B. yes", "B"),
        ("it is full of vitamin C. yes", "C"),
        ("in the end I think it is a dog", "C"),
        ("a dog", None),
    ],
)
def test_the_choice_rule_of_mmmu(reply, letter):
    assert mmmu_choice(reply, OPTIONS) == letter


@pytest.mark.parametrize(
    ("reply", "gold", "right"),
    [
        ("The answer is 4.", "4", True),
        ("So 2 + 3 = 5. Therefore the final value is 4", "4", True),
        ("1,000", "1000", True),
        ("12.974", "12.97", True),
        ("It equals mitochondria\nand nothing else", "mitochondria", True),
        ("A", "A", True),
        ("a cat", "A", True),
        ("B!", "B", False),
        ("The total is -3, which has been verified.", "-3", False),
        ("7", ["8", "7"], True),
    ],
)
def test_the_open_rule_of_mmmu(reply, gold, right):
    assert mmmu_open_matches(gold, mmmu_open(reply)) is right


def test_an_empty_open_reply_is_an_api_error():
    assert mmmu_open("") == API_ERROR


@pytest.mark.parametrize(
    ("reply", "lmms_eval", "official", "vlmevalkit"),
    [
        ("Yes.", "yes", "yes", "Yes"),
        ("y", "yes", None, None),
        ("  Yes", "yes", None, "Yes"),
        ("Now we see it", "no", "no", None),
        ("yesterday", "yes", "yes", None),
        ("Yes and no", "yes", "yes", None),
        ("The answer is no.", None, None, "No"),
        ("nan", None, None, None),
        ("**Yes**", None, None, None),
    ],
)
def test_yes_and_no_in_mme(reply, lmms_eval, official, vlmevalkit):
    assert lmms_eval_mme(reply) == lmms_eval
    assert official_mme(reply) == official
    assert vlmevalkit_yes_no(reply) == vlmevalkit


@pytest.mark.parametrize(
    ("reply", "read"),
    [
        ("", "yes"),
        ("Nope", "yes"),
        ("n", "yes"),
        ("No, sir", "no"),
        ("It is not there.", "no"),
        ("Yes. No.", "yes"),
    ],
)
def test_yes_and_no_in_popes_script(reply, read):
    assert official_pope(reply) == read


@pytest.mark.parametrize(
    ("reply", "read"), [("Nothing", "no"), (" yes", None), ("YES!", "yes"), ("maybe", None)]
)
def test_yes_and_no_in_tempcompass(reply, read):
    assert tempcompass_yes_no(reply) == read


def test_punctuation_is_deleted_next_to_a_space_or_in_a_text_with_a_comma_number():
    assert clean_punctuation("a-b", vlmevalkit_period) == "a b"
    assert clean_punctuation("a-b -c", vlmevalkit_period) == "ab c"
    assert clean_punctuation("a-b 1,000", vlmevalkit_period) == "ab 1000"


def test_periods_of_numbers_stay_and_only_32_are_deleted():
    assert clean_punctuation("1.5 a. 2.", vlmevalkit_period) == "1.5 a 2."
    assert clean_punctuation("2.", lmms_eval_period) == "2"
    assert clean_punctuation("." * 40, lmms_eval_period) == "." * 8


@pytest.mark.parametrize("reply", ["", "None", "nan", "N/A", "null"])
def test_a_spreadsheet_loses_what_looks_like_no_value(reply):
    assert read_back(reply) is None


def test_a_spreadsheet_keeps_the_rest():
    assert read_back(" ") == " "
    assert read_back("none") == "none"
