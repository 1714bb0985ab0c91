"""Who else has a ticket open: known while Redis is there, and missed by nobody while it is not."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.hotline import Hotline
from app.work.presence import THERE, Presence
from models.account import Account
from tests.app.conftest import Road, Staff
from tests.pages import hidden

Log = Callable[[Account], FlaskClient]


@pytest.mark.usefixtures("redis")
def test_two_people_on_one_ticket_see_each_other(road: Road, staff: Staff, log_in: Log) -> None:
    filed, other = road.accepted(), road.routed()
    page = f"/work/{filed.ticket().id}"
    alice, supervisor = log_in(staff.alice), log_in(staff.supervisor)
    assert "Cùng mở phiếu này: " not in shown_people(alice.get(page).get_data(as_text=True))
    assert "Cùng mở phiếu này: Alice" in shown_people(supervisor.get(page).get_data(as_text=True))
    assert looked(alice, page) == {"people": ["Supervisor"], "version": filed.ticket().version}
    assert looked(log_in(staff.alice), f"/work/{other.ticket().id}")["people"] == []


@pytest.mark.usefixtures("redis")
def test_a_page_learns_that_the_ticket_has_changed(road: Road, staff: Staff, log_in: Log) -> None:
    filed = road.routed()
    page = f"/work/{filed.ticket().id}"
    alice = log_in(staff.alice)
    before = looked(alice, page)["version"]
    token = hidden(alice.get(page).get_data(as_text=True), "csrf_token")
    alice.post(f"{page}/accept", data={"csrf_token": token, "version": before})
    assert looked(alice, page)["version"] != before


@pytest.mark.usefixtures("redis")
def test_who_only_reads_is_seen_by_nobody(road: Road, staff: Staff, log_in: Log) -> None:
    filed = road.accepted()
    page = f"/work/{filed.ticket().id}"
    log_in(staff.auditor).get(page)
    assert looked(log_in(staff.alice), page)["people"] == []


@pytest.mark.usefixtures("redis")
def test_redis_forgets_by_itself_and_keeps_no_name(hotline: Hotline, road: Road, staff: Staff) -> None:
    presence, ticket_id = Presence(hotline.settings), road.routed().ticket().id
    assert presence.look_in(ticket_id, staff.alice.id) == []
    assert presence.look_in(ticket_id, staff.supervisor.id) == [staff.alice.id]
    key = f"presence:{ticket_id.hex}"
    client = presence._redis
    assert 0 < client.ttl(key) <= THERE
    assert set(client.zrange(key, 0, -1)) == {staff.alice.id.hex, staff.supervisor.id.hex}
    client.zadd(key, {staff.alice.id.hex: 0})
    assert presence.look_in(ticket_id, staff.supervisor.id) == []


def test_without_redis_nobody_is_there_and_the_page_is(road: Road, staff: Staff, log_in: Log) -> None:
    filed = road.accepted()
    page = f"/work/{filed.ticket().id}"
    for account in (staff.alice, staff.supervisor):
        assert log_in(account).get(page).status_code == 200
    assert looked(log_in(staff.alice), page)["people"] == []


def looked(browser: FlaskClient, page: str) -> dict[str, object]:
    token = hidden(browser.get(page).get_data(as_text=True), "csrf_token")
    answer = browser.post(f"{page}/presence", headers={"X-CSRFToken": token})
    assert answer.status_code == 200
    found: dict[str, object] = answer.get_json()
    return found


def shown_people(page: str) -> str:
    return page.partition('<p class="people"')[2].partition("</p>")[0]
