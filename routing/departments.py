"""The units that act, as dated data: units keep moving, so nothing about them is in code.

Source of facts: the city's `departments.yaml`, with a mark on each entry of where it is known from.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from models.vocabulary import DepartmentKind
from routing.source import Block, Problems, read_yaml
from routing.wards import WardFact


@dataclass(frozen=True, slots=True)
class DepartmentFact:
    """A unit; `ward` is the code of the ward that it belongs to, if any; `valid_to` is the first day it is gone."""

    id: str
    vi: str
    en: str
    kind: DepartmentKind
    parent: str | None
    ward: str | None
    valid_from: date | None
    valid_to: date | None
    contact: str | None

    def valid_on(self, day: date) -> bool:
        """Tell whether the unit exists on that day."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, slots=True)
class Units:
    """All units, the one that receives what nobody else does, and the prefixes of those every ward has."""

    departments: dict[str, DepartmentFact]
    coordinator: str
    per_ward: tuple[str, ...]


def read_departments(folder: Path, wards: dict[str, WardFact], problems: Problems) -> Units:
    """Read `departments.yaml` and generate each ward's own units from its `per_ward` patterns."""
    page = read_yaml(folder, "departments.yaml", problems)
    page.only("coordinator", "departments", "per_ward", "ward_types_en")
    departments: dict[str, DepartmentFact] = {}
    lines: dict[str, Block] = {}
    for block in page.blocks("departments"):
        fact = _department(block)
        if fact.id in departments:
            block.wrong(f"department {fact.id!r} is there twice")
        departments[fact.id] = fact
        lines[fact.id] = block
    prefixes = _generate(page, wards, departments, lines)
    _check_parents(departments, lines)
    coordinator = page.text("coordinator")
    if coordinator not in departments:
        page.wrong(f"coordinator {coordinator!r} is not a department")
    return Units(departments, coordinator, prefixes)


def _department(block: Block) -> DepartmentFact:
    block.only("id", "vi", "en", "kind", "parent", "valid_from", "valid_to", "contact", "note", "source")
    fact = DepartmentFact(
        id=block.text("id"),
        vi=block.text("vi"),
        en=block.text("en"),
        kind=_kind(block),
        parent=block.text_or_none("parent"),
        ward=None,
        valid_from=block.day("valid_from"),
        valid_to=block.day("valid_to"),
        contact=block.text_or_none("contact"),
    )
    if fact.valid_from and fact.valid_to and fact.valid_to <= fact.valid_from:
        block.wrong(f"department {fact.id!r} ends before it begins")
    return fact


def _kind(block: Block) -> DepartmentKind:
    written = block.text("kind")
    try:
        return DepartmentKind(written)
    except ValueError:
        block.wrong(f"kind {written!r} is none of {', '.join(DepartmentKind)}")
        return DepartmentKind.CITY


def _generate(
    page: Block, wards: dict[str, WardFact], departments: dict[str, DepartmentFact], lines: dict[str, Block]
) -> tuple[str, ...]:
    """Add the units that every ward has: `<prefix>-<ward code>`."""
    types_en = page.block("ward_types_en")
    prefixes: list[str] = []
    for pattern in page.blocks("per_ward"):
        pattern.only("prefix", "vi", "en", "kind", "parent", "valid_from")
        prefix, vi, en, kind = pattern.text("prefix"), pattern.text("vi"), pattern.text("en"), _kind(pattern)
        parent, since = pattern.text_or_none("parent"), pattern.day("valid_from")
        prefixes.append(prefix)
        for ward in wards.values():
            words = {
                "type": ward.type.lower(),
                "short": ward.short,
                "code": ward.code,
                "type_en": types_en.text(ward.type) if types_en.has(ward.type) else ward.type,
            }
            unit = DepartmentFact(
                id=f"{prefix}-{ward.code}",
                vi=vi.format_map(words),
                en=en.format_map(words),
                kind=kind,
                parent=parent.format_map(words) if parent else None,
                ward=ward.code,
                valid_from=since,
                valid_to=None,
                contact=None,
            )
            departments[unit.id] = unit
            lines[unit.id] = pattern
    return tuple(prefixes)


def _check_parents(departments: dict[str, DepartmentFact], lines: dict[str, Block]) -> None:
    reported: set[str | None] = set()
    for fact in departments.values():
        if fact.parent is not None and fact.parent not in departments and fact.parent not in reported:
            reported.add(fact.parent)
            lines[fact.id].wrong(f"parent {fact.parent!r} of {fact.id!r} is not a department")
    for fact in departments.values():
        seen = {fact.id}
        above = departments.get(fact.parent or "")
        while above is not None and above.id not in seen:
            seen.add(above.id)
            above = departments.get(above.parent or "")
        if above is not None and above.id == fact.id:
            lines[fact.id].wrong(f"department {fact.id!r} is its own parent")
