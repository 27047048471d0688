"""Allocators: each module here decides budgets in its own way; its name is the allocator's name."""
