"""How a city's wards lie, as shapes to draw when there is no map of the streets.

Where the city has given borders, those, simplified together so that neighbours go on sharing their edges. Where it has
not, a sketch from what is known of each ward: its centre and its area (`wards.json`). In the sketch a place belongs to
the ward whose circle, of the ward's own area, it lies deepest in or least far outside of (a power diagram), and the
city ends where it lies far outside of all circles. A sketch is to find one's way by, never to decide by:
`routing.pin` decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import cos, hypot, pi, radians, sqrt
from typing import Any, Final

import shapely
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from routing.borders import WardBorders
from routing.wards import WardFact

_KM_PER_DEGREE: Final = 111.3
#: A ward is drawn up to so many times the radius of its circle; the city so many times beyond all of them.
_REACH: Final = 2.5
_RIM: Final = 1.3
#: Gaps between circles narrower than twice this are land too (km).
_GAP_KM: Final = 2.5
#: How much of a circle's size counts against its neighbours: less wherever a centre would fall into another ward.
_WEIGHTS: Final = (1.0, 0.75, 0.5, 0.25, 0.0)
#: Detail that no screen shows (degrees, some 40 m and 10 m).
_TOLERANCE: Final = 0.0004
_GRID: Final = 0.0001
_DIGITS: Final = 4


@dataclass(frozen=True)
class Outline:
    """A shape for each ward, in degrees. `exact` says that they are the city's borders and no sketch."""

    exact: bool
    shapes: Mapping[str, BaseGeometry]

    def as_geojson(self, wards: Mapping[str, WardFact]) -> dict[str, Any]:
        """Return a FeatureCollection (RFC 7946); each ward has code, name and its centre as `at` (latitude first)."""
        return {
            "type": "FeatureCollection",
            "exact": self.exact,
            "features": [
                {
                    "type": "Feature",
                    "properties": {"code": code, "name": wards[code].name, "at": [wards[code].lat, wards[code].lon]},
                    "geometry": _rounded(shape),
                }
                for code, shape in self.shapes.items()
            ],
        }


def outline(wards: Mapping[str, WardFact], borders: WardBorders | None) -> Outline:
    """Return the shapes of all wards."""
    if borders is None:
        return Outline(exact=False, shapes=_sketch(wards))
    simple = shapely.coverage_simplify(list(borders.shapes), _TOLERANCE)
    return Outline(exact=True, shapes=dict(zip(borders.codes, simple, strict=True)))


@dataclass(frozen=True, slots=True)
class _Circle:
    """A ward as a circle on a plane, in kilometres."""

    x: float
    y: float
    radius: float

    def disc(self, times: float) -> BaseGeometry:
        return shapely.Point(self.x, self.y).buffer(times * self.radius)


def _sketch(wards: Mapping[str, WardFact]) -> dict[str, BaseGeometry]:
    wide = _KM_PER_DEGREE * cos(radians(sum(ward.lat for ward in wards.values()) / len(wards)))
    circles = [_Circle(w.lon * wide, w.lat * _KM_PER_DEGREE, sqrt(w.area_km2 / pi)) for w in wards.values()]
    land = shapely.union_all([circle.disc(_RIM) for circle in circles]).buffer(_GAP_KM).buffer(-_GAP_KM)
    cells = next(cells for weight in _WEIGHTS if _fair(circles, cells := _cells(circles, weight)) or not weight)
    shown = [shapely.intersection(cell, land) for cell in cells]
    return {
        code: shapely.transform(cell, lambda xy: xy / (wide, _KM_PER_DEGREE))
        for code, cell in zip(wards, shown, strict=True)
    }


def _fair(circles: list[_Circle], cells: list[BaseGeometry]) -> bool:
    """Tell whether every ward has its own centre."""
    return all(shapely.intersects_xy(cell, c.x, c.y) for c, cell in zip(circles, cells, strict=True))


def _cells(circles: list[_Circle], weight: float) -> list[BaseGeometry]:
    return [_cell(circle, circles, weight) for circle in circles]


def _cell(circle: _Circle, circles: list[_Circle], weight: float) -> BaseGeometry:
    """Return what is left of a ward's reach when each neighbour has taken its side of the line between them."""
    cell = circle.disc(_REACH)
    for other in circles:
        dx, dy = other.x - circle.x, other.y - circle.y
        far = hypot(dx, dy)
        if 0 < far < _REACH * (circle.radius + other.radius):
            ours = (far * far + weight * (circle.radius**2 - other.radius**2)) / (2 * far)
            cell = shapely.intersection(cell, _side(circle, dx / far, dy / far, ours))
    return cell


def _side(circle: _Circle, dx: float, dy: float, ours: float) -> BaseGeometry:
    """Return the side of a line on which a circle's centre is, as far as it reaches; `ours` is how far the line is."""
    size = 2 * _REACH * circle.radius + abs(ours)
    x, y = circle.x + ours * dx, circle.y + ours * dy
    left, right = (x - size * dy, y + size * dx), (x + size * dy, y - size * dx)
    back_x, back_y = 2 * size * dx, 2 * size * dy
    return shapely.Polygon([left, right, (right[0] - back_x, right[1] - back_y), (left[0] - back_x, left[1] - back_y)])


def _rounded(shape: BaseGeometry) -> dict[str, Any]:
    drawn = mapping(shapely.set_precision(shape.simplify(_GRID), _GRID))
    return {"type": drawn["type"], "coordinates": _shorter(drawn["coordinates"])}


def _shorter(numbers: Any) -> Any:
    return round(numbers, _DIGITS) if isinstance(numbers, float) else [_shorter(part) for part in numbers]
