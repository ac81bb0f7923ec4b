"""Nodes of which somebody found that a policy leaves or changes them, as plain records in a file with its provenance.

The file is JSON, written by `python -m corrigible.stages.found_nodes RUN FILE` and read here; a world may carry them.
"""

from pathlib import Path
from typing import Literal

from corrigible.documents import Document, read_document


class FeatureLimits(Document):
    """A condition: least <= feature `axis` < below (None: open), or it is called `name`; see detect.mining.axes."""

    axis: str
    least: float | None = None
    below: float | None = None
    name: str = ""


class FoundNodes(Document):
    """Nodes called `kind` that meet all limits, and whether the policy `left` or `changed` more of them.

    sentence: what was found, for people.
    """

    sentence: str
    kind: str
    direction: Literal["left", "changed"]
    limits: list[FeatureLimits]


class FoundNodesFile(Document):
    """found: most telling first. The rest is where they come from: the run, and the command that read it."""

    schema_version: Literal[1]
    experiment: str
    version: int
    preset: str
    policy: str
    against: str
    seeds: list[int]
    commit: str
    command: str
    found: list[FoundNodes]


def read_found_nodes(path: Path) -> tuple[FoundNodes, ...]:
    """What was found, from such a file. Raises BadInput where it is none."""
    return tuple(read_document(path, FoundNodesFile).found)
