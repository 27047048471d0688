"""Finished runs, explained on one page."""

from framewise.report._page import write_budgets_page, write_report

__all__ = ["write_budgets_page", "write_report"]
