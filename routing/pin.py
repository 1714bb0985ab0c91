"""What a pin on the map says about the ward, alone and among the wards that the words of a report allow.

With the wards' borders (`wards.geojson`) a pin lies in a ward or in none; within `NEAR_BORDER_M` of another ward it
decides nothing, since a finger or a phone is no more exact than that. Without borders a ward is its centre and its
area, taken as a circle, and a pin decides for a ward only when

1. it lies inside that ward's circle,
2. every other ward in question has its centre at least `CLEARLY_NEARER` times as far from the pin, and
3. the pin lies outside the circles of all of these.
"""

from dataclasses import dataclass
from math import cos, hypot, pi, radians, sqrt
from typing import Final

from routing.city import City
from routing.wards import WardFact

#: Closer than this (metres) to a border a pin may belong on the other side.
NEAR_BORDER_M: Final = 30.0
#: How many times as far as the nearest centre all others must be.
CLEARLY_NEARER: Final = 1.6
#: Without borders, a pin further than this (km) from the circles of all wards is outside the city.
OUTSIDE_KM: Final = 25.0
#: Without borders, the words' ward and a pin further from its centre than its radius times this, and this (km) more,
#: are two places.
_FAR: Final = (3.0, 2.0)
#: How many wards a pin proposes when only centres are known.
_NEAREST: Final = 3


@dataclass(frozen=True, slots=True)
class Pin:
    """A pin read against a city.

    `outside`: in no ward. `exact`: read by borders. `decided` is the ward that the pin alone decides for, `proposals`
    the wards it may be in, likeliest first. `distances` (km, to the centres) and `reaches` (km, the circles' radius)
    are what it was read by without borders.
    """

    outside: bool
    exact: bool
    decided: str | None = None
    proposals: tuple[str, ...] = ()
    distances: dict[str, float] | None = None
    reaches: dict[str, float] | None = None

    def contradicts(self, codes: tuple[str, ...]) -> bool:
        """Tell whether the pin is in none of these wards."""
        if self.distances is None or self.reaches is None:
            return not set(codes) & set(self.proposals)
        times, more = _FAR
        nearest = min(codes, key=self.distances.__getitem__)
        far = self.distances[nearest] > times * self.reaches[nearest] + more
        return far or (self.decided is not None and self.decided not in codes)

    def among(self, codes: tuple[str, ...]) -> tuple[tuple[str, ...], bool]:
        """Return these wards, likeliest first, and whether the pin decides for the first of them."""
        if self.distances is None or self.reaches is None:
            near = tuple(code for code in self.proposals if code in codes)
            return tuple(dict.fromkeys((*near, *codes))), len(near) == 1 and near[0] == self.proposals[0]
        ranked = tuple(sorted(codes, key=self.distances.__getitem__))
        return ranked, _decides(ranked, self.distances, self.reaches)


def read_pin(city: City, lat: float, lon: float) -> Pin:
    """Return what a pin says, by the wards' borders where the city has them, else by their centres."""
    if city.borders is not None:
        near = city.borders.around(lat, lon, NEAR_BORDER_M)
        inside = city.borders.around(lat, lon, 0)
        if not near:
            return Pin(outside=True, exact=True)
        alone = len(near) == 1 and near == inside
        return Pin(outside=False, exact=True, decided=near[0] if alone else None, proposals=near)
    distances = {code: _km(ward, lat, lon) for code, ward in city.wards.items()}
    reaches = {code: sqrt(ward.area_km2 / pi) for code, ward in city.wards.items()}
    ranked = tuple(sorted(distances, key=lambda code: distances[code] / reaches[code]))
    if distances[ranked[0]] - reaches[ranked[0]] > OUTSIDE_KM:
        return Pin(outside=True, exact=False)
    decided = ranked[0] if _decides(ranked, distances, reaches) else None
    return Pin(False, False, decided, ranked[:_NEAREST], distances, reaches)


def _decides(ranked: tuple[str, ...], distances: dict[str, float], reaches: dict[str, float]) -> bool:
    """Tell whether a pin decides for the first of these wards, by the rule of centres (see above)."""
    first, *others = ranked
    if distances[first] > reaches[first]:
        return False
    return all(
        distances[other] >= CLEARLY_NEARER * distances[first] and distances[other] > reaches[other] for other in others
    )


def _km(ward: WardFact, lat: float, lon: float) -> float:
    return hypot((ward.lat - lat) * 110.6, (ward.lon - lon) * 111.3 * cos(radians(ward.lat)))
