"""What a video file holds, and frames out of it.

frames, chosen = sample_clip(PyAV(), Path("clip.mp4"), num_frames=16)
frames.pixels.shape, chosen.indices
"""

from framewise.clips._clip import Clip, Decoder, Frames
from framewise.clips._faults import ClipError, FaultName
from framewise.clips._find_media import VIDEO_SUFFIXES
from framewise.clips._find_source import Source, find_source
from framewise.clips._image import IMAGE_SUFFIXES, load_image, probe_image
from framewise.clips._image_sequence import ImageSequence
from framewise.clips._make_decoder import make_decoder
from framewise.clips._probe import ProbeSummary, Workers, probe
from framewise.clips._read_clips import open_clips, read_clips
from framewise.clips._read_media import read_media
from framewise.clips._sample_clip import sample_clip
from framewise.clips._whole import check_whole
from framewise.clips.sampling import Sample, sample

__all__ = [
    "IMAGE_SUFFIXES",
    "VIDEO_SUFFIXES",
    "Clip",
    "ClipError",
    "Decoder",
    "FaultName",
    "Frames",
    "ImageSequence",
    "ProbeSummary",
    "Sample",
    "Source",
    "Workers",
    "check_whole",
    "find_source",
    "load_image",
    "make_decoder",
    "open_clips",
    "probe",
    "probe_image",
    "read_clips",
    "read_media",
    "sample",
    "sample_clip",
]
