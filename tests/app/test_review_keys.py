"""A coordinator's page: one step a decision, the next ticket after it, a unit by a part of its name."""

import re
from collections.abc import Callable

from flask.testing import FlaskClient

from app.hotline import Hotline
from models.account import Account
from models.ticket import Ticket
from models.vocabulary import Status
from tests.app.conftest import BUSES, LIGHTS, Clock, Filed, Road, Staff
from tests.pages import hidden, post_form

Log = Callable[[Account], FlaskClient]
DOUBTFUL = "ờ cái này nói sao ta, hổng biết nữa, lần {n}"


def test_after_a_decision_the_next_ticket_opens_and_after_the_last_the_queue(
    road: Road, staff: Staff, log_in: Log, clock: Clock
) -> None:
    one, two, three = (waiting(road, clock) for _ in range(3))
    coordinator = log_in(staff.coordinator)
    choice = {"topic_slug": "street-lighting", "department_id": LIGHTS}
    for filed, following in ((two, three), (three, one)):
        done = post_form(coordinator, page(filed), f"{page(filed)}/route", **choice)
        assert (done.status_code, done.location) == (303, f"{page(following)}?after={filed.ticket().id}")
    assert "Đã xong phiếu trước" in coordinator.get(done.location).get_data(as_text=True)
    done = post_form(coordinator, page(one), f"{page(one)}/reject", public_text="Không nhận.", reason_code="other")
    assert done.location == "/review"


def test_a_ticket_is_left_for_later_and_nothing_happens_to_it(
    road: Road, staff: Staff, log_in: Log, clock: Clock
) -> None:
    one, two = waiting(road, clock), waiting(road, clock)
    coordinator = log_in(staff.coordinator)
    assert coordinator.get(f"{page(one)}/next").location.startswith(page(two))
    assert coordinator.get(f"{page(two)}/next").location.startswith(page(one))
    assert one.status() is Status.NEEDS_REVIEW


def test_each_guess_of_the_machine_can_be_taken_by_one_button_with_its_unit(
    road: Road, staff: Staff, log_in: Log
) -> None:
    filed = road.routed(DOUBTFUL.format(n=1))
    assert filed.status() is Status.NEEDS_REVIEW
    coordinator = log_in(staff.coordinator)
    shown = coordinator.get(page(filed)).get_data(as_text=True)
    guesses = re.findall(r'<form method="post" action="[^"]*/route" class="once">(.*?)</form>', shown, re.DOTALL)
    assert 1 <= len(guesses) <= 3
    for number, guess in enumerate(guesses, 1):
        assert f'data-key="{number}"' in guess
    fields = {name: hidden(guesses[-1], name) for name in ("version", "topic_slug", "ward_code", "department_id")}
    assert post_form(coordinator, page(filed), f"{page(filed)}/route", **fields).status_code == 303
    ticket = filed.ticket()
    assert (ticket.status, ticket.topic_slug, ticket.department_id) == (
        Status.ROUTED,
        fields["topic_slug"],
        fields["department_id"],
    )


def test_a_unit_is_named_by_a_part_of_its_name_and_an_unclear_one_is_asked_again(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log
) -> None:
    filed = road.in_review()
    coordinator = log_in(staff.coordinator)
    typed = {"topic_slug": "public-transport", "department_id": "", "department_id_search": "phuong"}
    unclear = post_form(coordinator, page(filed), f"{page(filed)}/route", **typed)
    assert unclear.status_code == 422
    assert 'value="phuong"' in unclear.get_data(as_text=True)
    typed["department_id_search"] = "giao thong cong cong"
    assert post_form(coordinator, page(filed), f"{page(filed)}/route", **typed).status_code == 303
    with hotline.database.reading() as session:
        assert session.get_one(Ticket, filed.ticket().id).department_id == BUSES


def test_every_decision_shows_its_key(road: Road, staff: Staff, log_in: Log) -> None:
    shown = log_in(staff.coordinator).get(page(road.in_review())).get_data(as_text=True)
    keys = re.findall(r'data-key="(\w)"', shown)
    assert len(keys) == len(set(keys))
    assert {"b", "c", "h", "k", "n"} <= set(keys)
    assert set(re.findall(r'<kbd class="key" hidden>(\w)</kbd>', shown)) == {key.upper() for key in keys}


def waiting(road: Road, clock: Clock) -> Filed:
    """Return a ticket that awaits a coordinator, filed after the one before."""
    clock.forward(minutes=1)
    return road.in_review()


def page(filed: Filed) -> str:
    return f"/review/{filed.ticket().id}"
