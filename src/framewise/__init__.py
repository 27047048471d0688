"""Framewise: fine-tune vision-language models on video without losing their image skills."""

from importlib.metadata import version

__version__ = version("framewise")
__all__ = ["__version__"]
