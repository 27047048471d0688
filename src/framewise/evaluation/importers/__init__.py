"""Readers of other tools' result folders: one file each, and the file is the registration."""
