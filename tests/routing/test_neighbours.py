"""What is near and alike, and what a city's file says about it."""

import shutil
from pathlib import Path

import h3
import pytest

from models.vocabulary import UNCLEAR_TOPIC, topics
from routing.city import PACKAGED, City, CityDataError, read_city
from routing.neighbours import RESOLUTION, around, cell_of, likeness
from routing.place import resolve_place

LAMP = "Đèn đường hẻm 285 tắt ba bữa nay, tối thui"


@pytest.mark.parametrize(
    "typed",
    [
        "285 Cách Mạng Tháng Tám, phường 12, quận 10",
        "hẻm 285 CMT8, phường 12 quận 10",
        "285 cach mang thang tam phuong 12 quan 10",
        "285 CMT8 phường 12 quận 10",
        "12/4 Cách Mạng Tháng 8, P.12, Q.10",
        "đường Cách Mạng Tháng Tám, phường Hòa Hưng",
    ],
)
def test_a_street_is_one_however_it_is_written(hcmc: City, typed: str) -> None:
    place = resolve_place(hcmc, typed)
    assert hcmc.incidents.street(place.street, place.landmark) == "cach mang thang"
    assert place.candidates == ("27163",)


def test_a_number_at_the_beginning_is_not_yet_an_address(hcmc: City) -> None:
    for text in ("3 ngày nay đèn tắt, phường Hòa Hưng", "2 cây ngã rồi", "12", "12,", ""):
        assert resolve_place(hcmc, text).street is None


def test_a_landmark_stands_in_for_a_street(hcmc: City) -> None:
    place = resolve_place(hcmc, "Chợ Bà Chiểu, phường Gia Định")
    assert hcmc.incidents.street(place.street, place.landmark) == "cho ba chieu"
    assert hcmc.incidents.street(None, None) is None


def test_near_is_a_cell_and_its_neighbours() -> None:
    cell = cell_of(10.77, 106.68)
    assert cell is not None
    assert cell_of(None, None) is None
    ring = around(cell)
    assert len(ring) == 7
    assert {h3.get_resolution(one) for one in ring} == {RESOLUTION}
    assert all(h3.are_neighbor_cells(cell, one) for one in ring if one != cell)
    assert cell_of(10.7715, 106.6810) in ring
    assert cell_of(10.78, 106.68) not in ring


def test_the_same_words_typed_otherwise_are_alike() -> None:
    assert likeness(LAMP, LAMP) == pytest.approx(1)
    assert likeness(LAMP, "DEN DUONG HEM 285 TAT BA BUA NAY TOI THUI!!!") == pytest.approx(1)
    assert likeness(LAMP, "den duong hem tat may hom roi, toi thui") > 0.4
    assert likeness(LAMP, "Đèn đường trước hẻm 285 tắt ba đêm nay, có chị bán vé số vấp té") > 0.2
    assert likeness(LAMP, "Cây ngã đè xe máy") == 0
    assert likeness(LAMP, "") == likeness("", "") == likeness("!!!", "285") == 0


def test_likeness_does_not_care_who_is_asked() -> None:
    other = "Trụ đèn bị cháy bóng, hẻm tối om"
    assert likeness(LAMP, other) == likeness(other, LAMP)


def test_the_same_topic_needs_less_than_another_of_its_group(hcmc: City) -> None:
    rules = hcmc.incidents
    between = (rules.same_topic + rules.same_group) / 2
    assert rules.likely("trees", "trees", between)
    assert not rules.likely("trees", "street-lighting", between)


def test_a_family_is_the_topics_of_a_group_and_what_is_unclear_has_none(hcmc: City) -> None:
    assert set(hcmc.incidents.family("trees")) == {"street-lighting", "trees", "parks-public-space"}
    assert hcmc.incidents.family(UNCLEAR_TOPIC) == ()
    assert hcmc.incidents.window(UNCLEAR_TOPIC) is None
    assert hcmc.incidents.window("no-such-topic") is None


def test_a_report_of_a_person_is_never_public(hcmc: City) -> None:
    public = hcmc.incidents.public_topics()
    assert {"public-order-crime", "official-conduct"}.isdisjoint(public)
    assert "street-lighting" in public
    assert all(slug in topics() for slug in public)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("roads-traffic:", "roads:", "incidents.yaml:6: group 'roads' does not exist"),
        ("hours: 336, public: true", "hours: 0, public: true", "hours must be at least 1"),
        ("hours: 336, public: true", "hours: 336, public: maybe", "'public' must be true or false"),
        ("[public-order-crime, ", "[crime, ", "private_topics: topic 'crime' does not exist"),
        ("same_topic: 15", "same_topic: 150", "same_topic must be at most 100"),
        ("one_in: 10000", "one_in: 1", "one_in from 2"),
        ("weeks: 8", "months: 2", "unknown key 'months'"),
    ],
)
def test_a_broken_file_is_refused_with_line_and_reason(tmp_path: Path, old: str, new: str, problem: str) -> None:
    folder = tmp_path / "city"
    shutil.copytree(PACKAGED, folder)
    file = folder / "incidents.yaml"
    written = file.read_text("utf-8")
    assert old in written
    file.write_text(written.replace(old, new, 1), "utf-8")
    with pytest.raises(CityDataError) as refused:
        read_city(folder)
    assert problem in str(refused.value)
