"""Where the borders of a city's wards run: a pin lies in the ward whose polygon it is in.

Source of facts: the city's `wards.geojson`, which a city need not have (RFC 7946: WGS 84, longitude before latitude,
each ward one Polygon or MultiPolygon with its `code`). Imported only for a city that has one.
"""

import json
from dataclasses import dataclass
from math import cos, isfinite, radians
from pathlib import Path
from typing import Any, Final

import shapely
from shapely.geometry.base import BaseGeometry
from shapely.strtree import STRtree

from routing.source import JsonReport, Problems
from routing.wards import WardFact

#: Larger files (bytes) and shapes of more corners than these are drawn finer than any pin is set.
_MOST_BYTES: Final = 20_000_000
_MOST_CORNERS: Final = 1_000_000
#: A ward's centre this far (degrees, some 10 km) from its polygon is another ward's: the code is wrong.
_ASTRAY: Final = 0.1
_METRE: Final = 1 / 111_300
#: A degree of longitude is this share of one of latitude at the least; nearer to the poles nobody reports.
_POLAR: Final = 0.1
_POINTS_OF_A_RING: Final = 4
_SHAPES: Final = ("Polygon", "MultiPolygon")


@dataclass(frozen=True)
class WardBorders:
    """The polygons of all wards, and an index over them."""

    codes: tuple[str, ...]
    shapes: tuple[BaseGeometry, ...]
    index: STRtree

    def around(self, lat: float, lon: float, metres: float) -> tuple[str, ...]:
        """Return the wards within so many metres of a point, nearest first: those it lies in before the others."""
        point = shapely.Point(lon, lat)
        reach = metres * _METRE / max(cos(radians(lat)), _POLAR)
        found = [int(at) for at in self.index.query(point, predicate="dwithin", distance=reach)]
        return tuple(self.codes[at] for at in sorted(found, key=lambda at: (self.shapes[at].distance(point), at)))


def read_borders(path: Path, wards: dict[str, WardFact], problems: Problems) -> WardBorders | None:
    """Read `wards.geojson`; a ward missing, there twice or unknown, and a shape that encloses nothing, are problems."""
    text, features = _features(path, problems)
    report = JsonReport(path.name, text, problems)
    shapes: dict[str, BaseGeometry] = {}
    corners = 0
    for number, feature in enumerate(features, 1):
        code = _code(feature)
        if code not in wards:
            report({"code": code}, f"feature {number}: {code!r} is the code of no ward")
        elif code in shapes:
            report({"code": code}, f"ward {code} is there twice; several parts are one MultiPolygon")
        else:
            what, shape = _shape(feature, wards[code])
            if shape is None:
                report({"code": code}, f"ward {code}: {what}")
            shapes[code] = shape or shapely.Point()
            corners += shapely.get_num_coordinates(shapes[code])
    if corners > _MOST_CORNERS:
        problems.add(path.name, f"has {corners:,} corners, more than {_MOST_CORNERS:,}: simplify it")
    missing = [code for code in wards if code not in shapes]
    if missing and features:
        problems.add(path.name, f"has no polygon for {len(missing)} wards: {', '.join(missing[:5])}")
    return WardBorders(tuple(shapes), tuple(shapes.values()), STRtree(list(shapes.values())))


def _features(path: Path, problems: Problems) -> tuple[str, list[Any]]:
    """Return the file's text and its features; none of them after a problem."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            problems.add(path.name, f"is larger than {_MOST_BYTES // 1_000_000} MB: simplify the polygons")
            return "", []
        text = path.read_text("utf-8")
        page = json.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        problems.add(path.name, f"cannot be read: {error.__class__.__name__}")
    except json.JSONDecodeError as error:
        problems.add(f"{path.name}:{error.lineno}", error.msg)
    except (ValueError, RecursionError):
        problems.add(path.name, "has a number of too many digits, or is nested too deeply")
    else:
        features = page.get("features") if isinstance(page, dict) else None
        if isinstance(features, list) and features and page.get("type") == "FeatureCollection":
            return text, features
        problems.add(f"{path.name}:1", "must be a FeatureCollection with features")
    return "", []


def _code(feature: object) -> str:
    properties = feature.get("properties") if isinstance(feature, dict) else None
    return str(properties.get("code", "")) if isinstance(properties, dict) else ""


def _shape(feature: dict[str, Any], ward: WardFact) -> tuple[str, BaseGeometry | None]:
    """Return what is wrong with a ward's shape, or the shape."""
    geometry = feature.get("geometry")
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if not isinstance(geometry, dict) or kind not in _SHAPES:
        return f"geometry must be {' or '.join(_SHAPES)}, not {kind!r}", None
    try:
        polygons = geometry["coordinates"] if kind == "MultiPolygon" else [geometry["coordinates"]]
        wrong = next((what for polygon in polygons for ring in polygon if (what := _wrong_ring(ring))), "")
        if wrong:
            return wrong, None
        shape = shapely.MultiPolygon([(polygon[0], polygon[1:]) for polygon in polygons])
    except (KeyError, IndexError, TypeError, ValueError, OverflowError, shapely.errors.ShapelyError) as error:
        return f"coordinates must be rings of [longitude, latitude] ({error.__class__.__name__})", None
    if not shape.is_valid or shape.is_empty:
        return f"the polygon is not valid: {'it is empty' if shape.is_empty else shapely.is_valid_reason(shape)}", None
    if shape.distance(shapely.Point(ward.lon, ward.lat)) > _ASTRAY:
        return f"the polygon lies far from the centre of {ward.name}: is the code right, and longitude first?", None
    shapely.prepare(shape)
    return "", shape


def _wrong_ring(ring: list[Any]) -> str:
    """Return what is wrong with a ring before anything is built of it."""
    for lon, lat, *_ in ring:
        if not all(isinstance(number, int | float) and isfinite(number) for number in (lon, lat)):
            return f"a corner is no number: {[lon, lat]}"
        if not (-180 <= lon <= 180 and -90 <= lat <= 90):
            return f"a corner is not on Earth: {[lon, lat]} (longitude first, then latitude)"
    if len(ring) < _POINTS_OF_A_RING or ring[0] != ring[-1]:
        return "a ring needs at least four corners, the last the same as the first"
    return ""
