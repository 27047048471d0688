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


def detailed_prompt(question: str, options: Sequence[int]) -> str:
    """The same request as ``question_prompt`` at length, for models that were never trained to answer it.

    Each aspect has its own scale, so that a model has something to weigh where it has nothing to remember.
    """
    scales = "\n".join(f"{n}. {name}: {scale}" for n, (name, scale) in enumerate(_SCALES.items(), start=1))
    return (
        "You plan how a video is shown to a viewer who has to answer one question about it. The viewer sees "
        "evenly spaced still frames, from the first moment to the last, and nothing of what happens between them. "
        "Each frame costs time and memory, so you choose the smallest number of frames that still lets a careful "
        "viewer answer. You know the question and nothing else: you have not seen the video.\n"
        f"Rate five aspects of the question to yourself, each from 0 to 3.\n{scales}\n"
        "Then weigh them. Where all are 0, one look is enough: choose the smallest number. Where one aspect is 1, "
        "or two are, stay near the smallest number. Where an aspect is 2, take a number from the middle. Where an "
        "aspect is 3, or several are 2, take a large number; keep the largest one for questions that need every "
        "moment. What the question asks for decides, not how long it is or how hard its words are. A question that "
        "offers answers to choose from needs the frames that tell these answers apart, and no others.\n"
        f"Reply with one number and nothing else: {_choice(options)}.\n"
        f"Question: {question}"
    )


_SCALES = {
    "Event duration": "0 if any moment of the video shows the answer; 1 if a good part of it does; 2 if the "
    "event is short and its place in the video is unknown; 3 if it lasts a moment and could fall between two frames.",
    "Motion continuity": "0 if nothing that is asked about moves; 1 if its first and last place tell the answer; "
    "2 if a path or a direction must be followed; 3 if speed, rhythm or a number of repetitions must be judged.",
    "Causality": "0 if nothing has to be explained; 1 if one thing follows another in plain sight; 2 if the order of "
    "several events counts; 3 if the reason for an outcome lies in a chain of moments.",
    "Object interaction": "0 if one thing alone is asked about; 1 if things are merely together; 2 if one acts "
    "on another, as a hand on a cup; 3 if things act on each other again and again and each contact counts.",
    "Fine visual detail": "0 if the answer is large and lasting; 1 if it is small and lasting; 2 if it is small and "
    "seen for a part of the video; 3 if it is a small thing that changes, such as a gesture, a word or a digit.",
}
"""What a rating of each aspect of appendix A.2 means."""


PROMPTS = {
    "aspects": question_prompt,
    "rating": rating_prompt,
    "saving": saving_prompt,
    "detailed": detailed_prompt,
}
"""Four wordings of one request, the first of which is the default."""


def _choice(options: Sequence[int]) -> str:
    *first, last = [str(option) for option in options]
    return f"{', '.join(first)} or {last}" if first else last
