"""Known silent faults of an environment and of a model's folder, each found by trying it.

[finding.name for finding in examine("checkpoint") if finding.status == "fault"]
"""

from framewise.doctor._examine import examine
from framewise.doctor._finding import Finding, Status

__all__ = ["Finding", "Status", "examine"]
