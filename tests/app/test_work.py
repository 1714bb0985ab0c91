"""What a department does with a ticket, and what that does to the citizen's clock."""

from collections.abc import Callable
from datetime import datetime

import pytest
from flask.testing import FlaskClient

from app.coordination import service as coordination
from app.hotline import Hotline
from app.problems import Conflict, NotFound, Refused
from app.review import service as review
from app.review.service import Choice
from app.work import extension
from app.work import service as work
from app.work.service import Step
from models.account import Account
from models.ticket import Ticket
from models.vocabulary import DeadlineKind, Status
from tests.app.conftest import BUSES, LIGHTS, Clock, Filed, Road, Staff, step
from tests.pages import fields_in_error, post_form, words

Log = Callable[[Account], FlaskClient]
#: Urgent, so that a first action is owed too.
URGENT = "Đèn đường tắt, trụ đèn nghiêng nguy hiểm gấp"


def test_accepting_shows_the_citizen_that_the_unit_is_on_it(
    client: FlaskClient, road: Road, staff: Staff, log_in: Log
) -> None:
    filed = road.routed()
    page = f"/work/{filed.ticket().id}"
    assert post_form(log_in(staff.alice), page, f"{page}/accept").status_code == 303
    event = filed.ticket().events[-1]
    assert (event.kind, event.actor_id, event.to_status) == ("accepted", staff.alice.id, Status.IN_PROGRESS)
    tracked = words(client.post("/t", data={"code": filed.code}).get_data(as_text=True))
    assert "Đơn vị đã nhận và bắt đầu xử lý" in tracked
    assert "Alice" not in tracked


def test_a_reply_and_a_question_reach_the_citizen_word_for_word(client: FlaskClient, road: Road) -> None:
    reply = "Đã thay bóng ở trụ 4 & 5.\nTối nay <sáng> lại."
    for filed in (road.answered(reply), road.asked(reply)):
        assert filed.ticket().events[-1].public_text == reply
        shown = client.post("/t", data={"code": filed.code}).get_data(as_text=True)
        assert "Đã thay bóng ở trụ 4 &amp; 5.\nTối nay &lt;sáng&gt; lại." in shown


def test_a_ticket_given_back_once_awaits_a_coordinator_and_twice_has_had_its_say(
    hotline: Hotline, road: Road, staff: Staff
) -> None:
    filed = road.returned("Trụ này của phường.")
    ticket = filed.ticket()
    assert (ticket.status, ticket.returns, ticket.department_id) == (Status.RETURNED, 1, None)
    assert ticket.events[-1].internal_text == "Trụ này của phường."
    review.route(hotline, staff.coordinator, step(filed), Choice("street-lighting", BUSES))
    work.send_back(hotline, staff.bob, step(filed, "Không phải xe buýt."))
    ticket = filed.ticket()
    assert (ticket.status, ticket.returns, ticket.department_id) == (Status.NEEDS_REVIEW, 2, None)
    assert filed.kinds()[-2:] == ["returned", "needs_human"]
    assert [a.department_id for a in ticket.assignments] == [LIGHTS, BUSES]
    assert all(a.ended_at for a in ticket.assignments)


def test_the_clock_runs_for_the_citizen_whoever_holds_the_ticket(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock
) -> None:
    """SLA clock keeps running: deadlines are those of the day of filing, through two units and a question."""
    filed = road.routed(URGENT)
    promised = deadlines(filed)
    due = filed.ticket().resolve_due_at
    assert len(promised) == 3
    clock.forward(days=1)
    work.send_back(hotline, staff.alice, step(filed, "Không phải của chúng tôi."))
    clock.forward(days=1)
    review.route(hotline, staff.coordinator, step(filed), Choice("public-transport", BUSES))
    work.accept(hotline, staff.bob, step(filed))
    clock.forward(days=1)
    work.ask(hotline, staff.bob, step(filed, "Ở trạm nào vậy bạn?"))
    assert deadlines(filed) == promised
    assert filed.ticket().resolve_due_at == due


def test_a_deadline_is_met_by_the_deed_it_asks_for_and_by_the_first_alone(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock
) -> None:
    filed = road.routed(URGENT)
    routed_at = clock.at
    assert met(filed) == {DeadlineKind.ACK: routed_at, DeadlineKind.FIRST_ACTION: None, DeadlineKind.RESOLVE: None}
    clock.forward(hours=1)
    accepted_at = clock.at
    work.accept(hotline, staff.alice, step(filed))
    assert met(filed)[DeadlineKind.FIRST_ACTION] == accepted_at
    clock.forward(hours=1)
    work.ask(hotline, staff.alice, step(filed, "Trụ số mấy vậy bạn?"))
    assert met(filed)[DeadlineKind.FIRST_ACTION] == accepted_at
    assert met(filed)[DeadlineKind.RESOLVE] is None


def test_an_answer_meets_what_was_promised(road: Road, clock: Clock) -> None:
    filed = road.answered()
    assert met(filed)[DeadlineKind.RESOLVE] == clock.at == filed.ticket().answered_at


def test_a_step_that_the_state_does_not_allow_is_refused_with_the_state(road: Road, staff: Staff, log_in: Log) -> None:
    filed = road.routed()
    page = f"/work/{filed.ticket().id}"
    alice = log_in(staff.alice)
    for action in ("answer", "ask"):
        refused = post_form(alice, page, f"{page}/{action}", public_text="Đã thay bóng mới.")
        assert refused.status_code == 409
        shown = words(refused.get_data(as_text=True))
        assert "“Mới chuyển”" in shown
        assert "Đã thay bóng mới." in shown
    assert filed.kinds() == ["received", "triaged"]


def test_a_step_without_words_or_with_far_too_many_is_refused_beside_its_field(
    road: Road, staff: Staff, log_in: Log
) -> None:
    filed = road.accepted()
    page = f"/work/{filed.ticket().id}"
    alice = log_in(staff.alice)
    fields = {"answer": "public_text", "ask": "public_text", "return": "reason"}
    for action, field in fields.items():
        for typed in ("", " \t\r\n ", "ạ" * 5001):
            refused = post_form(alice, page, f"{page}/{action}", reason_code="other", **{field: typed})
            assert refused.status_code == 422, (action, typed[:5])
            assert f'href="#{field}"' in refused.get_data(as_text=True)
    assert filed.kinds() == ["received", "triaged", "accepted"]
    assert post_form(alice, page, f"{page}/answer", public_text="ạ" * 5000).status_code == 303


def test_what_was_refused_comes_back_in_its_own_form_and_the_errors_lead_there(
    road: Road, staff: Staff, log_in: Log
) -> None:
    filed = road.accepted()
    alice, coordinator, page = log_in(staff.alice), log_in(staff.coordinator), f"/work/{filed.ticket().id}"
    extension.ask(road.hotline, staff.alice, step(filed, "Chờ vật tư."), 3)
    coordination.ask_unit(road.hotline, staff.alice, step(filed, "Nhờ xem."), BUSES)
    typed = "Đã thay bóng mới. " * 300
    for browser, action, field, more in (
        (alice, "answer", "public_text", {}),
        (alice, "ask", "public_text", {}),
        (alice, "return", "reason", {"reason_code": "other"}),
        (alice, "involve", "request", {"department": LIGHTS}),
        (log_in(staff.bob), "return-part", "reason", {"reason_code": "other"}),
        (log_in(staff.supervisor), "refuse-extension", "reason", {}),
        (coordinator, "release-part", "reason", {"department": BUSES}),
        (coordinator, "involve", "request", {"department": BUSES}),
    ):
        shown = post_form(browser, page, f"{page}/{action}", **{field: typed, **more}).get_data(as_text=True)
        found = fields_in_error(shown)
        assert field in found
        assert set(found.values()) == {f"{page}/{action}"}
        assert shown.count(typed) == 1, action


@pytest.mark.parametrize("person", ["bob", "coordinator", "auditor", "admin", "call_taker"])
def test_only_the_unit_in_charge_can_act(hotline: Hotline, road: Road, staff: Staff, person: str) -> None:
    filed = road.routed()
    account = staff.accounts[person]
    assert work.actions(account, filed.ticket()) == set()
    for act in (work.accept, work.answer, work.ask, work.send_back):
        assert outcome(act, hotline, account, step(filed, "Chúng tôi đã làm xong.")) is NotFound
    assert filed.kinds() == ["received", "triaged"]


def test_the_page_offers_exactly_what_can_be_done(hotline: Hotline, road: Road, staff: Staff) -> None:
    """Each step that is offered succeeds, each that is not is refused, in every state of the unit's queue."""
    steps = {"accept": work.accept, "answer": work.answer, "ask": work.ask, "return": work.send_back}
    for make in (road.routed, road.accepted, road.asked, road.answered):
        for name, act in steps.items():
            filed = make()
            offered = name in work.actions(staff.alice, filed.ticket())
            done = outcome(act, hotline, staff.alice, step(filed, "Chúng tôi đã xem."))
            assert done is (None if offered else Conflict), (filed.status(), name)


def deadlines(filed: Filed) -> list[tuple[DeadlineKind, datetime, str]]:
    return [(d.kind, d.due_at, d.calendar_version) for d in filed.ticket().deadlines]


def met(filed: Filed) -> dict[DeadlineKind, datetime | None]:
    return {d.kind: d.met_at for d in filed.ticket().deadlines}


def outcome(
    act: Callable[[Hotline, Account, Step], Ticket], hotline: Hotline, account: Account, what: Step
) -> type[Exception] | None:
    """Return what kind of refusal a step met, or None when it was done."""
    try:
        act(hotline, account, what)
    except (Refused, NotFound) as refusal:
        return type(refusal)
    return None
