"""The outline of a city: every ward has a place of its own on it, whatever little is known."""

from itertools import combinations
from pathlib import Path

import pytest
import shapely
from shapely.strtree import STRtree

from routing.borders import WardBorders
from routing.city import City, load_city
from routing.outline import Outline, outline
from routing.wards import WardFact

SONGXANH = Path(__file__).parent / "data" / "songxanh"
FAR = shapely.box(100, 0, 115, 25)


@pytest.fixture(params=[None, SONGXANH], ids=["hcmc", "songxanh"])
def city(request: pytest.FixtureRequest) -> City:
    """Return the packaged city and a very small one."""
    return load_city(request.param)


def test_every_ward_has_one_shape_around_its_own_centre(city: City) -> None:
    drawn = outline(city.wards, city.borders)
    assert list(drawn.shapes) == list(city.wards)
    for code, shape in drawn.shapes.items():
        assert shape.is_valid
        assert shape.contains(shapely.Point(city.wards[code].lon, city.wards[code].lat)), city.wards[code].name


def test_no_two_wards_overlap_and_a_larger_ward_is_drawn_larger() -> None:
    city = load_city()
    drawn = outline(city.wards, None)
    assert not drawn.exact
    overlap = sum(a.intersection(b).area for a, b in combinations(drawn.shapes.values(), 2))
    assert overlap < 1e-9
    small, large = (sorted(city.wards.values(), key=lambda ward: ward.area_km2)[i] for i in (0, -1))
    assert drawn.shapes[large.code].area > 20 * drawn.shapes[small.code].area


def test_a_sketch_is_small_enough_for_a_phone_and_near_what_is_known() -> None:
    city = load_city()
    shapes = outline(city.wards, None).as_geojson(city.wards)
    assert len(str(shapes)) < 120_000
    assert [feature["properties"]["code"] for feature in shapes["features"]] == list(city.wards)
    read = [shapely.geometry.shape(feature["geometry"]) for feature in shapes["features"]]
    assert all(FAR.contains(shape) for shape in read)


@pytest.mark.parametrize(
    "places",
    [
        [(10.8, 106.7, 3.0)],
        [(10.8, 106.7, 300.0), (10.801, 106.7, 0.2)],
        [(10.8, 106.7, 3.0), (10.8, 106.7, 3.0)],
        [(10.8, 106.7, 3.0), (8.7, 106.6, 70.0)],
    ],
    ids=["one", "a small one beside a huge one", "two at one place", "an island"],
)
def test_odd_cities_can_be_drawn_too(places: list[tuple[float, float, float]]) -> None:
    facts = [
        WardFact(str(n), f"Phường {n}", str(n), "Phường", lat, lon, area) for n, (lat, lon, area) in enumerate(places)
    ]
    drawn: Outline = outline({fact.code: fact for fact in facts}, None)
    for fact in facts:
        assert drawn.shapes[fact.code].intersects(shapely.Point(fact.lon, fact.lat))


def test_borders_of_the_city_are_drawn_as_they_are_and_neighbours_go_on_sharing_their_edge() -> None:
    wiggly = [(0.5, y / 100 + 0.00001 * (y % 2)) for y in range(101)]
    west = shapely.Polygon([(0, 0), *((0.5, y) for _, y in wiggly), (0, 1)])
    east = shapely.Polygon([(1, 0), (1, 1), *((0.5, y) for _, y in reversed(wiggly))])
    borders = WardBorders(("1", "2"), (west, east), STRtree([west, east]))
    wards = {
        code: WardFact(code, f"Phường {code}", code, "Phường", 0.5, lon, 6000) for code, lon in (("1", 0.2), ("2", 0.8))
    }
    drawn = outline(wards, borders)
    assert drawn.exact
    assert drawn.shapes["1"].intersection(drawn.shapes["2"]).area == 0
    assert sum(shape.area for shape in drawn.shapes.values()) == pytest.approx(1, abs=0.001)
    assert shapely.get_num_coordinates(drawn.shapes["1"]) < shapely.get_num_coordinates(west)
    assert drawn.as_geojson(wards)["exact"] is True
