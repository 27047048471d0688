"""The program ``framewise``: runs a verb and turns what a user can mend into one line."""

import errno
import os
import sys
from typing import NoReturn

from framewise._errors import FramewiseError

GO_ON = "finished work is kept; run the same command again to go on"
# The words of the system, of Rust's libraries that pass them on, and of torch, whose torch.save says no more.
_FULL_DISK = (os.strerror(errno.ENOSPC), "PytorchStreamWriter failed writing", "unexpected pos")


def main() -> None:
    """Run the command line; exits with 0, with 2 for a wrong request or with 1 for a failure.

    Exceptions that no user can mend keep their traceback: they are bugs.
    """
    try:
        from framewise.cli._app import build_app

        build_app()(prog_name="framewise")
    except FramewiseError as error:
        _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        _fail(f"interrupted: {GO_ON}", 1)
    except Exception as error:
        if _is_full_disk(error):
            _fail(f"the disk is full: free some space; {GO_ON}", 1)
        if not isinstance(error, OSError):
            raise
        _fail(_describe(error), 1)


def _is_full_disk(error: BaseException | None) -> bool:
    while error is not None:
        if any(words in str(error) for words in _FULL_DISK):
            return True
        error = error.__cause__ or error.__context__
    return False


def _describe(error: OSError) -> str:
    if error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return f"{type(error).__name__}: {error}"


def _fail(message: str, exit_code: int) -> NoReturn:
    text = f"error: {message}"
    colored = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    sys.stderr.write(f"\033[31m{text}\033[0m\n" if colored else f"{text}\n")
    sys.exit(exit_code)
