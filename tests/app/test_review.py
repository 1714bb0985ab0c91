"""What a coordinator decides, and what is kept of it for the citizen and for the next model."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.hotline import Hotline
from app.review import service as review
from app.review.service import Choice
from app.triage import outbox
from app.work import service as work
from models.account import Account
from models.outbox import OutboxEntry
from models.ticket import TicketEvent
from models.vocabulary import AssignmentKind, DeadlineKind, Status, Urgency
from tests.app.conftest import BUSES, LIGHTS, LIGHTS_OUT, Filed, Road, Staff, step
from tests.pages import fields_in_error, post_form, words

Log = Callable[[Account], FlaskClient]
#: The small model is sure of its topic, and nobody knows where.
NOISE = "Quán karaoke hát loa kẹo kéo ồn ào tới khuya, tiếng ồn không ngủ được"
HOA_HUNG = "27163"


def test_a_route_keeps_what_the_machine_said_and_what_the_person_chose(road: Road, staff: Staff, log_in: Log) -> None:
    """Overrides are training data: topic of the machine, topic of the person, and why."""
    filed = road.routed(NOISE)
    thought = filed.ticket().events[-1].data
    answer = routed_by(
        log_in(staff.coordinator), filed, "public-order-crime", f"ca-{HOA_HUNG}", HOA_HUNG, "Có đánh nhau."
    )
    assert answer.status_code == 303
    ticket = filed.ticket()
    event = ticket.events[-1]
    assert (event.kind, event.actor_id, event.internal_text) == ("reviewed", staff.coordinator.id, "Có đánh nhau.")
    assert event.data == {
        "model_version": thought["model_version"],
        "machine_topic": "noise",
        "topic": "public-order-crime",
        "accepted": False,
        "department": f"ca-{HOA_HUNG}",
        "ward": HOA_HUNG,
    }
    assert (ticket.status, ticket.topic_slug, ticket.ward_code) == (Status.ROUTED, "public-order-crime", HOA_HUNG)
    assert [(a.department_id, a.kind, a.rule_id) for a in ticket.assignments] == [
        (f"ca-{HOA_HUNG}", AssignmentKind.LEAD, "coordinator")
    ]
    assert {d.kind for d in ticket.deadlines} == {DeadlineKind.ACK, DeadlineKind.RESOLVE}


def test_agreeing_with_the_machine_is_kept_as_that(road: Road, staff: Staff, log_in: Log) -> None:
    filed = road.routed(NOISE)
    routed_by(log_in(staff.coordinator), filed, "noise", f"ubnd-{HOA_HUNG}", HOA_HUNG)
    event = filed.ticket().events[-1]
    assert (event.data["accepted"], event.internal_text) == (True, None)


def test_a_choice_of_what_does_not_exist_is_refused_field_by_field(road: Road, staff: Staff, log_in: Log) -> None:
    filed = road.in_review()
    answer = routed_by(log_in(staff.coordinator), filed, "dragons", "nobody", "0", "Vì tôi thấy vậy.")
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    for field in ("topic_slug", "department_id", "ward_code"):
        assert f'href="#{field}"' in page
    assert "Vì tôi thấy vậy." in page
    assert filed.kinds() == ["received", "triaged"]


def test_a_refusal_and_a_referral_tell_the_citizen_why_word_for_word(
    client: FlaskClient, road: Road, staff: Staff, log_in: Log
) -> None:
    for action, status in (("reject", Status.REJECTED), ("refer", Status.REFERRED)):
        filed = road.in_review()
        page = f"/review/{filed.ticket().id}"
        sent = post_form(
            log_in(staff.coordinator), page, f"{page}/{action}", public_text="Đơn này nộp ở tòa.", reason_code="other"
        )
        assert sent.status_code == 303
        assert (filed.status(), filed.ticket().department_id) == (status, None)
        assert "Đơn này nộp ở tòa." in words(client.post("/t", data={"code": filed.code}).get_data(as_text=True))


def test_nothing_is_refused_referred_or_sealed_without_a_reason(road: Road, staff: Staff, log_in: Log) -> None:
    filed = road.in_review()
    page = f"/review/{filed.ticket().id}"
    coordinator = log_in(staff.coordinator)
    for action, field in (("reject", "public_text"), ("refer", "public_text"), ("seal", "reason")):
        assert post_form(coordinator, page, f"{page}/{action}", **{field: "  "}).status_code == 422
    assert filed.kinds() == ["received", "triaged"]


def test_what_was_refused_comes_back_in_its_own_form_and_the_errors_lead_there(
    road: Road, staff: Staff, log_in: Log
) -> None:
    filed = road.in_review()
    page, coordinator = f"/review/{filed.ticket().id}", log_in(staff.coordinator)
    typed = "Việc này không rõ. " * 300
    for action, field, more in (
        ("reject", "public_text", {"reason_code": "other"}),
        ("refer", "public_text", {}),
        ("seal", "reason", {}),
        ("route", "reason", {"topic_slug": "noise", "department_id": "nobody"}),
    ):
        shown = post_form(coordinator, page, f"{page}/{action}", **{field: typed, **more}).get_data(as_text=True)
        found = fields_in_error(shown)
        assert field in found or action == "route"
        assert set(found.values()) == {f"{page}/{action}"}
        assert shown.count(typed) == 1, action


def test_thanks_for_nobody_are_refused_beside_their_own_field(road: Road, staff: Staff, log_in: Log) -> None:
    filed = road.routed(submission_type="khen-ngoi")
    page, action = f"/review/{filed.ticket().id}", f"/praise/{filed.ticket().id}"
    shown = post_form(log_in(staff.coordinator), page, action, department_id="nobody").get_data(as_text=True)
    assert fields_in_error(shown) == {"department_id": action}


def test_the_queue_says_why_each_ticket_needs_a_person(hotline: Hotline, road: Road, staff: Staff, log_in: Log) -> None:
    coordinator = log_in(staff.coordinator)
    waiting: list[tuple[Callable[[], Filed], str]] = [
        (road.in_review, "Có thể là khiếu nại"),
        (lambda: road.routed(NOISE), "Chưa rõ phường, xã nào"),
        (road.returned, "Đơn vị trả lại"),
    ]
    for make, why in waiting:
        assert why not in words(coordinator.get("/review").get_data(as_text=True))
        make()
        assert why in words(coordinator.get("/review").get_data(as_text=True))
    twice = road.returned()
    review.route(hotline, staff.coordinator, step(twice), Choice("street-lighting", BUSES))
    work.send_back(hotline, staff.bob, step(twice, "Không phải xe buýt."))
    assert "Bị trả lại 2 lần" in words(coordinator.get("/review").get_data(as_text=True))


def test_a_ticket_that_a_unit_has_is_not_the_coordinators_to_move(
    hotline: Hotline, road: Road, staff: Staff, client: FlaskClient, log_in: Log
) -> None:
    contested = road.answered()
    client.post("/t/mo-lai", data={"code": contested.code, "message": "Tối qua lại tắt."})
    for filed in (road.routed(), road.accepted(), road.answered(), contested):
        before = filed.kinds()
        answer = routed_by(log_in(staff.coordinator), filed, "noise", BUSES, "", "Thử chuyển đi nơi khác.")
        assert answer.status_code == 409
        assert "Thử chuyển đi nơi khác." in words(answer.get_data(as_text=True))
        assert (filed.kinds(), filed.ticket().department_id) == (before, LIGHTS)


def test_a_contested_refusal_can_be_routed(hotline: Hotline, road: Road, staff: Staff, client: FlaskClient) -> None:
    filed = road.rejected()
    client.post("/t/mo-lai", data={"code": filed.code, "message": "Xin xem lại."})
    review.route(hotline, staff.cleared, step(filed), Choice("street-lighting", LIGHTS))
    assert (filed.status(), filed.ticket().department_id) == (Status.ROUTED, LIGHTS)


def test_a_job_that_failed_too_often_is_shown_and_its_ticket_awaits_a_person(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log
) -> None:
    filed = road.file()
    coordinator = log_in(staff.coordinator)
    assert "Công việc nền bị kẹt" not in words(coordinator.get("/review").get_data(as_text=True))
    with hotline.database.transaction() as session:
        entry = session.scalars(select(OutboxEntry)).one()
        entry.attempts, entry.due_at = 5, hotline.now()
        session.flush()
        assert outbox.give_up(session, hotline.now(), lease=30, max_attempts=5) == 1
    page = words(coordinator.get("/review").get_data(as_text=True))
    assert "Công việc nền bị kẹt" in page
    assert "Công việc triage đã thử 5 lần không xong" in page
    assert (filed.status(), filed.kinds()) == (Status.NEEDS_REVIEW, ["received", "needs_human"])
    assert str(filed.ticket().id) in coordinator.get("/review").get_data(as_text=True)


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("Cháy nhà, có người mắc kẹt trên lầu ba", {}, Urgency.EMERGENCY),
        (LIGHTS_OUT, {"submission_type": "khan-cap"}, Urgency.EMERGENCY),
        (LIGHTS_OUT, {}, Urgency.NORMAL),
    ],
)
def test_danger_is_never_normal_even_where_its_job_failed_too_often(
    hotline: Hotline, file: Callable[..., Filed], text: str, kind: dict[str, str], expected: Urgency
) -> None:
    filed = file(text, **kind)
    with hotline.database.transaction() as session:
        session.scalars(select(OutboxEntry)).one().attempts = 5
        session.flush()
        assert outbox.give_up(session, hotline.now(), lease=30, max_attempts=5) == 1
    assert (filed.status(), filed.ticket().urgency) == (Status.NEEDS_REVIEW, expected)


def test_a_decision_is_kept_with_its_reason_even_if_the_ticket_moves_on(
    hotline: Hotline, road: Road, staff: Staff
) -> None:
    filed = road.routed(NOISE)
    review.route(hotline, staff.coordinator, step(filed), Choice("noise", LIGHTS, HOA_HUNG, "Đèn nhấp nháy."))
    work.send_back(hotline, staff.alice, step(filed, "Không phải đèn."))
    review.route(hotline, staff.coordinator, step(filed), Choice("noise", f"ubnd-{HOA_HUNG}", HOA_HUNG))
    with hotline.database.reading() as session:
        kept = session.scalars(select(TicketEvent).where(TicketEvent.kind == "reviewed").order_by(TicketEvent.id)).all()
    assert [(e.data["department"], e.internal_text) for e in kept] == [
        (LIGHTS, "Đèn nhấp nháy."),
        (f"ubnd-{HOA_HUNG}", None),
    ]


def routed_by(browser: FlaskClient, filed: Filed, topic: str, department: str, ward: str, reason: str = "") -> Any:
    """Send the form of the review page, as it stands on the page that is shown now."""
    page = f"/review/{filed.ticket().id}"
    fields = {"topic_slug": topic, "department_id": department, "ward_code": ward, "reason": reason}
    return post_form(browser, page, f"{page}/route", version=str(filed.ticket().version), **fields)
