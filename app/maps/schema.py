"""What the public map is asked for: a group of topics, a ward, a period, how reports stand."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.problems import Problem, Refused
from models.vocabulary import Outcome, topic_groups
from routing.city import City

#: Periods in days; the second is shown unless somebody asks for another.
PERIODS: Final = (7, 30, 90, 365)
USUAL: Final = 30
#: Anything else behind the ? is not ours: a mistyped name must not look like an answer.
NAMES: Final = ("days", "group", "ward", "status")


@dataclass(frozen=True)
class Asked:
    """Which reports count; None for all."""

    days: int = USUAL
    group: str | None = None
    ward: str | None = None
    status: Outcome | None = None

    def address(self, **other: str | int | None) -> dict[str, str | int]:
        """Return the query that asks for the same, but for what is given."""
        wanted: dict[str, str | int | None] = {
            "days": self.days,
            "group": self.group,
            "ward": self.ward,
            "status": self.status.value if self.status else None,
            **other,
        }
        return {name: value for name, value in wanted.items() if value is not None}


def public_groups() -> list[str]:
    """Return the groups of which at least one topic is on the map."""
    return [group.slug for group in topic_groups() if any(topic.on_map for topic in group.topics)]


def parse_asked(query: Mapping[str, str], city: City) -> Asked:
    """Return what a query asks for; raises `Refused` naming each value that is none of those there are."""
    problems = [Problem(name[:100], "unknown_field") for name in query if name not in NAMES]
    days = _one_of(query, "days", [str(days) for days in PERIODS], problems)
    group = _one_of(query, "group", public_groups(), problems)
    status = _one_of(query, "status", [outcome.value for outcome in Outcome], problems)
    ward = query.get("ward") or None
    if ward is not None and ward not in city.wards:
        problems.append(Problem("ward", "unknown_ward"))
    if problems:
        raise Refused(problems)
    return Asked(int(days) if days else USUAL, group, ward, Outcome(status) if status else None)


def _one_of(query: Mapping[str, str], name: str, known: list[str], problems: list[Problem]) -> str | None:
    typed = query.get(name) or None
    if typed is not None and typed not in known:
        problems.append(Problem(name, "not_one_of", {"expected": ", ".join(known)}))
        return None
    return typed
