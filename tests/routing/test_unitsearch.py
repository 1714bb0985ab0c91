"""A unit is found by what people call it."""

from datetime import date

import pytest

from models.vocabulary import DepartmentKind
from routing.city import City
from routing.unitsearch import active_units, find_units

DAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("UBND phường Hòa Hưng", ["ubnd-27163"]),
        ("ubnd phuong hoa hung", ["ubnd-27163"]),
        ("UBND PHƯỜNG HOÀ HƯNG", ["ubnd-27163"]),
        ("  phường   hòa  hưng ubnd ", ["ubnd-27163", "ubnd-27439"]),
        ("hoa hung", ["ubnd-27163", "ca-27163", "tthcc-27163"]),
        ("sở xây dựng", ["so_xay_dung"]),
        ("department of construction", ["so_xay_dung"]),
        ("so_xay_dung", ["so_xay_dung"]),
        ("rồng lửa", []),
        ("", []),
        ("\0", []),
        (" \n ", []),
        ("a" * 100_000, []),
    ],
)
def test_by_name_with_or_without_accents(hcmc: City, typed: str, found: list[str]) -> None:
    assert sorted(fact.id for fact in find_units(hcmc, typed, DAY)) == sorted(found)


def test_only_units_that_are_there_on_that_day_and_never_the_coordinators_desk(hcmc: City) -> None:
    assert "tt_ql_gt_htkt" in {fact.id for fact in active_units(hcmc, date(2026, 1, 30))}
    assert "tt_ql_gt_htkt" not in {fact.id for fact in active_units(hcmc, date(2026, 1, 29))}
    assert all(fact.kind is not DepartmentKind.HOTLINE for fact in active_units(hcmc, DAY))
    assert find_units(hcmc, "Điều phối viên tổng đài", DAY) == ()
