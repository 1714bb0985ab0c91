"""What an administrator types about a unit, read whole: every problem at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from app.problems import Problem, Refused
from app.words import words_of
from models.vocabulary import DepartmentKind
from routing.departments import LENGTHS, DepartmentFact, is_unit_id
from routing.hours import OpeningHours, UnreadableHours, read_hours
from routing.reach import email_written, phone_written

BECAUSE_MAX: Final = 500
Form = Mapping[str, str]


@dataclass(frozen=True)
class Stated:
    """What a unit shall be from `since` on, and why."""

    fact: DepartmentFact
    since: date
    because: str


@dataclass(frozen=True)
class Closing:
    """From when a unit is gone, who has what it leaves, and why."""

    since: date
    successor: str | None
    because: str


def read_stated(form: Form, unit: str | None = None) -> Stated:
    """Read a unit's facts, of a new unit its id too; raise `Refused` with all problems."""
    reader = _Reader(form)
    name = unit if unit is not None else reader.unit_id()
    since = reader.day("since")
    fact = DepartmentFact(
        id=name,
        vi=reader.line("vi", required=True) or "",
        en=reader.line("en", required=True) or "",
        kind=reader.kind(),
        parent=reader.chosen("parent"),
        ward=reader.chosen("ward"),
        valid_from=since,
        valid_to=None,
        phone=reader.normal("phone", phone_written),
        email=reader.normal("email", email_written),
        address=reader.line("address"),
        hours=reader.hours(),
        note=reader.line("note"),
        source=reader.line("source"),
    )
    stated = Stated(fact, since, reader.because())
    reader.refuse()
    return stated


def read_closing(form: Form) -> Closing:
    """Read when and to whom; raise `Refused` with all problems."""
    reader = _Reader(form)
    closing = Closing(reader.day("since"), reader.chosen("successor"), reader.because())
    reader.refuse()
    return closing


def read_because(form: Form) -> str:
    """Read why; raise `Refused`."""
    reader = _Reader(form)
    because = reader.because()
    reader.refuse()
    return because


def read_day(typed: str) -> date | None:
    """Return the day that a date field or a query names, None for what is none."""
    try:
        return date.fromisoformat(typed.strip())
    except ValueError:
        return None


class _Reader:
    """Reads one field at a time and remembers what was wrong."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.problems: list[Problem] = []

    def refuse(self) -> None:
        if self.problems:
            raise Refused(self.problems)

    def unit_id(self) -> str:
        typed = self.form.get("id", "").strip()
        if not is_unit_id(typed):
            self.problems.append(Problem("id", "unit_id"))
        return typed

    def line(self, name: str, *, required: bool = False, most: int | None = None) -> str | None:
        typed = self.form.get(name, "")
        if not typed.strip() and not required:
            return None
        try:
            return " ".join(words_of(name, typed, most or LENGTHS[name]).split())
        except Refused as refused:
            self.problems += refused.problems
            return None

    def because(self) -> str:
        return self.line("because", required=True, most=BECAUSE_MAX) or ""

    def kind(self) -> DepartmentKind:
        typed = self.form.get("kind", "")
        if typed in set(DepartmentKind):
            return DepartmentKind(typed)
        self.problems.append(Problem("kind", "not_one_of", {"expected": ", ".join(DepartmentKind)}))
        return DepartmentKind.CITY

    def chosen(self, name: str) -> str | None:
        return self.form.get(name, "").strip() or None

    def day(self, name: str) -> date:
        typed = self.form.get(name, "")
        found = read_day(typed)
        if found is None:
            self.problems.append(Problem(name, "not_day" if typed.strip() else "required"))
        return found or date.max

    def normal(self, name: str, reading: Callable[[str], str]) -> str | None:
        typed = self.form.get(name, "").strip()
        if not typed:
            return None
        try:
            return reading(typed)
        except ValueError:
            self.problems.append(Problem(name, "unit_phone" if name == "phone" else name))
            return None

    def hours(self) -> OpeningHours | None:
        typed = self.form.get("hours", "").strip()
        if not typed:
            return None
        try:
            return read_hours(typed)
        except UnreadableHours:
            self.problems.append(Problem("hours", "unit_hours"))
            return None
