"""Which reports may be of one thing: near in place, near in time, alike in words. Proposals, never decisions.

Source of facts: the city's `incidents.yaml`, which says that its numbers are proposals. Places are cells of H3 (Uber's
hexagons, `h3`): at resolution 9 an edge is about 200 m, so a cell and its neighbours reach 350 m or more each way.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from itertools import pairwise
from math import sqrt
from pathlib import Path
from types import MappingProxyType
from typing import Final

import h3

from models.vocabulary import UNCLEAR_TOPIC, topic_groups, topics
from routing.folding import fold
from routing.source import Block, Problems, read_yaml
from routing.surge import SurgeRule, read_surge_rule

#: Cells are stored, so another resolution would need them all computed anew.
RESOLUTION: Final = 9
#: Words of a street's name that tell it from the others of its ward; people leave off what follows.
_STREET_WORDS: Final = 3
_WORD: Final = re.compile(r"[^\W_]+")
#: Of longer texts it is found anew each time what they tell: few are, and a memory full of them is large.
_USUAL_LENGTH: Final = 1000
#: Words that say nothing about what happened; few, because folded many are also words that do (đến and đèn).
_EMPTY: Final = frozenset(
    fold("không được với những một người và thì kia rồi này nay ngay quá của là nhờ xin cho dân báo mình luôn").split()
)


@dataclass(frozen=True, slots=True)
class Sharing:
    """What holds for reports of one group: how long they may be of one thing, and whether citizens are shown them."""

    window: timedelta
    public: bool


@dataclass(frozen=True, slots=True)
class IncidentRules:
    """What the city says about incidents. `groups` lacks those whose reports are never compared."""

    groups: Mapping[str, Sharing]
    private_topics: frozenset[str]
    same_topic: float
    same_group: float
    streets: Mapping[str, str]
    surge: SurgeRule

    def window(self, topic: str) -> timedelta | None:
        """Return how long after the last report another may be of the same thing; None for never."""
        sharing = self._sharing(topic)
        return sharing.window if sharing else None

    def family(self, topic: str) -> tuple[str, ...]:
        """Return the topics of a topic's group, itself among them; empty for one that is never compared."""
        if self._sharing(topic) is None:
            return ()
        group = topics()[topic].group
        return tuple(fact.slug for fact in topics().values() if fact.group == group)

    def public_topics(self) -> dict[str, timedelta]:
        """Return the topics that citizens are shown, each with its window."""
        return {
            slug: sharing.window
            for slug in topics()
            if (sharing := self._sharing(slug)) and sharing.public and slug not in self.private_topics
        }

    def street(self, street: str | None, landmark: str | None) -> str | None:
        """Return the street, else the landmark, in the form in which places are compared; None for neither."""
        named = " ".join(fold(street or landmark or "").split())
        whole = self.streets.get(named, named)
        return " ".join(whole.split()[:_STREET_WORDS])[:120] or None

    def likely(self, topic: str, other: str, likeness: float) -> bool:
        """Tell whether reports of these topics, near in place and time, are alike enough to be proposed as one."""
        return likeness >= (self.same_topic if topic == other else self.same_group)

    def _sharing(self, topic: str) -> Sharing | None:
        fact = topics().get(topic)
        return self.groups.get(fact.group) if fact and topic != UNCLEAR_TOPIC else None


def cell_of(lat: float | None, lon: float | None) -> str | None:
    """Return the H3 cell of a pin, None without one."""
    return None if lat is None or lon is None else str(h3.latlng_to_cell(lat, lon, RESOLUTION))


def around(cell: str) -> tuple[str, ...]:
    """Return a cell and its neighbours (six, or five at one of the twelve pentagons)."""
    return tuple(sorted(h3.grid_disk(cell, 1)))


def likeness(text: str, other: str) -> float:
    """Return how alike two texts are, 0 to 1: the cosine of the sets of their telling words and pairs of words.

    Folded first, so that accents, capitals and spelling variants do not matter.
    """
    mine, theirs = _features(text), _features(other)
    if not mine or not theirs:
        return 0.0
    return len(mine & theirs) / sqrt(len(mine) * len(theirs))


def _features(text: str) -> frozenset[str]:
    return _remembered(text) if len(text) <= _USUAL_LENGTH else _telling(text)


@lru_cache(maxsize=2048)
def _remembered(text: str) -> frozenset[str]:
    return _telling(text)


def _telling(text: str) -> frozenset[str]:
    words = [word for word in _WORD.findall(fold(text)) if word not in _EMPTY and not word.isdigit()]
    return frozenset(words) | {f"{first} {second}" for first, second in pairwise(words)}


def read_incidents(folder: Path, problems: Problems) -> IncidentRules:
    """Read `incidents.yaml`; a group or topic that is not in the taxonomy is a problem."""
    page = read_yaml(folder, "incidents.yaml", problems)
    page.only("groups", "private_topics", "alike", "streets", "surge")
    listed = page.block("groups")
    known = {group.slug for group in topic_groups()}
    for slug in listed.keys():  # noqa: SIM118 (not a mapping)
        if slug not in known:
            listed.wrong(f"group {slug!r} does not exist")
    private = frozenset(page.texts("private_topics"))
    for slug in sorted(private - topics().keys()):
        page.wrong(f"private_topics: topic {slug!r} does not exist")
    alike = page.block("alike")
    alike.only("same_topic", "same_group")
    return IncidentRules(
        groups=MappingProxyType({slug: _sharing(listed.block(slug)) for slug in listed.keys()}),  # noqa: SIM118
        private_topics=private,
        same_topic=_percent(alike, "same_topic", 15),
        same_group=_percent(alike, "same_group", 25),
        streets=MappingProxyType(_streets(page)),
        surge=read_surge_rule(page.block("surge")),
    )


def _sharing(block: Block) -> Sharing:
    block.only("hours", "public")
    hours = block.number("hours", 24)
    if hours < 1:
        block.wrong("hours must be at least 1")
    return Sharing(timedelta(hours=hours), block.truth("public"))


def _percent(block: Block, key: str, otherwise: int) -> float:
    percent = block.number(key, otherwise)
    if percent > 100:
        block.wrong(f"{key} must be at most 100")
    return percent / 100


def _streets(page: Block) -> dict[str, str]:
    found: dict[str, str] = {}
    for block in page.blocks("streets"):
        block.only("name", "aliases")
        name = " ".join(fold(block.text("name")).split())
        found |= {" ".join(fold(alias).split()): name for alias in block.texts("aliases")}
    return found
