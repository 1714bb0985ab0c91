"""What administrators see of the rules: those in force, a text or another set tried on them, and the history."""

import difflib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.assignment import local_date
from app.hotline import Hotline
from app.i18n import label
from app.problems import refuse
from app.returns import trial
from app.words import words_of
from models.loaded import LoadedRules
from models.vocabulary import SubmissionType, Urgency, topics
from routing.city import City
from routing.place import Place, resolve_place
from routing.replay import Replay
from routing.rulebook import Rule, Target
from routing.rules import Decision, Facts, decide
from routing.source import CityDataError

#: Tickets that another rule set is tried on while a person waits; `langnghe rules test` takes any number.
TRIED: Final = 300
FILE_MAX: Final = 256 * 1024
#: Rule sets that the history shows.
SHOWN: Final = 20
#: Lines of a difference that are shown.
LINES_MAX: Final = 400


@dataclass(frozen=True)
class ShownRule:
    """One rule as a person reads it."""

    rule: Rule
    in_force: bool
    lead: str
    helpers: list[str]


@dataclass(frozen=True)
class Tried:
    """What the rules make of a text: where it is, who gets it, and each rule that was looked at."""

    place: Place
    ward: str | None
    decision: Decision


@dataclass(frozen=True)
class Edition:
    """One rule set as it was loaded, and what it changed: lines with their sign, none for the first."""

    loaded_at: datetime
    digest: str
    changes: list[str]


def of_topic(hotline: Hotline, topic: str, day: date) -> list[ShownRule]:
    """Return the rules of a topic in the order in which they are tried."""
    city = hotline.city
    return [
        ShownRule(
            rule,
            rule.in_force(day),
            target_words(city, rule.lead, day),
            [target_words(city, one, day) for one in rule.coordinating],
        )
        for rule in city.rules.by_topic[topic]
    ]


def target_words(city: City, target: Target, day: date) -> str:
    """Return the name of a unit in the reader's language, or the id that every ward's own unit begins with."""
    unit = city.unit(target.id, day)
    return label(unit) if unit is not None and not target.per_ward else f"{target.id}@ward"


def attempt(hotline: Hotline, topic: str, kind: str, urgency: str, text: str) -> Tried:
    """Return what becomes of a text of this topic; nothing of it is kept. Raises `Refused`."""
    if topic not in topics():
        raise refuse("topic", "unknown_topic")
    if kind not in set(SubmissionType):
        raise refuse("kind", "not_one_of", expected=", ".join(SubmissionType))
    if urgency not in set(Urgency):
        raise refuse("urgency", "not_one_of", expected=", ".join(Urgency))
    words = words_of("text", text)
    city = hotline.city
    place = resolve_place(city, words)
    ward = place.candidates[0] if place.sure else None
    facts = Facts(topic, ward, kind, urgency, words, local_date(hotline, hotline.now()))
    return Tried(place, city.wards[ward].name if ward else None, decide(city, facts))


def preview(hotline: Hotline, file: bytes) -> Replay:
    """Return what another `rules.yaml` would have made of the last tickets; nothing is changed.

    Raises `Refused` with every line of it that cannot be meant.
    """
    if not file:
        raise refuse("file", "required")
    if len(file) > FILE_MAX:
        raise refuse("file", "too_long", max=FILE_MAX)
    with tempfile.TemporaryDirectory(prefix="langnghe-rules-") as folder:
        path = Path(folder) / "rules.yaml"
        path.write_bytes(file)
        try:
            return trial.try_rules(hotline, path, TRIED, None)
        except CityDataError as error:
            raise refuse("file", "rules_file", reason="; ".join(str(error).splitlines()[:10])) from None


def history(session: Session) -> list[Edition]:
    """Return the rule sets that were loaded, the newest first, each with what it changed."""
    rows = session.scalars(select(LoadedRules).order_by(LoadedRules.id.desc()).limit(SHOWN + 1)).all()
    before: Sequence[LoadedRules | None] = [*rows[1:], None]
    return [
        Edition(row.loaded_at, row.digest[:12], list(_changes(old.text, row.text)) if old else [])
        for row, old in zip(rows, before, strict=True)
    ][:SHOWN]


def _changes(old: str, new: str) -> Iterator[str]:
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=0)
    kept = [line for line in lines if not line.startswith(("---", "+++", "@@"))]
    yield from kept[:LINES_MAX]
