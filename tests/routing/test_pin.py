"""What a pin says: by borders where a city has them, else by centres, and never more than it can know."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from routing.city import City, CityDataError, read_city
from routing.pin import CLEARLY_NEARER, read_pin
from routing.place import resolve_place

SONG_XANH = Path(__file__).parent / "data" / "songxanh"
Mend = Callable[[dict[str, Any]], None]


def box(west: float, south: float, east: float, north: float) -> list[list[float]]:
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def borders() -> dict[str, Any]:
    """Three wards: 1 and 2 share the line 100.05; 3 has an island, and a lake that is no ward's."""
    lake, island = box(100.19, 0.19, 100.21, 0.21), box(100.4, 0.2, 100.42, 0.22)
    shapes: dict[str, tuple[str, list[Any]]] = {
        "1": ("Polygon", [box(99.95, -0.05, 100.05, 0.05)]),
        "2": ("Polygon", [box(100.05, 0, 100.15, 0.15)]),
        "3": ("MultiPolygon", [[box(100.15, 0.15, 100.3, 0.3), lake], [island]]),
    }
    features = [
        {"type": "Feature", "properties": {"code": code}, "geometry": {"type": kind, "coordinates": coordinates}}
        for code, (kind, coordinates) in shapes.items()
    ]
    return {"type": "FeatureCollection", "features": features}


def with_borders(folder: Path, page: object) -> Path:
    """Return a copy of the invented city that has borders; one feature a line, as tools write them."""
    shutil.copytree(SONG_XANH, folder)
    said = page if isinstance(page, str) else json.dumps(page).replace('{"type": "Feature",', '\n{"type": "Feature",')
    (folder / "wards.geojson").write_text(said, "utf-8")
    return folder


@pytest.fixture
def bordered(tmp_path: Path) -> City:
    return read_city(with_borders(tmp_path / "city", borders()))


@pytest.mark.parametrize(
    ("lat", "lon", "expected", "sure", "how"),
    [
        (0.0, 100.0, ("1",), True, "pin"),
        (0.04, 100.06, ("2",), True, "pin"),
        (0.04, 100.0501, ("2", "1"), False, "pin"),  # 11 m from the border
        (0.04, 100.0499, ("1", "2"), False, "pin"),
        (0.04, 100.05, ("1", "2"), False, "pin"),
        (0.04, 100.0504, ("2",), True, "pin"),  # 45 m from it
        (0.21, 100.41, ("3",), True, "pin"),
        (0.2, 100.2, (), False, "pin-outside-the-city"),  # in the lake
        (0.2, 100.35, (), False, "pin-outside-the-city"),
        (-0.1, 100.0, (), False, "pin-outside-the-city"),
        (90.0, 100.0, (), False, "pin-outside-the-city"),
    ],
)
def test_a_pin_lies_in_the_ward_whose_polygon_it_is_in(
    bordered: City,
    lat: float,
    lon: float,
    expected: tuple[str, ...],
    sure: bool,  # noqa: FBT001
    how: str,
) -> None:
    place = resolve_place(bordered, "đèn tắt", lat, lon)
    assert (place.candidates, place.sure, place.how) == (expected, sure, how)


def test_borders_decide_against_the_nearest_centre(bordered: City, song_xanh: City) -> None:
    lat, lon = 0.005, 100.06
    assert read_pin(song_xanh, lat, lon).proposals[0] == "1"
    assert read_pin(bordered, lat, lon).decided == "2"


def test_words_and_a_pin_in_another_ward_are_asked_about(bordered: City) -> None:
    place = resolve_place(bordered, "phường Lá Me", 0.1, 100.1)
    assert (place.candidates, place.sure, place.how) == (("1", "2"), False, "pin-far-from-words")
    assert resolve_place(bordered, "phường Lá Me", 0.0, 100.0).sure


def test_a_pin_in_no_ward_leaves_nothing_sure(bordered: City) -> None:
    place = resolve_place(bordered, "phường Lá Me", 0.2, 100.35)
    assert (place.candidates, place.sure, place.how) == (("1",), False, "new-name+pin-outside-the-city")


def test_words_that_name_a_place_elsewhere_are_not_overruled(bordered: City) -> None:
    place = resolve_place(bordered, "phường Cầu Gỗ, Núi Đỏ", 0.1, 100.1)
    assert (place.candidates, place.sure) == (("2",), False)


@pytest.mark.parametrize(
    ("lat", "lon", "expected", "sure"),
    [
        (0.0, 100.0, ("1", "2"), True),
        (0.1, 100.1, ("2", "1"), True),
        (0.04, 100.0501, ("2", "1"), False),
    ],
)
def test_borders_tell_the_heirs_of_a_split_ward_apart(
    bordered: City,
    lat: float,
    lon: float,
    expected: tuple[str, ...],
    sure: bool,  # noqa: FBT001
) -> None:
    place = resolve_place(bordered, "P.2 Q. Bờ Đông", lat, lon)
    assert (place.candidates, place.sure) == (expected, sure)


def _drop_one(page: dict[str, Any]) -> None:
    del page["features"][2]


def _no_such_code(page: dict[str, Any]) -> None:
    page["features"][1]["properties"]["code"] = "99"


def _twice(page: dict[str, Any]) -> None:
    page["features"].append(page["features"][0])


def _no_properties(page: dict[str, Any]) -> None:
    page["features"][0]["properties"] = None


def _a_line(page: dict[str, Any]) -> None:
    page["features"][1]["geometry"] = {"type": "LineString", "coordinates": [[0, 0], [1, 1]]}


def _open_ring(page: dict[str, Any]) -> None:
    page["features"][1]["geometry"]["coordinates"][0].pop()


def _bow_tie(page: dict[str, Any]) -> None:
    ring = page["features"][1]["geometry"]["coordinates"][0]
    ring[1], ring[2] = ring[2], ring[1]


def _flat(page: dict[str, Any]) -> None:
    page["features"][1]["geometry"]["coordinates"] = [box(100.1, 0.1, 100.1, 0.1)]


def _no_rings(page: dict[str, Any]) -> None:
    page["features"][2]["geometry"]["coordinates"] = []


def _no_numbers(page: dict[str, Any]) -> None:
    page["features"][1]["geometry"]["coordinates"][0][1] = ["a", 1]


def _huge_number(page: dict[str, Any]) -> None:
    page["features"][1]["geometry"]["coordinates"][0][1] = [10**400, 1]


def _latitude_first(page: dict[str, Any]) -> None:
    ring = page["features"][1]["geometry"]["coordinates"][0]
    page["features"][1]["geometry"]["coordinates"][0] = [[lat, lon] for lon, lat in ring]


def _swapped(page: dict[str, Any]) -> None:
    one, three = page["features"][0]["properties"], page["features"][2]["properties"]
    one["code"], three["code"] = "3", "1"


def _not_a_collection(page: dict[str, Any]) -> None:
    page["type"] = "Feature"


@pytest.mark.parametrize(
    ("mend", "expected"),
    [
        (_drop_one, "wards.geojson: has no polygon for 1 wards: 3"),
        (_no_such_code, "wards.geojson:3: feature 2: '99' is the code of no ward"),
        (_twice, "wards.geojson:2: ward 1 is there twice"),
        (_no_properties, "feature 1: '' is the code of no ward"),
        (_a_line, "wards.geojson:3: ward 2: geometry must be Polygon or MultiPolygon, not 'LineString'"),
        (_open_ring, "wards.geojson:3: ward 2: a ring needs at least four corners, the last the same as the first"),
        (_bow_tie, "wards.geojson:3: ward 2: the polygon is not valid: Self-intersection"),
        (_flat, "wards.geojson:3: ward 2: the polygon is not valid: Too few points"),
        (_no_rings, "wards.geojson:4: ward 3: the polygon is not valid: it is empty"),
        (_no_numbers, "wards.geojson:3: ward 2: a corner is no number"),
        (_huge_number, "wards.geojson:3: ward 2: coordinates must be rings of [longitude, latitude]"),
        (_latitude_first, "wards.geojson:3: ward 2: a corner is not on Earth"),
        (_swapped, "ward 3: the polygon lies far from the centre of Xã Bãi Ngô"),
        (_not_a_collection, "wards.geojson:1: must be a FeatureCollection with features"),
    ],
)
def test_borders_that_cannot_be_meant_are_refused(tmp_path: Path, mend: Mend, expected: str) -> None:
    page = borders()
    mend(page)
    with pytest.raises(CityDataError) as refused:
        read_city(with_borders(tmp_path / "city", page))
    assert expected in str(refused.value)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('{"type":\n}', "wards.geojson:2: Expecting value"),
        ("[" * 100_000, "wards.geojson: has a number of too many digits, or is nested too deeply"),
        (" " * 20_000_001, "wards.geojson: is larger than 20 MB"),
    ],
)
def test_a_file_of_borders_that_cannot_be_read_is_refused(tmp_path: Path, written: str, expected: str) -> None:
    with pytest.raises(CityDataError) as refused:
        read_city(with_borders(tmp_path / "city", written))
    assert expected in str(refused.value)


def test_new_borders_are_a_new_version_of_the_city(bordered: City, song_xanh: City) -> None:
    assert bordered.version != song_xanh.version


def test_geometry_is_loaded_only_for_a_city_that_has_borders(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from routing.city import load_city; "
        "load_city(Path(sys.argv[1])); print('shapely' in sys.modules)"
    )
    folder = with_borders(tmp_path / "city", borders())
    for path, expected in ((SONG_XANH, "False"), (folder, "True")):
        done = subprocess.run([sys.executable, "-c", script, str(path)], check=True, capture_output=True, text=True)
        assert done.stdout.strip() == expected


# by centres


def test_without_borders_a_pin_between_two_wards_decides_nothing(hcmc: City) -> None:
    """Walk from one centre to the other: sure of the first, then of none, then of the second, and never of both."""
    one, other = hcmc.wards["27163"], hcmc.wards["27169"]
    said = []
    for step in range(101):
        lat = one.lat + (other.lat - one.lat) * step / 100
        lon = one.lon + (other.lon - one.lon) * step / 100
        place = resolve_place(hcmc, "phường 14 quận 10", lat, lon)
        said.append(place.candidates[0] if place.sure else "")
        if place.sure:
            near, far = sorted((step, 100 - step))
            assert far >= CLEARLY_NEARER * near
    assert list(dict.fromkeys(said)) == ["27163", "", "27169"]
    assert "" in said[39:62]


def test_without_borders_a_pin_in_two_circles_decides_nothing(hcmc: City) -> None:
    """A small ward's centre may be nearest inside a large neighbour: where circles overlap nobody knows."""
    for ward in hcmc.wards.values():
        pin = read_pin(hcmc, ward.lat, ward.lon)
        assert pin.distances is not None
        assert pin.reaches is not None
        inside = [code for code, km in pin.distances.items() if km <= pin.reaches[code]]
        assert pin.decided == (ward.code if inside == [ward.code] else None)


def test_without_borders_a_pin_outside_the_circle_decides_nothing(song_xanh: City) -> None:
    inside, outside = (resolve_place(song_xanh, "P.2 Q. Bờ Đông", lat, 100.0) for lat in (-0.005, -0.02))
    assert (inside.candidates, inside.sure) == (("1", "2"), True)
    assert (outside.candidates, outside.sure) == (("1", "2"), False)


def test_a_pin_in_the_midst_of_another_ward_leaves_nothing_sure(hcmc: City) -> None:
    other = hcmc.wards["27190"]
    place = resolve_place(hcmc, "phường Hòa Hưng", other.lat, other.lon)
    assert (place.candidates[0], place.sure, place.how) == ("27163", False, "pin-far-from-words")


def test_a_pin_narrows_a_split_ward(hcmc: City) -> None:
    text = "phường 14 quận 10"
    assert not resolve_place(hcmc, text).sure
    for code in resolve_place(hcmc, text).candidates:
        ward = hcmc.wards[code]
        place = resolve_place(hcmc, text, ward.lat, ward.lon)
        assert (place.candidates[0], place.sure) == (code, True)


def test_a_pin_confirms_a_doubtful_name_only_in_its_own_ward(hcmc: City) -> None:
    here, beside = hcmc.wards["27163"], hcmc.wards["27169"]
    assert resolve_place(hcmc, "gần phường Hòa Hưng", here.lat, here.lon).sure
    assert not resolve_place(hcmc, "gần phường Hòa Hưng", beside.lat, beside.lon).sure


def test_a_pin_alone_proposes_and_never_decides(hcmc: City) -> None:
    ward = hcmc.wards["27163"]
    place = resolve_place(hcmc, "đèn tắt", ward.lat, ward.lon)
    assert place.candidates[0] == "27163"
    assert not place.sure


def test_a_pin_far_from_the_words_makes_them_unsure(hcmc: City) -> None:
    vung_tau = hcmc.wards["26506"]
    place = resolve_place(hcmc, "phường Hòa Hưng", vung_tau.lat, vung_tau.lon)
    assert not place.sure
    assert "27163" in place.candidates


def test_a_pin_that_is_no_place_is_ignored(hcmc: City) -> None:
    assert resolve_place(hcmc, "phường Hòa Hưng", float("nan"), 106.6).sure
    assert resolve_place(hcmc, "", float("inf"), 0.0).candidates == ()


def test_a_pin_outside_the_city_leaves_nothing_sure(hcmc: City) -> None:
    place = resolve_place(hcmc, "phường Hòa Hưng", 21.03, 105.85)
    assert (place.candidates, place.sure, place.how) == (("27163",), False, "new-name+pin-outside-the-city")
    assert resolve_place(hcmc, "", 21.03, 105.85).candidates == ()
