"""How many frames each sample gets."""

from framewise.budgets._budget import Allocator, Budget, Request, Settings

__all__ = ["Allocator", "Budget", "Request", "Settings"]
