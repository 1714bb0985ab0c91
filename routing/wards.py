"""The wards of a city today, and the wards they were made of.

Source of facts: the city's `wards.json` (for Hồ Chí Minh City derived from an MIT package, notice inside the file).
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from routing.source import JsonReport, Problems

#: Characters that a code and a name may have, as the database keeps them.
_CODE_MAX: Final = 16
_NAME_MAX: Final = 120
#: A ward has a size: how far a point is from it is told in parts of that.
_SMALLEST_KM2: Final = 0.001
_CODE: Final = re.compile(r"[a-z0-9][a-z0-9_.-]*")
#: Sorts of the lowest administrative unit, as written before a name. Longest first.
WARD_TYPES: Final = ("Thị trấn", "Đặc khu", "Phường", "Xã")


@dataclass(frozen=True, slots=True)
class WardFact:
    """A ward as it stands now. `name` has Phường/Xã/Đặc khu before it, `short` has not."""

    code: str
    name: str
    short: str
    type: str
    lat: float
    lon: float
    area_km2: float


@dataclass(frozen=True, slots=True)
class LegacyFact:
    """A ward before the reform; `new` holds (ward code, is default), `aliases` names abolished even earlier."""

    ward: str
    district: str
    province: str
    code: str
    new: tuple[tuple[str, bool], ...]
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WardMap:
    """Both eras of a city's wards."""

    wards: dict[str, WardFact]
    legacy: tuple[LegacyFact, ...]


def split_type(name: str) -> tuple[str, str]:
    """Split "Phường Hòa Hưng" into ("Phường", "Hòa Hưng"); a name without a type gives an empty type."""
    for kind in WARD_TYPES:
        if name.startswith(kind + " "):
            return kind, name[len(kind) + 1 :]
    return "", name


def read_wards(folder: Path, problems: Problems) -> WardMap:
    """Read `wards.json`; each problem names the line of its ward (one ward is one line)."""
    name = "wards.json"
    try:
        text = (folder / name).read_text("utf-8")
        raw = json.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        problems.add(name, f"cannot be read: {error.__class__.__name__}")
        return WardMap({}, ())
    except json.JSONDecodeError as error:
        problems.add(f"{name}:{error.lineno}", error.msg)
        return WardMap({}, ())
    except (ValueError, RecursionError):
        problems.add(name, "has a number of too many digits, or is nested too deeply")
        return WardMap({}, ())
    report = JsonReport(name, text, problems)
    if not isinstance(raw, dict):
        problems.add(f"{name}:1", "must be a mapping with `wards` and `legacy`")
        return WardMap({}, ())
    listed, former = raw.get("wards"), raw.get("legacy", [])
    if not isinstance(listed, list) or not isinstance(former, list):
        problems.add(f"{name}:1", "`wards` and `legacy` must be lists")
        return WardMap({}, ())
    wards = _wards(listed, report)
    if not wards:
        problems.add(f"{name}:1", "has no wards")
    return WardMap(wards, _legacy(former, wards, report))


def _text(entry: dict[str, Any], key: str, most: int = _NAME_MAX) -> str:
    """Return a text of an entry; `ValueError` names one that is missing, is none, or does not fit the database."""
    value = entry.get(key)
    if not isinstance(value, str) or not value.strip() or not value.isprintable() or len(value) > most:
        raise ValueError(f"{key} must be a text of at most {most} characters")
    return value


def _number(entry: dict[str, Any], key: str, low: float, high: float) -> float:
    """Return a number of an entry; `ValueError` names one that is missing, is none, or is out of range."""
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"{key} must be a number from {low:g} to {high:g}")
    return float(value)


def _code(entry: dict[str, Any]) -> str:
    code = _text(entry, "code", _CODE_MAX)
    if _CODE.fullmatch(code) is None:
        raise ValueError("code may have small letters, digits, dots, hyphens and underscores")
    return code


def _object(entry: Any) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise ValueError("it is no object")  # noqa: TRY004 - told with the rest of what is wrong
    return entry


def _ward(entry: Any) -> WardFact:
    fields = _object(entry)
    kind, short = split_type(_text(fields, "name"))
    return WardFact(
        code=_code(fields),
        name=fields["name"],
        short=short,
        type=kind,
        lat=_number(fields, "lat", -90, 90),
        lon=_number(fields, "lon", -180, 180),
        area_km2=_number(fields, "area_km2", _SMALLEST_KM2, 1e6),
    )


def _wards(entries: list[Any], report: JsonReport) -> dict[str, WardFact]:
    wards: dict[str, WardFact] = {}
    for entry in entries:
        try:
            ward = _ward(entry)
        except ValueError as error:
            report(entry, f"ward needs code, name, lat, lon, area_km2 ({error})")
            continue
        kind = ward.type
        if not kind:
            report(entry, f"{ward.name!r} must begin with one of {', '.join(WARD_TYPES)}")
        if ward.code in wards:
            report(entry, f"ward {ward.code} is there twice")
        wards[ward.code] = ward
    return wards


def _former(entry: Any) -> LegacyFact:
    fields = _object(entry)
    new, aliases = fields.get("new"), fields.get("aliases", [])
    if not isinstance(new, list) or not all(map(_is_successor, new)):
        raise ValueError("new must be a list of [code, true or false]")
    if len({code for code, _ in new}) < len(new):
        raise ValueError("new names a ward twice")
    if not isinstance(aliases, list):
        raise ValueError("aliases must be a list of texts")  # noqa: TRY004 - told with the rest of what is wrong
    return LegacyFact(
        ward=_text(fields, "ward"),
        district=_text(fields, "district"),
        province=_text(fields, "province"),
        code=_code(fields),
        new=tuple((code, default) for code, default in new),
        aliases=tuple(_text({"aliases": alias}, "aliases") for alias in aliases),
    )


def _is_successor(pair: Any) -> bool:
    return isinstance(pair, list) and [type(part) for part in pair] == [str, bool]


def _legacy(entries: list[Any], wards: dict[str, WardFact], report: JsonReport) -> tuple[LegacyFact, ...]:
    legacy: list[LegacyFact] = []
    seen: set[str] = set()
    for entry in entries:
        try:
            fact = _former(entry)
        except ValueError as error:
            report(entry, f"old ward needs code, ward, district, province, new ({error})")
            continue
        if fact.code in seen:
            report(entry, f"old ward {fact.code} is there twice")
        seen.add(fact.code)
        unknown = [code for code, _ in fact.new if code not in wards]
        if unknown or not fact.new:
            report(entry, f"old ward {fact.ward} leads to unknown wards: {', '.join(unknown) or 'none given'}")
        legacy.append(fact)
    return tuple(legacy)
