"""The errors that a user can cause, each with the exit code that the command line answers with."""


class FramewiseError(Exception):
    """Something failed at run time; the message says what was found and what to do (exit code 1)."""

    exit_code = 1


class UsageError(FramewiseError):
    """The request itself cannot be carried out: a typo, an unknown name, a missing input (exit code 2)."""

    exit_code = 2
