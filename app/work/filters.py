"""What a list of tickets is narrowed to: read from an address or a saved view, and back into one."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final
from uuid import UUID

from app.hotline import Hotline
from app.problems import Problem, Refused
from classifier.text import UnacceptableText, received
from models.vocabulary import topics
from models.workflow import AWAITS_DEPARTMENT

TEXT_MAX: Final = 200
#: What a list is of, besides one status alone: all that waits for the unit, or what it has done.
WAITING: Final = ""
DONE: Final = "done"
STANDINGS: Final = (WAITING, *(status.value for status in sorted(AWAITS_DEPARTMENT)), DONE)
#: Whose tickets, besides those of one person by their id.
ME: Final = "me"
NOBODY: Final = "nobody"


@dataclass(frozen=True)
class Filter:
    """A list of tickets as somebody wants it.

    `person` is who works on it: the id of an account, `me`, or `nobody`. `late`, `urgent` and `later` (marked for
    later) are "1" or "".
    """

    status: str = WAITING
    topic: str = ""
    ward: str = ""
    person: str = ""
    late: str = ""
    urgent: str = ""
    later: str = ""
    q: str = ""

    def as_query(self) -> dict[str, str]:
        """Return what an address says of it."""
        return {name: value for name, value in asdict(self).items() if value}

    @property
    def narrows(self) -> bool:
        """Whether it leaves anything out of what waits."""
        return bool(self.as_query())

    @property
    def of_what_is_done(self) -> bool:
        """Whether it is of what has been answered."""
        return self.status == DONE


def _is_id(typed: str) -> bool:
    try:
        UUID(typed)
    except ValueError:
        return False
    return True


FIELDS: Final = tuple(field.name for field in fields(Filter))
#: Nothing is left out.
EVERYTHING: Final = Filter()


def parse_filter(hotline: Hotline, typed: Mapping[str, str]) -> Filter:
    """Read a filter; raise `Refused` with every field that says what there is not."""
    said = {name: typed.get(name, "").strip() for name in FIELDS}
    problems = []
    known: dict[str, Any] = {
        "status": STANDINGS,
        "topic": ("", *topics()),
        "ward": ("", *hotline.city.wards),
        **dict.fromkeys(("late", "urgent", "later"), ("", "1")),
    }
    if said["person"] not in {"", ME, NOBODY} and not _is_id(said["person"]):
        problems.append(Problem("person", "unknown_person"))
    codes = {"topic": "unknown_topic", "ward": "unknown_ward"}
    for name, values in known.items():
        if said[name] not in values:
            problems.append(Problem(name, codes.get(name, "unknown_choice")))
    try:
        said["q"] = received(said["q"])
    except UnacceptableText as error:
        problems.append(Problem("q", error.reason))
    if len(said["q"]) > TEXT_MAX:
        problems.append(Problem("q", "too_long", {"max": TEXT_MAX}))
    if problems:
        raise Refused(problems)
    return Filter(**said)
