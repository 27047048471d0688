"""The command line: verbs that parse, call one stage and print a short summary."""

from framewise.cli._main import main

__all__ = ["main"]
