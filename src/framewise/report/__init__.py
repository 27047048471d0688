"""Finished runs, explained on one page."""

from framewise.report._page import write_report

__all__ = ["write_report"]
