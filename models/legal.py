"""What the law on complaints says of time, as data: `models/data/legal.yaml` names the source of each figure."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml


@dataclass(frozen=True)
class Stage:
    """How long the first or the second settlement of a complaint may take, in calendar days from its acceptance."""

    stage: str
    days: int
    complex: int
    remote: int
    remote_complex: int
    article: str
    source: str


@dataclass(frozen=True)
class ComplaintLaw:
    """The figures a complainant is told."""

    file_within_days: int
    stages: tuple[Stage, ...]
    definition: str


@cache
def complaint_law() -> ComplaintLaw:
    """Return the law on complaints; `KeyError` and `TypeError` name a missing field."""
    raw: dict[str, Any] = yaml.safe_load(files("models").joinpath("data/legal.yaml").read_text("utf-8"))["complaint"]
    return ComplaintLaw(
        file_within_days=raw["file_within"]["days"],
        stages=tuple(Stage(**stage) for stage in raw["stages"]),
        definition=f"{raw['definition']['article']} {raw['definition']['source']}",
    )
