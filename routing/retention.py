"""How long personal data is kept after a case has ended: read from `retention.yaml`, one rule a submission type."""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from models.vocabulary import SubmissionType
from routing.source import Block, Problems, read_yaml

FILE: Final = "retention.yaml"
PHOTOS: Final = ("remove", "keep")


@dataclass(frozen=True)
class RetentionRule:
    """For one submission type: months after the last move (None: never), what becomes of photos, and whose rule."""

    months: int | None
    remove_photos: bool
    source: str

    def ended_before(self, now: datetime) -> datetime | None:
        """Return the moment before which a case must have ended for its personal data to go now; None for never."""
        if self.months is None:
            return None
        year, month = divmod(now.year * 12 + now.month - 1 - self.months, 12)
        day = min(now.day, monthrange(year, month + 1)[1])
        return now.replace(year=year, month=month + 1, day=day)


RetentionTable = Mapping[SubmissionType, RetentionRule]


def read_retention(folder: Path, problems: Problems) -> RetentionTable:
    """Read the rules; every submission type must have one, with its source."""
    file = read_yaml(folder, FILE, problems)
    file.only("types")
    found: dict[SubmissionType, RetentionRule] = {}
    for block in file.blocks("types"):
        block.only("type", "months", "keep", "photos", "source")
        name, rule = block.text("type"), _rule(block)
        if name not in {kind.value for kind in SubmissionType}:
            block.wrong(f"there is no submission type {name!r}")
        elif SubmissionType(name) in found:
            block.wrong(f"{name!r} has a rule already")
        else:
            found[SubmissionType(name)] = rule
    for kind in SubmissionType:
        if kind not in found:
            file.wrong(f"no rule for {kind.value!r}")
    return found


def _rule(block: Block) -> RetentionRule:
    source = block.text("source")
    if block.has("keep"):
        if not block.truth("keep") or block.has("months"):
            block.wrong("either `months` or `keep: true`")
        return RetentionRule(None, remove_photos=False, source=source)
    months, photos = block.number("months", 0), block.text("photos")
    if not months:
        block.wrong("'months' must be 1 or more, or `keep: true`")
    if photos not in PHOTOS:
        block.wrong(f"'photos' must be one of {', '.join(PHOTOS)}")
    return RetentionRule(months, remove_photos=photos == "remove", source=source)
