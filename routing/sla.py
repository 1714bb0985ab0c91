"""How long each topic may take. Source of facts: the city's `sla.yaml`, which says that its numbers are proposals."""

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from models.vocabulary import SubmissionType, topics
from routing.source import Block, Problems, read_yaml

_LIMIT: Final = re.compile(r"([1-9][0-9]{0,3}) (h|wd)")


@dataclass(frozen=True, slots=True)
class Limit:
    """A stretch of time: either hours of a clock that never stops, or working days."""

    n: int
    working_days: bool

    @property
    def hours(self) -> timedelta:
        """The stretch as time on the clock that never stops."""
        return timedelta(hours=self.n)


@dataclass(frozen=True, slots=True)
class TopicLimits:
    """What is promised for one topic."""

    ack: timedelta
    resolve: Limit
    urgent: Limit
    emergency: Limit


@dataclass(frozen=True, slots=True)
class SlaTable:
    """The limits of every topic, the submission types without a time limit of ours, and the helpers' share of time."""

    topics: dict[str, TopicLimits]
    otherwise: TopicLimits
    no_resolve: frozenset[str]
    #: How much of the lead's time a co-ordinating unit has, between 0 and 1.
    coordinating_share: float

    def of(self, topic: str) -> TopicLimits:
        """Return a topic's limits; a topic nobody knows has the city's defaults."""
        return self.topics.get(topic, self.otherwise)


def read_sla(folder: Path, problems: Problems) -> SlaTable:
    """Read `sla.yaml`; topics that are not in the taxonomy are problems, topics left out have the defaults."""
    page = read_yaml(folder, "sla.yaml", problems)
    page.only("coordinating_percent", "defaults", "no_resolve", "topics")
    otherwise = _limits(page.block("defaults"), _USUAL)
    for kind in page.texts("no_resolve"):
        if kind not in set(SubmissionType):
            page.wrong(f"no_resolve: submission type {kind!r} does not exist")
    listed = page.block("topics")
    limits = {slug: _limits(listed.block(slug), otherwise) for slug in listed.keys()}  # noqa: SIM118 (not a mapping)
    for slug in limits.keys() - topics().keys():
        listed.block(slug).wrong(f"topic {slug!r} does not exist")
    percent = page.number("coordinating_percent", 60)
    if not 0 < percent < 100:
        page.wrong("coordinating_percent must be between 1 and 99: a helper is due before the lead")
    return SlaTable(
        topics={slug: limits.get(slug, otherwise) for slug in topics()},
        otherwise=otherwise,
        no_resolve=frozenset(page.texts("no_resolve")),
        coordinating_share=percent / 100,
    )


#: What is promised where the city says nothing.
_USUAL: Final = TopicLimits(
    ack=timedelta(minutes=5),
    resolve=Limit(5, working_days=True),
    urgent=Limit(2, working_days=False),
    emergency=Limit(1, working_days=False),
)


def _limits(block: Block, otherwise: TopicLimits) -> TopicLimits:
    block.only("ack_min", "resolve", "urgent", "emergency")
    urgent = _limit(block, "urgent", otherwise.urgent)
    emergency = _limit(block, "emergency", min(urgent, otherwise.emergency, key=lambda limit: limit.n))
    for name, limit in (("urgent", urgent), ("emergency", emergency)):
        if limit.working_days:
            block.wrong(f"{name} must be in hours: it runs day and night")
    return TopicLimits(
        ack=timedelta(minutes=block.number("ack_min", int(otherwise.ack / timedelta(minutes=1)))),
        resolve=_limit(block, "resolve", otherwise.resolve),
        urgent=urgent,
        emergency=emergency,
    )


def _limit(block: Block, key: str, otherwise: Limit) -> Limit:
    if not block.has(key):
        return otherwise
    found = _LIMIT.fullmatch(block.text(key))
    if found is None:
        block.wrong(f"{key} must look like '5 wd' or '24 h'")
        return otherwise
    return Limit(int(found[1]), working_days=found[2] == "wd")
