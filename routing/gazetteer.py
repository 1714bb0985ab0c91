"""The names of a city's places, folded and ready to be found in free text.

Source of facts: the city's `wards.json` and `city.yaml`. Only what is true of Vietnamese addresses anywhere is in code
(phường, quận, numbers in words); every name comes from the city's folder.
"""

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final, TypeVar

from routing.folding import fold, spelling, spelt
from routing.source import Block, Problems, read_yaml
from routing.wards import LegacyFact, WardFact, WardMap, split_type

#: Words that stand before the name of a district.
DISTRICT_TYPES: Final = ("Quận", "Huyện", "Thành phố", "Thị xã")
_T = TypeVar("_T")
_ABBREVIATED: Final = ("q", "h", "tp", "tx")


class Names(dict[str, _T]):
    """What each folded name means; `longest` gives for a first word how many words its longest name has."""

    def __init__(self, meanings: dict[str, _T]) -> None:
        super().__init__(meanings)
        self.longest: dict[str, int] = {}
        for key in meanings:
            first, *rest = key.split() or [""]
            self.longest[first] = max(self.longest.get(first, 0), 1 + len(rest))


@dataclass(frozen=True, slots=True)
class Reading:
    """One thing a ward's name can mean: a ward of today, one before the reform, or (`alias`) an older one."""

    today: bool
    alias: bool
    type: str
    spelt: str
    codes: tuple[str, ...]
    districts: frozenset[str]
    provinces: frozenset[str]


@dataclass(frozen=True, slots=True)
class DistrictName:
    """One thing a district's name can mean; `spelt` is empty for an abbreviation, which has no accents to compare."""

    district: str
    spelt: str


@dataclass(frozen=True)
class Gazetteer:
    """All names by their folded form, words joined by one space; numbered wards and districts by their number.

    `elsewhere` gives for a place outside the city how it is spelt.
    """

    city_name: str
    phone: str
    effective: date
    wards: Names[tuple[Reading, ...]]
    districts: Names[tuple[DistrictName, ...]]
    provinces: Names[str]
    whole: str | None
    elsewhere: Names[str]
    never_bare: frozenset[str]
    firsts: frozenset[str]
    of_district: dict[str, tuple[str, ...]]


def name_key(name: str) -> str:
    """Return the folded name as it is looked up: "P. Hòa-Hưng" and "hoa hung" are one; numbers lose leading zeros."""
    words = "".join(letter if letter.isalnum() else " " for letter in fold(name)).split()
    return " ".join(str(int(word)) if word.isascii() and word.isdigit() else word for word in words)


def read_gazetteer(folder: Path, ward_map: WardMap, problems: Problems) -> Gazetteer:
    """Read `city.yaml` and index every name of both eras."""
    page = read_yaml(folder, "city.yaml", problems)
    page.only("name", "phone", "effective", "provinces", "districts", "never_bare", "elsewhere")
    wards = _ward_names(ward_map)
    districts = _district_names(page, ward_map.legacy)
    provinces, whole = _province_names(page, ward_map.legacy)
    elsewhere = Names({name_key(name): spelt(name) for name in page.texts("elsewhere")})
    never_bare = frozenset(name_key(name) for name in page.texts("never_bare"))
    return Gazetteer(
        city_name=page.text("name"),
        phone=page.text("phone"),
        effective=page.day("effective") or date.min,
        wards=Names(wards),
        districts=Names(districts),
        provinces=Names(provinces),
        whole=whole,
        elsewhere=elsewhere,
        never_bare=never_bare,
        firsts=frozenset(key.split()[0] for names in (wards, districts, provinces, elsewhere) for key in names if key),
        of_district=_wards_of_districts(ward_map.legacy),
    )


def _ward_names(ward_map: WardMap) -> dict[str, tuple[Reading, ...]]:
    names: dict[str, list[Reading]] = {}
    former: dict[str, list[LegacyFact]] = {code: [] for code in ward_map.wards}
    for old in ward_map.legacy:
        for code, _ in old.new:
            former.setdefault(code, []).append(old)
    for ward in ward_map.wards.values():
        names.setdefault(name_key(ward.short), []).append(_today(ward, former[ward.code]))
    for old in ward_map.legacy:
        for alias, written in ((False, old.ward), *((True, name) for name in old.aliases)):
            kind, short = split_type(written)
            if kind:  # a district that never had wards is known by its own name
                names.setdefault(name_key(short), []).append(_before(old, kind, short, alias))
    readings = {key: tuple(found) for key, found in names.items()}
    return readings | {key: found for key, found in _run_together(readings).items() if key not in readings}


def _run_together(names: dict[str, tuple[Reading, ...]]) -> dict[str, tuple[Reading, ...]]:
    """Return the same names written without spaces ("GòVấp"), which is how some people type."""
    return {
        key.replace(" ", ""): tuple(
            replace(reading, spelt=spelling(reading.spelt.replace(" ", ""))) for reading in readings
        )
        for key, readings in names.items()
        if " " in key
    }


def _today(ward: WardFact, former: list[LegacyFact]) -> Reading:
    return Reading(
        today=True,
        alias=False,
        type=fold(ward.type),
        spelt=spelt(ward.short),
        codes=(ward.code,),
        districts=frozenset(old.district for old in former),
        provinces=frozenset(old.province for old in former),
    )


def _before(old: LegacyFact, kind: str, short: str, alias: bool) -> Reading:  # noqa: FBT001 (a plain fact)
    return Reading(
        today=False,
        alias=alias,
        type=fold(kind),
        spelt=spelt(short),
        codes=tuple(code for code, _ in sorted(old.new, key=lambda new: not new[1])),
        districts=frozenset((old.district,)),
        provinces=frozenset((old.province,)),
    )


def _without_type(name: str) -> tuple[bool, str]:
    for kind in (*DISTRICT_TYPES, *_ABBREVIATED):
        if fold(name).startswith(fold(kind) + " "):
            return True, name[len(kind) + 1 :]
    return False, name


def _joined(name: DistrictName) -> DistrictName:
    return replace(name, spelt=spelling(name.spelt.replace(" ", "")))


def _district_names(page: Block, legacy: tuple[LegacyFact, ...]) -> dict[str, tuple[DistrictName, ...]]:
    names: dict[str, list[DistrictName]] = {}

    def add(written: str, district: str) -> None:
        _, short = _without_type(written)
        entry = DistrictName(district, spelt(short))
        for key, named in ((name_key(short), entry), (name_key(short).replace(" ", ""), _joined(entry))):
            if named not in names.setdefault(key, []):
                names[key].append(named)

    real = dict.fromkeys(old.district for old in legacy)
    for district in real:
        add(district, district)
    for block in page.blocks("districts"):
        block.only("name", "aliases")
        district = block.text("name")
        if district not in real:
            block.wrong(f"district {district!r} is in no old ward")
        for alias in block.texts("aliases"):
            add(alias, district)
    return {key: tuple(found) for key, found in names.items()}


def _province_names(page: Block, legacy: tuple[LegacyFact, ...]) -> tuple[dict[str, str], str | None]:
    """Return each way of writing a province, and the province that has given the whole city of today its name."""
    names: dict[str, str] = {}
    bearer: str | None = None
    real = {old.province for old in legacy}
    for block in page.blocks("provinces"):
        block.only("name", "whole", "aliases")
        province = block.text("name")
        whole = block.has("whole") and block.truth("whole")
        if not whole and province not in real:
            block.wrong(f"province {province!r} is in no old ward")
        for alias in (province, *block.texts("aliases")):
            names[name_key(alias)] = province
        bearer = province if whole else bearer
    return names, bearer


def _wards_of_districts(legacy: tuple[LegacyFact, ...]) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for old in legacy:
        for code, _ in old.new:
            found.setdefault(old.district, {})[code] = None
    return {district: tuple(codes) for district, codes in found.items()}
