"""The public map: what is drawn on it, and the figures beside it."""

from typing import Final

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as AnyResponse

from app.current import hotline
from app.maps.outline import drawing_of

maps = Blueprint("maps", __name__)

#: Seconds for which a browser keeps the outline without asking again.
OUTLINE_LIFE: Final = 86400


@maps.get("/ban-do/ranh-gioi.geojson")
def outline() -> AnyResponse:
    """Return how the city's wards lie, to be drawn under pins."""
    drawing = drawing_of(hotline().files)
    small = request.accept_encodings.quality("gzip") > 0
    response = Response(drawing.compressed if small else drawing.plain, mimetype="application/geo+json")
    if small:
        response.headers["Content-Encoding"] = "gzip"
    response.vary.add("Accept-Encoding")
    response.set_etag(f"{drawing.digest}-gzip" if small else drawing.digest)
    response.cache_control.public = True
    response.cache_control.max_age = OUTLINE_LIFE
    return response.make_conditional(request)
