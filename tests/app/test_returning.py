"""Giving a ticket back: why, whose it is, and where it goes then."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.accounts import service as accounts
from app.hotline import Hotline
from app.problems import Conflict, Refused
from app.review import service as review
from app.review.service import Choice
from app.work import returning
from app.work import service as work
from app.work.returning import Why
from models.account import Account
from models.return_reasons import return_reasons
from models.vocabulary import AssignmentKind, Role, Status
from tests.app.conftest import BUSES, LIGHTS, Clock, Filed, Road, Staff, step
from tests.pages import post_form, words

Log = Callable[[Account], FlaskClient]
#: In the ward Hòa Hưng: its People's Committee has the lights of alleys, alice's unit those of streets.
PLACE = "đường Cách Mạng Tháng Tám, phường 12 quận 10"
HOA_HUNG, WARD = "27163", "ubnd-27163"


def test_the_other_unit_that_the_rules_name_gets_it_straight_and_the_clock_keeps_running(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock
) -> None:
    filed = road.routed(place_text=PLACE)
    assert (filed.ticket().department_id, filed.ticket().ward_code) == (LIGHTS, HOA_HUNG)
    due = [(d.kind, d.due_at) for d in filed.ticket().deadlines]
    clock.forward(hours=3)
    give_back(hotline, staff.alice, filed, Why("ward-level", WARD))
    ticket = filed.ticket()
    assert (ticket.status, ticket.department_id, ticket.returns) == (Status.ROUTED, WARD, 1)
    assert filed.kinds() == ["received", "triaged", "returned", "rerouted"]
    returned, rerouted = ticket.events[-2:]
    assert (returned.actor_id, returned.internal_text) == (staff.alice.id, None)
    assert returned.data == {"department": LIGHTS, "reason": "ward-level", "proposed": WARD, "returns": 1}
    assert (rerouted.data["from"], rerouted.data["department"], rerouted.data["rule"]) == (LIGHTS, WARD, "den-hem")
    leads = [(a.department_id, a.rule_id, a.ended_at) for a in ticket.assignments if a.kind is AssignmentKind.LEAD]
    assert leads == [(LIGHTS, "den-duong", clock.at), (WARD, "den-hem", None)]
    assert [(d.kind, d.due_at) for d in ticket.deadlines] == due


def test_who_says_not_ours_is_not_asked_to_help_by_the_rule_that_takes_over(
    hotline: Hotline, road: Road, staff: Staff
) -> None:
    tree = road.in_review()
    review.route(hotline, staff.coordinator, step(tree), Choice("trees", WARD, HOA_HUNG))
    make_report(hotline, tree)
    give_back(hotline, member(hotline, WARD), tree, Why("city-level", LIGHTS))
    assert tree.ticket().department_id == LIGHTS
    assert [a.department_id for a in tree.ticket().assignments if a.ended_at is None] == [LIGHTS]


def test_a_unit_that_the_rules_do_not_name_is_a_proposal_that_a_coordinator_accepts_with_one_click(
    road: Road, staff: Staff, log_in: Log
) -> None:
    filed = road.routed()
    page = f"/work/{filed.ticket().id}"
    sent = post_form(
        log_in(staff.alice), page, f"{page}/return", reason_code="wrong-unit", proposed_department=BUSES,
        reason="Đèn của trạm xe buýt.",
    )  # fmt: skip
    assert sent.status_code == 303
    assert (filed.status(), filed.kinds()[-1]) == (Status.RETURNED, "returned")
    coordinator = log_in(staff.coordinator)
    assert "đề nghị Trung tâm Quản lý giao thông công cộng" in words(coordinator.get("/review").get_data(as_text=True))
    page = f"/review/{filed.ticket().id}"
    shown = coordinator.get(page).get_data(as_text=True)
    assert shown.index("Đơn vị trả lại đề nghị") < shown.index("Người dân viết")
    assert post_form(coordinator, page, f"{page}/accept-proposal").status_code == 303
    ticket = filed.ticket()
    assert (ticket.status, ticket.department_id) == (Status.ROUTED, BUSES)
    event = ticket.events[-1]
    assert (event.kind, event.actor_id) == ("reviewed", staff.coordinator.id)
    assert (event.data["proposed_by"], event.data["department"]) == (LIGHTS, BUSES)


def test_a_ward_that_is_proposed_and_accepted_says_which_ward_it_is(hotline: Hotline, road: Road, staff: Staff) -> None:
    filed = road.routed()
    assert filed.ticket().ward_code is None
    give_back(hotline, staff.alice, filed, Why("ward-level", WARD))
    review.accept_proposal(hotline, staff.coordinator, step(filed))
    assert (filed.ticket().department_id, filed.ticket().ward_code) == (WARD, HOA_HUNG)


def test_without_a_proposal_there_is_nothing_to_accept(hotline: Hotline, road: Road, staff: Staff, log_in: Log) -> None:
    for filed in (road.returned(), road.in_review(), road.routed()):
        with pytest.raises(Conflict):
            review.accept_proposal(hotline, staff.coordinator, step(filed))
        page = log_in(staff.coordinator).get(f"/review/{filed.ticket().id}").get_data(as_text=True)
        assert "Đơn vị trả lại đề nghị" not in page


def test_after_two_returns_a_coordinator_decides_whatever_the_rules_name(
    hotline: Hotline, road: Road, staff: Staff
) -> None:
    filed = road.routed(place_text=PLACE)
    give_back(hotline, staff.alice, filed, Why("ward-level", WARD))
    give_back(hotline, member(hotline, WARD), filed, Why("city-level", LIGHTS))
    ticket = filed.ticket()
    assert (ticket.status, ticket.returns, ticket.department_id) == (Status.NEEDS_REVIEW, 2, None)
    assert filed.kinds()[-2:] == ["returned", "needs_human"]
    review.accept_proposal(hotline, staff.coordinator, step(filed))
    assert filed.ticket().department_id == LIGHTS


def test_what_a_machine_must_not_decide_never_goes_straight(hotline: Hotline, road: Road, staff: Staff) -> None:
    """A complaint in the sense of the law, which a coordinator sent to a unit: the rules leave it to a person."""
    filed = road.in_review()
    review.route(hotline, staff.coordinator, step(filed), Choice("street-lighting", LIGHTS, HOA_HUNG))
    give_back(hotline, staff.alice, filed, Why("ward-level", WARD))
    assert (filed.status(), filed.ticket().department_id) == (Status.RETURNED, None)


@pytest.mark.parametrize(
    ("why", "typed", "field", "code"),
    [
        (Why(""), "Không phải.", "reason_code", "required"),
        (Why("dragons"), "Không phải.", "reason_code", "unknown_reason"),
        (Why("other"), " ", "reason", "required"),
        (Why("ward-level"), "ạ" * 5001, "reason", "too_long"),
        (Why("ward-level", LIGHTS), "", "proposed_department", "own_department"),
        (Why("ward-level", "nobody"), "", "proposed_department", "unknown_department"),
        (Why("ward-level", "dieu_phoi_vien"), "", "proposed_department", "closed_department"),
        (Why("ward-level", "x\0y"), "", "proposed_department", "unknown_department"),
    ],
)
def test_a_return_that_cannot_be_taken_is_refused_beside_its_field(
    hotline: Hotline, road: Road, staff: Staff, why: Why, typed: str, field: str, code: str
) -> None:
    filed = road.routed()
    with pytest.raises(Refused) as refused:
        work.send_back(hotline, staff.alice, step(filed, typed), why)
    assert [(p.field, p.code) for p in refused.value.problems] == [(field, code)]
    assert filed.kinds() == ["received", "triaged"]


def test_a_unit_that_is_gone_by_now_is_not_proposed(hotline: Hotline, road: Road, staff: Staff, clock: Clock) -> None:
    filed = road.routed()
    clock.forward(days=-60)  # before the centre of alice's unit was founded
    with pytest.raises(Refused) as refused:
        returning.checked(hotline, staff.bob, Why("wrong-unit", LIGHTS), "")
    assert [p.code for p in refused.value.problems] == ["closed_department"]
    assert LIGHTS not in returning.likely_units(hotline, filed.ticket(), BUSES)


@pytest.mark.parametrize("code", list(return_reasons()))
def test_every_reason_that_is_offered_is_taken(hotline: Hotline, road: Road, staff: Staff, code: str) -> None:
    filed = road.routed()
    typed = "Việc này của người khác." if return_reasons()[code].needs_words else ""
    work.send_back(hotline, staff.alice, step(filed, typed), Why(code))
    assert (filed.status(), filed.ticket().events[-1].data["reason"]) == (Status.RETURNED, code)


def test_a_unit_is_found_by_a_name_typed_without_accents(road: Road, staff: Staff, log_in: Log) -> None:
    filed = road.routed(place_text=PLACE)
    page = f"/work/{filed.ticket().id}"
    fields = {"reason_code": "ward-level", "proposed_department_search": "ubnd phuong hoa hung"}
    assert post_form(log_in(staff.alice), page, f"{page}/return", **fields).status_code == 303
    assert filed.ticket().department_id == WARD


def test_a_name_that_several_units_have_comes_back_as_a_choice_with_what_was_typed(
    road: Road, staff: Staff, log_in: Log
) -> None:
    filed = road.routed()
    page = f"/work/{filed.ticket().id}"
    alice = log_in(staff.alice)
    fields = {"reason_code": "other", "reason": "Xem <lại> giúp.", "proposed_department_search": "hoa hung"}
    refused = post_form(alice, page, f"{page}/return", **fields)
    assert refused.status_code == 422
    shown = refused.get_data(as_text=True)
    for prefix in ("ubnd", "ca", "tthcc"):
        assert f'name="proposed_department" value="{prefix}-{HOA_HUNG}"' in shown
    assert "Xem &lt;lại&gt; giúp." in shown
    assert 'value="hoa hung"' in shown
    assert 'value="other" selected' in shown
    chosen = post_form(alice, page, f"{page}/return", **fields, proposed_department=f"ca-{HOA_HUNG}")
    assert chosen.status_code == 303
    assert filed.ticket().events[-1].data["proposed"] == f"ca-{HOA_HUNG}"


def test_a_name_that_no_unit_has_is_refused_together_with_what_else_is_wrong(
    road: Road, staff: Staff, log_in: Log
) -> None:
    filed = road.routed()
    page = f"/work/{filed.ticket().id}"
    fields = {"reason_code": "", "proposed_department_search": "Sở Rồng\0"}
    refused = post_form(log_in(staff.alice), page, f"{page}/return", **fields)
    assert refused.status_code == 422
    shown = refused.get_data(as_text=True)
    assert 'href="#reason_code"' in shown
    assert 'href="#proposed_department"' in shown


def test_the_likely_units_are_offered_first(hotline: Hotline, road: Road, staff: Staff) -> None:
    filed = road.routed(place_text=PLACE)
    likely = returning.likely_units(hotline, filed.ticket(), LIGHTS)
    assert likely[:3] == [WARD, "hepza", "bql_kcnc"]
    assert likely[3:] == [f"ca-{HOA_HUNG}", f"tthcc-{HOA_HUNG}", "so_xay_dung"]


def test_the_citizen_reads_that_it_went_on_and_not_why(
    hotline: Hotline, road: Road, staff: Staff, client: FlaskClient
) -> None:
    filed = road.routed(place_text=PLACE)
    give_back(hotline, staff.alice, filed, Why("other", WARD), "Trụ này ai cũng chê.")
    tracked = words(client.post("/t", data={"code": filed.code}).get_data(as_text=True))
    assert "Đã chuyển tới đơn vị khác phụ trách" in tracked
    assert "chê" not in tracked


def test_the_page_says_by_which_rule_a_ticket_came_to_where_it_is_now(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log
) -> None:
    filed = road.routed(place_text=PLACE)
    give_back(hotline, staff.alice, filed, Why("ward-level", WARD))
    page = words(log_in(staff.coordinator).get(f"/work/{filed.ticket().id}").get_data(as_text=True))
    assert "Chiếu sáng dân lập và đèn trong hẻm thuộc phường/xã" in page
    assert "Chuyển thẳng tới đơn vị được đề nghị" in page


def test_a_program_that_says_why_in_words_alone_is_understood(
    client: FlaskClient, road: Road, staff: Staff, bearer: Callable[[Account], dict[str, str]]
) -> None:
    filed = road.routed()
    ticket = filed.ticket()
    path = f"/api/v1/tickets/{ticket.id}/return"
    headers = bearer(staff.alice)
    empty = client.post(path, json={"version": ticket.version}, headers=headers)
    assert empty.status_code == 422
    assert [(e["field"], e["code"]) for e in empty.get_json()["errors"]] == [("reason", "required")]
    body = {"version": ticket.version, "reason": "Trụ này của phường."}
    assert client.post(path, json=body, headers=headers).status_code == 204
    assert filed.ticket().events[-1].data["reason"] == "other"


def give_back(hotline: Hotline, account: Account, filed: Filed, why: Why, typed: str = "") -> None:
    work.send_back(hotline, account, step(filed, typed), why)


def make_report(hotline: Hotline, filed: Filed) -> None:
    """Let a ticket that its citizen called a complaint be an ordinary report."""
    with hotline.database.transaction() as session:
        ticket = session.merge(filed.ticket())
        ticket.submission_type = None


def member(hotline: Hotline, department: str) -> Account:
    """Return somebody of a unit."""
    with hotline.database.transaction() as session:
        return accounts.create(session, hotline.now(), accounts.NewAccount("member", "Người", Role.HANDLER, department))
