"""Who of the unit works on a ticket."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient

from app.accounts import service as accounts
from app.accounts.service import NewAccount
from app.admin.service import disable_account
from app.consistency import violations
from app.hotline import Hotline
from app.problems import Conflict, NotFound, Refused
from app.review import service as review
from app.review.service import Choice
from app.work import person
from app.work import service as work
from models.account import Account
from models.vocabulary import Role
from tests.app.conftest import BUSES, LIGHTS, Filed, Road, Staff, step
from tests.pages import post_form, words

Log = Callable[[Account], FlaskClient]


@pytest.fixture
def carol(hotline: Hotline) -> Account:
    """Return a second handler of alice's unit."""
    with hotline.database.transaction() as session:
        return accounts.create(session, hotline.now(), NewAccount("carol", "Carol", Role.HANDLER, LIGHTS))


def test_who_leads_the_unit_gives_and_a_handler_takes_what_nobody_has(
    hotline: Hotline, road: Road, staff: Staff, carol: Account
) -> None:
    filed = road.routed()
    assert holder(filed) is None
    person.assign(hotline, staff.alice, step(filed), staff.alice.id)
    assert holder(filed) == staff.alice.id
    person.assign(hotline, staff.supervisor, step(filed), carol.id)
    assert holder(filed) == carol.id
    person.assign(hotline, carol, step(filed), None)
    assert holder(filed) is None
    assert told(filed) == [staff.alice.id, carol.id, None]
    with hotline.database.reading() as session:
        assert violations(session) == []


def test_a_handler_neither_takes_a_colleagues_ticket_nor_gives_it_away(
    hotline: Hotline, road: Road, staff: Staff, carol: Account
) -> None:
    filed = road.routed()
    assert refused(lambda: person.assign(hotline, staff.alice, step(filed), carol.id)) == "leader_gives"
    person.assign(hotline, staff.supervisor, step(filed), carol.id)
    assert refused(lambda: person.assign(hotline, staff.alice, step(filed), staff.alice.id)) == "leader_gives"
    assert refused(lambda: person.assign(hotline, staff.alice, step(filed), None)) == "leader_gives"
    assert told(filed) == [carol.id]


@pytest.mark.parametrize("whom", ["bob", "coordinator", "nobody"])
def test_only_a_person_of_the_unit_gets_a_ticket(hotline: Hotline, road: Road, staff: Staff, whom: str) -> None:
    filed = road.routed()
    wanted = staff.accounts[whom].id if whom in staff.accounts else uuid4()
    assert refused(lambda: person.assign(hotline, staff.supervisor, step(filed), wanted)) == "unknown_person"
    with pytest.raises(NotFound):
        person.assign(hotline, staff.bob, step(filed), staff.bob.id)


def test_accepting_takes_what_nobody_has_and_leaves_a_colleagues(
    hotline: Hotline, road: Road, staff: Staff, carol: Account
) -> None:
    assert holder(road.accepted()) == staff.alice.id
    given = road.routed()
    person.assign(hotline, staff.supervisor, step(given), carol.id)
    work.accept(hotline, staff.alice, step(given))
    assert holder(given) == carol.id
    by_leader = road.routed()
    work.accept(hotline, staff.supervisor, step(by_leader))
    assert holder(by_leader) is None


def test_a_ticket_is_nobodys_when_it_goes_to_another_unit(hotline: Hotline, road: Road, staff: Staff) -> None:
    filed = road.accepted()
    work.send_back(hotline, staff.alice, step(filed, "Trụ này của phường."))
    assert holder(filed) is None
    review.route(hotline, staff.coordinator, step(filed), Choice("street-lighting", BUSES))
    assert holder(filed) is None


def test_who_is_shut_out_lets_go_of_everything(hotline: Hotline, road: Road, staff: Staff) -> None:
    at_work, answered = road.accepted(), road.answered()
    disable_account(hotline, staff.alice.id)
    assert (holder(at_work), holder(answered)) == (None, None)
    assert told(at_work) == told(answered) == [None]
    assert refused(lambda: person.assign(hotline, staff.supervisor, step(at_work), staff.alice.id)) == "unknown_person"


def test_what_is_answered_is_given_to_nobody(hotline: Hotline, road: Road, staff: Staff) -> None:
    filed = road.answered()
    with pytest.raises(Conflict):
        person.assign(hotline, staff.supervisor, step(filed), staff.alice.id)
    assert person.offers(staff.supervisor, filed.ticket()) == set()


def test_page_and_program_give_and_name_the_person(
    client: FlaskClient, road: Road, staff: Staff, log_in: Log, bearer: Callable[[Account], dict[str, str]]
) -> None:
    filed = road.routed()
    page = f"/work/{filed.ticket().id}"
    given = post_form(log_in(staff.supervisor), page, f"{page}/assign", assignee=str(staff.alice.id))
    assert given.status_code == 303
    shown = words(log_in(staff.alice).get(page).get_data(as_text=True))
    assert "Người giữ phiếu: Alice" in shown
    refused_ = post_form(log_in(staff.supervisor), page, f"{page}/assign", assignee="không phải ai")
    assert refused_.status_code == 422
    tickets = f"/api/v1/tickets/{filed.ticket().id}"
    token = bearer(staff.alice)
    shape = client.get(tickets, headers=token).get_json()
    assert shape["assignee"] == str(staff.alice.id)
    assert "assign" in shape["actions"]
    let_go = client.post(f"{tickets}/assign", json={"version": shape["version"], "assignee": None}, headers=token)
    assert let_go.get_json()["assignee"] is None
    assert "Alice" not in client.post("/t", data={"code": filed.code}).get_data(as_text=True)


def holder(filed: Filed) -> UUID | None:
    return filed.ticket().assignee_id


def told(filed: Filed) -> list[UUID | None]:
    """Return to whom the history says that it was given, in order."""
    said = [event.data["assignee"] for event in filed.ticket().events if event.kind == "assigned"]
    return [UUID(one) if one else None for one in said]


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value.problems[0].code
