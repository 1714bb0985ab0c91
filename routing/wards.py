"""The wards of a city today, and the wards they were made of.

Source of facts: the city's `wards.json` (for Hồ Chí Minh City derived from an MIT package, notice inside the file).
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from routing.source import JsonReport, Problems

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
    report = JsonReport(name, text, problems)
    if not isinstance(raw, dict):
        problems.add(f"{name}:1", "must be a mapping with `wards` and `legacy`")
        return WardMap({}, ())
    wards = _wards(raw.get("wards", []), report)
    if not wards:
        problems.add(f"{name}:1", "has no wards")
    return WardMap(wards, _legacy(raw.get("legacy", []), wards, report))


def _wards(entries: list[Any], report: JsonReport) -> dict[str, WardFact]:
    wards: dict[str, WardFact] = {}
    for entry in entries:
        try:
            kind, short = split_type(entry["name"])
            area = float(entry["area_km2"])
            ward = WardFact(entry["code"], entry["name"], short, kind, float(entry["lat"]), float(entry["lon"]), area)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            report(entry, f"ward needs code, name, lat, lon, area_km2 ({error})")
            continue
        if not kind:
            report(entry, f"{ward.name!r} must begin with one of {', '.join(WARD_TYPES)}")
        if ward.code in wards:
            report(entry, f"ward {ward.code} is there twice")
        wards[ward.code] = ward
    return wards


def _legacy(entries: list[Any], wards: dict[str, WardFact], report: JsonReport) -> tuple[LegacyFact, ...]:
    legacy: list[LegacyFact] = []
    seen: set[str] = set()
    for entry in entries:
        try:
            new = tuple((code, bool(default)) for code, default in entry["new"])
            aliases = tuple(entry.get("aliases", ()))
            fact = LegacyFact(entry["ward"], entry["district"], entry["province"], entry["code"], new, aliases)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            report(entry, f"old ward needs code, ward, district, province, new ({error})")
            continue
        if fact.code in seen:
            report(entry, f"old ward {fact.code} is there twice")
        seen.add(fact.code)
        unknown = [code for code, _ in new if code not in wards]
        if unknown or not new:
            report(entry, f"old ward {fact.ward} leads to unknown wards: {', '.join(unknown) or 'none given'}")
        legacy.append(fact)
    return tuple(legacy)
