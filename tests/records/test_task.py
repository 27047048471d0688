"""Which task a conversation is."""

import pytest

from framewise.records import Turn, infer_task


@pytest.mark.parametrize(
    ("question", "task"),
    [
        ("<video>\nWhat is he doing?\nA. Running.\nB. Sitting.\nC. Eating.", "multiple_choice"),
        ("<video>\nWhat is he doing?\nA) run\nB) sit", "multiple_choice"),
        ("<video>\nChoose.\n(A) run\n(B) sit\n", "multiple_choice"),
        ("<video>Which one? (A) run (B) sit", "multiple_choice"),
        ("<video>\nDescribe the options\nA: run\nB: sit", "multiple_choice"),
        (
            "<video>\nPlease provide a detailed description of the video, focusing on the main subjects.",
            "caption",
        ),
        ("<video>\nDescribe the video in detail.", "caption"),
        ("Could you please describe this whole clip?\n<video>", "caption"),
        ("<image>\nWrite a caption.", "caption"),
        ("<video>\nSummarize the following video briefly.", "caption"),
        ("<video>\nDescribe what happens.", "caption"),
        ("<video>\nDescribe the man's shirt.", "open_ended"),
        ("<video>\nHow does the speaker describe the video?", "open_ended"),
        ("<video>\nWho is team A. Smith?", "open_ended"),
        ("<video>\nIs vitamin A good?\nSay why.", "open_ended"),
        ("", "open_ended"),
    ],
)
def test_the_question_tells(question: str, task: str) -> None:
    assert (
        infer_task([Turn(role="system", text="A. x\nB. y"), Turn(role="user", text=question)], "source")
        == task
    )


@pytest.mark.parametrize(
    ("source", "task"),
    [
        ("0_30_s_academic_v0_1_cap", "caption"),
        ("captions", "caption"),
        ("capstone", "open_ended"),
        ("escape", "open_ended"),
    ],
)
def test_the_source_tells(source: str, task: str) -> None:
    assert infer_task([Turn(role="user", text="<video>\nWell?")], source) == task
    assert infer_task([], source) == task


def test_the_pattern_is_not_slow_on_long_text() -> None:
    assert infer_task([Turn(role="user", text="A. x\n" * 20_000)], "s") == "open_ended"
    assert infer_task([Turn(role="user", text="(A) " * 20_000)], "s") == "open_ended"
    assert infer_task([Turn(role="user", text="please " * 20_000)], "s") == "open_ended"
