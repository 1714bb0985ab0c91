"""Tickets like one: of its topic, near, in like words, and only those that the account may see."""

from app.hotline import Hotline
from app.work import service as work
from app.work import similar
from models.account import Account
from models.ticket import Ticket
from tests.app.conftest import BUSES, LIGHTS_OUT, Clock, Filed, Road, Staff, step

NEAR = "đường Lê Lợi, phường Bến Thành"


def test_like_tickets_are_found_with_how_they_were_answered(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock
) -> None:
    old = road.answered("Đã thay bóng ở trụ số bốn.")
    clock.forward(days=3)
    new = road.routed()
    (found,) = like(hotline, staff.alice, new)
    assert found.ticket.id == old.ticket().id
    assert found.answer == "Đã thay bóng ở trụ số bốn."
    assert 0 < found.likeness <= 1
    assert [one.ticket.id for one in like(hotline, staff.coordinator, old)] == [new.ticket().id]


def test_what_is_another_units_is_like_nothing(hotline: Hotline, road: Road, staff: Staff) -> None:
    one, other = road.routed(), road.routed()
    with hotline.database.transaction() as session:
        session.get_one(Ticket, other.ticket().id).department_id = BUSES
    assert like(hotline, staff.alice, one) == []
    assert [found.ticket.id for found in like(hotline, staff.coordinator, one)] == [other.ticket().id]


def test_a_denunciation_is_like_nothing_and_nothing_is_like_it(hotline: Hotline, road: Road, staff: Staff) -> None:
    plain, sealed = road.routed(), road.sealed()
    for account in (staff.alice, staff.coordinator, staff.cleared):
        assert like(hotline, account, plain) == []
    assert like(hotline, staff.cleared, sealed) == []


def test_reports_of_the_same_incident_are_left_to_the_incident(hotline: Hotline, road: Road, staff: Staff) -> None:
    merged = road.merged()
    lead = next(one for one in every(hotline) if one.id != merged.ticket().id)
    with hotline.database.reading() as session:
        assert similar.to(session, staff.coordinator, lead, hotline.now()) == []


def test_the_likest_comes_first_and_few_are_shown(hotline: Hotline, road: Road, staff: Staff) -> None:
    one = road.routed(LIGHTS_OUT, place_text=NEAR)
    for n in range(similar.SHOWN + 2):
        road.routed(f"Đèn đường tắt, trụ đèn nghiêng, đèn số {n} kêu rè rè")
    twin = road.routed(LIGHTS_OUT, place_text=NEAR)
    work.accept(hotline, staff.alice, step(twin))
    found = like(hotline, staff.coordinator, one)
    assert len(found) == similar.SHOWN
    assert found[0].ticket.id == twin.ticket().id
    assert [each.likeness for each in found] == sorted((each.likeness for each in found), reverse=True)


def like(hotline: Hotline, account: Account, filed: Filed) -> list[similar.Similar]:
    with hotline.database.reading() as session:
        return similar.to(session, account, filed.ticket(), hotline.now())


def every(hotline: Hotline) -> list[Ticket]:
    with hotline.database.reading() as session:
        return list(session.query(Ticket).all())
