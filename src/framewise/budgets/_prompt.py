"""What the instruction allocator asks its model, in our own wording."""

from collections.abc import Sequence


def question_prompt(question: str, options: Sequence[int]) -> str:
    """Ask how many frames a question needs, judged by the five aspects of the paper's appendix A.2.

    The question comes last, so that all prompts share their beginning. Checkpoints are trained on these
    words: changing them changes what a trained allocator answers.

    >>> print(question_prompt("What color is the ball?", [8, 16]))
    How many frames of the video are needed to answer the question?
    Judge event duration, motion continuity, causality, object interaction and fine visual detail.
    If one frame or a still scene is enough, choose the smallest number.
    Reply with one number: 8 or 16.
    Question: What color is the ball?
    """
    *first, last = [str(option) for option in options]
    choice = f"{', '.join(first)} or {last}" if first else last
    return (
        "How many frames of the video are needed to answer the question?\n"
        "Judge event duration, motion continuity, causality, object interaction and fine visual detail.\n"
        "If one frame or a still scene is enough, choose the smallest number.\n"
        f"Reply with one number: {choice}.\n"
        f"Question: {question}"
    )
