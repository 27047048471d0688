"""Scripted models that another process can open: it imports this file."""

import os
import signal

from framewise.evaluation import ScriptedModel


def open_gold(folder, settings):
    return ScriptedModel(lambda item: item.answer)


def open_pairs(folder, settings):
    return ScriptedModel(lambda item: item.answer, temporal_multiple=2)


def open_deadly(folder, settings):
    """Dies of one question."""

    def script(item):
        if item.item_id == "video-2-1":
            os.kill(os.getpid(), signal.SIGKILL)
        return item.answer

    return ScriptedModel(script)
