"""The city's outline as it is served: drawn once a process and city, small, and known by its digest."""

import gzip
import hashlib
import json
import threading
from dataclasses import dataclass
from typing import Final

from routing.city import City
from routing.outline import outline

_drawn: Final[dict[str, "Drawing"]] = {}
_drawing: Final = threading.Lock()


@dataclass(frozen=True)
class Drawing:
    """An outline as GeoJSON, plain and compressed; `digest` changes with what is drawn."""

    plain: bytes
    compressed: bytes
    digest: str


def drawing_of(city: City) -> Drawing:
    """Return the outline of a city; the first call takes about half a second."""
    with _drawing:
        drawing = _drawn.get(city.version)
        if drawing is None:
            drawing = _drawn[city.version] = _draw(city)
        return drawing


def _draw(city: City) -> Drawing:
    shapes = outline(city.wards, city.borders).as_geojson(city.wards)
    plain = json.dumps(shapes, ensure_ascii=False, separators=(",", ":")).encode()
    return Drawing(plain, gzip.compress(plain, mtime=0), hashlib.sha256(plain).hexdigest()[:16])
