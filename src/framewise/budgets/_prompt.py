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
    return (
        "How many frames of the video are needed to answer the question?\n"
        "Judge event duration, motion continuity, causality, object interaction and fine visual detail.\n"
        "If one frame or a still scene is enough, choose the smallest number.\n"
        f"Reply with one number: {_choice(options)}.\n"
        f"Question: {question}"
    )


def rating_prompt(question: str, options: Sequence[int]) -> str:
    """The same request as ``question_prompt`` in other words: the aspects are to be rated first."""
    return (
        "A viewer sees evenly spaced frames of a video and has to answer a question.\n"
        "Rate to yourself how much the answer depends on how long events last, on steady movement, "
        "on what causes what, on objects acting on each other and on small visual details.\n"
        "The more it depends on them, the more frames the viewer needs; a still scene needs the fewest.\n"
        f"Answer with one of these numbers of frames and nothing else: {_choice(options)}.\n"
        f"Question: {question}"
    )


def saving_prompt(question: str, options: Sequence[int]) -> str:
    """The same request as ``question_prompt`` in other words: frames are to be saved."""
    return (
        "Frames cost money. Choose the smallest number of evenly spaced video frames that still lets somebody answer "
        "the question below.\n"
        "Think of the length of events, the flow of motion, cause and effect, contact of objects, and fine detail.\n"
        f"Say only the number: {_choice(options)}.\n"
        f"Question: {question}"
    )


PROMPTS = {"aspects": question_prompt, "rating": rating_prompt, "saving": saving_prompt}
"""Three wordings of one request, the first of which is the default."""


def _choice(options: Sequence[int]) -> str:
    *first, last = [str(option) for option in options]
    return f"{', '.join(first)} or {last}" if first else last
