"""The user's own logs, JSON lines or Minari, and every registered detector on them (`corrigible detect`)."""

from corrigible.logs.detection_report import DetectionReport, DetectorSummary, EpisodeSuspicion, SkippedDetector
from corrigible.logs.jsonl import read_jsonl, write_jsonl
from corrigible.logs.monitor import detect, least_reference_episodes
from corrigible.logs.reading import read_log
from corrigible.logs.schema import Log

__all__ = [
    "DetectionReport",
    "DetectorSummary",
    "EpisodeSuspicion",
    "Log",
    "SkippedDetector",
    "detect",
    "least_reference_episodes",
    "read_jsonl",
    "read_log",
    "write_jsonl",
]
