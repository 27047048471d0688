"""The paper's theory measured on a real model: gradients of videos against the gradient of images.

measure_alignment(model, images=images, videos=videos, output=folder)
measure_step([model], images=images, videos=videos, output=folder)
measure_curvature(model, images=images, output=folder)
measure_attention([before, after], images=images, boxes=boxes, output=folder)
"""

from framewise.diagnostics._alignment import measure_alignment
from framewise.diagnostics._attention import AttentionSettings, measure_attention
from framewise.diagnostics._attention_table import attention_table
from framewise.diagnostics._coco_boxes import JoinedBoxes, write_coco_boxes
from framewise.diagnostics._curvature import CurvatureSettings, measure_curvature
from framewise.diagnostics._settings import AlignmentSettings
from framewise.diagnostics._step import StepSettings, measure_step
from framewise.diagnostics._step_table import step_table

__all__ = [
    "AlignmentSettings",
    "AttentionSettings",
    "CurvatureSettings",
    "JoinedBoxes",
    "StepSettings",
    "attention_table",
    "measure_alignment",
    "measure_attention",
    "measure_curvature",
    "measure_step",
    "step_table",
    "write_coco_boxes",
]
