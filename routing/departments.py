"""The units that act, as dated data: units keep moving, so nothing about them is in code.

Source of facts: the city's `departments.yaml`, with a mark on each entry of where it is known from, and what
administrators have changed since (`routing.unitbook`).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from string import Formatter
from typing import Any, Final

import yaml

from models.vocabulary import DepartmentKind
from routing.hours import OpeningHours, UnreadableHours, read_hours
from routing.reach import email_written, phone_written
from routing.source import Block, Problems, read_yaml
from routing.wards import WardFact

FILE: Final = "departments.yaml"
#: Facts that are texts of at most so many characters.
LENGTHS: Final = {"vi": 200, "en": 200, "address": 300, "note": 500, "source": 300}
#: What may change about a unit from one day to the next.
CHANGEABLE: Final = (
    "vi", "en", "kind", "parent", "ward", "phone", "email", "address", "hours", "note", "source",
)  # fmt: skip
#: What of a ward is filled into the patterns of its units.
FILLED_IN: Final = ("type", "short", "code", "type_en")
#: With a hyphen and the longest code of a ward it is the id of a unit.
_PREFIX_MAX: Final = 40
_ID: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class DepartmentFact:
    """A unit as it is from `valid_from` on until `valid_to`, the first day on which it is no more or is otherwise.

    `ward` is the code of the ward that it belongs to, if any; `hours` None means the city's. `successor` has what it
    leaves when it is gone. `earlier` are the same unit's facts before, oldest first.
    """

    id: str
    vi: str
    en: str
    kind: DepartmentKind
    parent: str | None
    ward: str | None
    valid_from: date | None
    valid_to: date | None
    phone: str | None = None
    email: str | None = None
    address: str | None = None
    hours: OpeningHours | None = None
    note: str | None = None
    source: str | None = None
    successor: str | None = None
    earlier: tuple["DepartmentFact", ...] = field(default=(), repr=False)

    @property
    def versions(self) -> tuple["DepartmentFact", ...]:
        """Everything that it was, is and will be, oldest first."""
        return (*self.earlier, self)

    def on(self, day: date) -> "DepartmentFact | None":
        """Return the unit as it is on that day, None when it does not exist then."""
        for fact in (self, *reversed(self.earlier)):
            if (fact.valid_from is None or fact.valid_from <= day) and (fact.valid_to is None or day < fact.valid_to):
                return fact
        return None

    def valid_on(self, day: date) -> bool:
        """Tell whether the unit exists on that day."""
        return self.on(day) is not None

    def last_until(self, day: date) -> "DepartmentFact | None":
        """Return the unit as it is on that day or was before, None when it has not begun yet."""
        begun = [fact for fact in self.versions if fact.valid_from is None or fact.valid_from <= day]
        return begun[-1] if begun else None

    def life_on(self, day: date) -> "DepartmentFact":
        """Return the facts of a day with the whole life around it: from when the unit began until it is gone.

        On a day without the unit these are its last facts before, or else its first ones.
        """
        every = self.versions
        at = every.index(self.last_until(day) or every[0])
        first = last = at
        while first > 0 and every[first - 1].valid_to == every[first].valid_from:
            first -= 1
        while last + 1 < len(every) and every[last].valid_to == every[last + 1].valid_from:
            last += 1
        return replace(
            every[at],
            valid_from=every[first].valid_from,
            valid_to=every[last].valid_to,
            successor=every[last].successor,
            earlier=(),
        )


@dataclass(frozen=True, slots=True)
class WardPattern:
    """A unit that every ward has; words in braces are filled in with the ward's."""

    prefix: str
    vi: str
    en: str
    kind: DepartmentKind
    parent: str | None
    valid_from: date | None
    hours: OpeningHours | None

    def unit_of(self, ward: WardFact, types_en: Mapping[str, str]) -> DepartmentFact:
        """Return the unit of one ward."""
        words = {
            "type": ward.type.lower(),
            "short": ward.short,
            "code": ward.code,
            "type_en": types_en.get(ward.type, ward.type),
        }
        return DepartmentFact(
            id=f"{self.prefix}-{ward.code}",
            vi=self.vi.format_map(words),
            en=self.en.format_map(words),
            kind=self.kind,
            parent=self.parent.format_map(words) if self.parent else None,
            ward=ward.code,
            valid_from=self.valid_from,
            valid_to=None,
            hours=self.hours,
        )


@dataclass(frozen=True, slots=True)
class Units:
    """All units, the one that receives what nobody else does, and what those are made from that every ward has.

    `lines` tells where in the file a unit is written.
    """

    departments: dict[str, DepartmentFact]
    coordinator: str
    patterns: tuple[WardPattern, ...]
    types_en: dict[str, str]
    lines: dict[str, str] = field(compare=False, repr=False)

    @property
    def per_ward(self) -> tuple[str, ...]:
        """Return the prefixes of the units that every ward has."""
        return tuple(pattern.prefix for pattern in self.patterns)


def standing_in(departments: Mapping[str, DepartmentFact], name: str, day: date) -> str | None:
    """Return who acts for a unit on a day: itself, its successor when it is gone, else the nearest one above it."""
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        name = waiting.pop()
        fact = departments.get(name)
        if fact is None or name in seen:
            continue
        if fact.valid_on(day):
            return name
        seen.add(name)
        last = fact.last_until(day)
        above = (last or fact.life_on(day)).parent
        waiting += [unit for unit in (above, last.successor if last else None) if unit is not None]
    return None


def heir_of(departments: Mapping[str, DepartmentFact], name: str, day: date) -> str | None:
    """Return the successor that has what a closed unit left, or its successor's; None when there is none that day.

    A unit that is open has left nothing.
    """
    seen: set[str] = set()
    while (fact := departments.get(name)) is not None and name not in seen:
        if fact.valid_on(day):
            return name if seen else None
        seen.add(name)
        last = fact.last_until(day)
        if last is None or last.successor is None:
            return None
        name = last.successor
    return None


def read_departments(folder: Path, wards: dict[str, WardFact], problems: Problems, name: str = FILE) -> Units:
    """Read a file of units and generate each ward's own from its `per_ward` patterns.

    A generated unit that differs from its pattern is written out in `departments` under its own id.
    """
    page = read_yaml(folder, name, problems)
    page.only("coordinator", "departments", "per_ward", "ward_types_en")
    types = page.block("ward_types_en")
    types_en = {kind: types.text(kind) for kind in types.keys()}  # noqa: SIM118 - a block is no mapping
    patterns = tuple(_pattern(block) for block in page.blocks("per_ward"))
    generated = {
        unit.id: (unit, block)
        for pattern, block in zip(patterns, page.blocks("per_ward"), strict=True)
        for unit in (pattern.unit_of(ward, types_en) for ward in wards.values())
    }
    written: dict[str, tuple[DepartmentFact, Block]] = {}
    for block in page.blocks("departments"):
        fact = _department(block, wards)
        if fact.id in written:
            block.wrong(f"department {fact.id!r} is there twice")
        if fact.id in generated and fact.ward is None:
            block.wrong(f"department {fact.id!r} is a ward's own: write its ward too, or another id")
        written[fact.id] = (fact, block)
    both = written | {unit: found for unit, found in generated.items() if unit not in written}
    departments = {unit: fact for unit, (fact, _) in both.items()}
    _check(departments, {unit: block for unit, (_, block) in both.items()})
    coordinator = page.text("coordinator")
    if coordinator not in departments:
        page.wrong(f"coordinator {coordinator!r} is not a department")
    lines = {unit: block.where for unit, (_, block) in both.items()}
    return Units(departments, coordinator, patterns, types_en, lines)


def _department(block: Block, wards: Mapping[str, WardFact]) -> DepartmentFact:
    block.only(
        "id", "vi", "en", "kind", "parent", "ward", "valid_from", "valid_to", "successor", "phone", "email", "address",
        "hours", "note", "source",
    )  # fmt: skip
    fact = DepartmentFact(
        id=block.text("id"),
        vi=block.text("vi"),
        en=block.text("en"),
        kind=_kind(block),
        parent=block.text_or_none("parent"),
        ward=block.text_or_none("ward"),
        valid_from=block.day("valid_from"),
        valid_to=block.day("valid_to"),
        phone=_read(block, "phone", phone_written, "must be a phone number, in quotes"),
        email=_read(block, "email", email_written, "must be an e-mail address"),
        address=block.text_or_none("address"),
        hours=_hours(block),
        note=block.text_or_none("note"),
        source=block.text_or_none("source"),
        successor=block.text_or_none("successor"),
    )
    if fact.id and not is_unit_id(fact.id):
        block.wrong(f"id {fact.id!r} must be at most 64 small letters, digits, dots, hyphens or underscores")
    if fact.valid_from and fact.valid_to and fact.valid_to <= fact.valid_from:
        block.wrong(f"department {fact.id!r} ends before it begins")
    if fact.successor and not fact.valid_to:
        block.wrong(f"department {fact.id!r} has a successor but no valid_to")
    if fact.ward is not None and fact.ward not in wards:
        block.wrong(f"ward {fact.ward!r} of {fact.id!r} does not exist")
    for name, most in LENGTHS.items():
        if len(getattr(fact, name) or "") > most:
            block.wrong(f"{name!r} is longer than {most} characters")
    return fact


def is_unit_id(typed: str) -> bool:
    """Tell whether a text can be the id of a unit."""
    return _ID.fullmatch(typed) is not None


def _read(block: Block, key: str, reading: Callable[[str], str], otherwise: str) -> str | None:
    written = block.text_or_none(key)
    if not written:
        return None
    try:
        return reading(written)
    except ValueError:
        block.wrong(f"{key!r} {otherwise}")
        return None


def _hours(block: Block) -> OpeningHours | None:
    written = block.text_or_none("hours")
    if not written:
        return None
    try:
        return read_hours(written)
    except UnreadableHours as error:
        block.wrong(f"'hours' must look like \"mon-fri 07:30-11:30, 13:00-17:00\": {error}")
        return None


def _kind(block: Block) -> DepartmentKind:
    written = block.text("kind")
    try:
        return DepartmentKind(written)
    except ValueError:
        block.wrong(f"kind {written!r} is none of {', '.join(DepartmentKind)}")
        return DepartmentKind.CITY


def _pattern(block: Block) -> WardPattern:
    block.only("prefix", "vi", "en", "kind", "parent", "valid_from", "hours")
    prefix = block.text("prefix")
    if prefix and not (is_unit_id(prefix) and len(prefix) <= _PREFIX_MAX):
        block.wrong(f"'prefix' must be at most {_PREFIX_MAX} small letters, digits, dots, hyphens or underscores")
    return WardPattern(
        prefix=prefix,
        vi=_template(block, "vi"),
        en=_template(block, "en"),
        kind=_kind(block),
        parent=_template(block, "parent") if block.has("parent") else None,
        valid_from=block.day("valid_from"),
        hours=_hours(block),
    )


def _template(block: Block, key: str) -> str:
    """Return a text with a ward's words in braces; nothing else can be filled in."""
    written = block.text(key)
    try:
        parts = list(Formatter().parse(written))
    except ValueError:
        parts = [("", "", None, None)]
    if all(
        name is None or (name in FILLED_IN and not spec and conversion is None) for _, name, spec, conversion in parts
    ):
        return written
    block.wrong(f"{key!r} may have {', '.join(f'{{{name}}}' for name in FILLED_IN)} in braces, and nothing else")
    return ""


def _check(departments: dict[str, DepartmentFact], blocks: dict[str, Block]) -> None:
    reported: set[str] = set()
    for fact in departments.values():
        for what, name in (("parent", fact.parent), ("successor", fact.successor)):
            if name is not None and name not in departments and name not in reported:
                reported.add(name)
                blocks[fact.id].wrong(f"{what} {name!r} of {fact.id!r} is not a department")
    for name in own_ancestors(departments, lambda fact: fact):
        blocks[name].wrong(f"department {name!r} is its own parent")
    for fact in departments.values():
        if fact.valid_to and fact.successor and fact.successor in departments:
            heir = departments[fact.successor]
            if fact.successor == fact.id or not heir.valid_on(fact.valid_to):
                blocks[fact.id].wrong(f"successor {fact.successor!r} of {fact.id!r} does not exist on {fact.valid_to}")


def own_ancestors(
    departments: Mapping[str, DepartmentFact], seen_as: Callable[[DepartmentFact], DepartmentFact | None]
) -> list[str]:
    """Return the units that are above themselves; `seen_as` tells what a unit is on the day in question."""
    above = {name: fact.parent for name, unit in departments.items() if (fact := seen_as(unit)) is not None}
    return [name for name in above if _leads_to(above, name)]


def _leads_to(above: Mapping[str, str | None], name: str) -> bool:
    seen: set[str] = set()
    step = above.get(name)
    while step is not None and step not in seen:
        if step == name:
            return True
        seen.add(step)
        step = above.get(step)
    return False


def departments_page(units: Units, wards: Mapping[str, WardFact]) -> str:
    """Return a file of units that `read_departments` reads as exactly these."""
    generated = {
        unit.id: unit
        for pattern in units.patterns
        for unit in (pattern.unit_of(ward, units.types_en) for ward in wards.values())
    }
    own = [fact for fact in units.departments.values() if generated.get(fact.id) != fact]
    page: dict[str, Any] = {"coordinator": units.coordinator}
    if units.types_en:
        page["ward_types_en"] = dict(units.types_en)
    if units.patterns:
        page["per_ward"] = [_written(pattern, ("prefix", *_PATTERN)) for pattern in units.patterns]
    page["departments"] = [_written(fact, FIELDS) for fact in own]
    return yaml.safe_dump(page, allow_unicode=True, sort_keys=False, width=1000)


_PATTERN: Final = ("kind", "vi", "en", "parent", "valid_from", "hours")
#: The facts of a unit in the order in which they are written.
FIELDS: Final = (
    "id", "kind", "vi", "en", "parent", "ward", "valid_from", "valid_to", "successor", "phone", "email", "address",
    "hours", "note", "source",
)  # fmt: skip


def _written(thing: DepartmentFact | WardPattern, names: tuple[str, ...]) -> dict[str, Any]:
    values = {name: plain_value(getattr(thing, name)) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def plain_value(value: Any) -> Any:
    """Return a fact as files hold it: a text, a date or None."""
    if isinstance(value, OpeningHours):
        return value.written()
    return value.value if isinstance(value, DepartmentKind) else value
