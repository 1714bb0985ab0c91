"""The public map: its outline, and figures that anybody may read and nobody may be found in."""

import gzip
import json
from dataclasses import replace

from flask.testing import FlaskClient

from app.hotline import Hotline
from app.web import create_app

OUTLINE = "/ban-do/ranh-gioi.geojson"


def test_the_outline_is_fetched_once_and_then_only_asked_after(client: FlaskClient, hotline: Hotline) -> None:
    first = client.get(OUTLINE)
    assert first.mimetype == "application/geo+json"
    codes = [feature["properties"]["code"] for feature in json.loads(first.data)["features"]]
    assert codes == list(hotline.files.wards)
    small = client.get(OUTLINE, headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(small.data) == first.data
    assert len(small.data) < 20_000
    assert small.headers["ETag"] != first.headers["ETag"]
    again = client.get(OUTLINE, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert "max-age=86400" in first.headers["Cache-Control"]


def test_pages_may_show_images_of_the_tiles_host_and_of_no_other(hotline: Hotline, client: FlaskClient) -> None:
    assert images_allowed(client) == "img-src 'self' data: blob:"
    settings = replace(hotline.settings, map_tiles="https://tiles.example.vn/{z}/{x}/{y}.png")
    tiled = create_app(replace(hotline, settings=settings)).test_client()
    assert images_allowed(tiled) == "img-src 'self' data: blob: https://tiles.example.vn"


def images_allowed(browser: FlaskClient) -> str:
    policy = browser.get("/rieng-tu").headers["Content-Security-Policy"]
    return next(part for part in policy.split("; ") if part.startswith("img-src"))
