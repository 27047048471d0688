"""Measurements against other libraries."""
