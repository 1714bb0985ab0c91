"""A ticket that is reopened is promised an answer anew; what was promised before is kept beside it."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app import deadlines, workdays
from app.consistency import violations
from app.hotline import Hotline
from app.notices.sending import keep
from app.problems import Conflict
from app.review import service as review
from app.review.service import Choice
from app.tracking import service as tracking
from app.work import extension
from app.work import service as work
from app.workdays import Decision
from models.notice import Notice
from models.ticket import Deadline, PastDeadline
from models.vocabulary import DeadlineKind, NoticeStage, Status
from tests.app.conftest import BUSES, LIGHTS, Clock, Filed, Road, Staff, step

URGENT = "Đèn đường tắt, trụ đèn nghiêng nguy hiểm gấp"


def test_a_reopened_ticket_has_as_long_as_a_report_of_that_moment(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock
) -> None:
    filed = road.answered()
    first = resolve(filed)
    clock.forward(days=7)
    reopened_at = clock.at
    tracking.reopen(hotline, filed.code, "Tối qua lại tắt.")
    again, fresh = resolve(filed), road.routed()
    assert (again.id, again.met_at, again.since) == (first.id, None, reopened_at)
    assert again.due_at == resolve(fresh).due_at == filed.ticket().resolve_due_at
    assert met(filed)[DeadlineKind.ACK] == reopened_at, "its unit has it already"
    (past,) = [one for one in before(hotline, filed) if one.kind is DeadlineKind.RESOLVE]
    assert (past.due_at, past.met_at, past.ended_at) == (first.due_at, first.met_at, reopened_at)
    sound(hotline)


def test_more_time_that_nobody_had_decided_on_is_not_for_the_new_promise_and_can_be_asked_for_anew(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock
) -> None:
    filed = road.accepted()
    extension.ask(hotline, staff.alice, step(filed, "Chờ vật tư."), 3)
    work.answer(hotline, staff.alice, step(filed, "Đã thay bóng mới."))
    clock.forward(days=1)
    tracking.reopen(hotline, filed.code, "Tối qua lại tắt.")
    work.accept(hotline, staff.alice, step(filed))
    with pytest.raises(Conflict) as refused:
        extension.approve(hotline, staff.supervisor, step(filed))
    assert refused.value.problems[0].code == "extension_none"
    promised = resolve(filed).due_at
    extension.ask(hotline, staff.alice, step(filed, "Chờ trụ mới."), 2)
    extension.approve(hotline, staff.supervisor, step(filed))
    assert resolve(filed).due_at > promised
    assert filed.kinds().count("extension_asked") == 2
    sound(hotline)


def test_it_is_owed_reminded_of_and_met_like_any_other(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock
) -> None:
    filed = road.answered()
    clock.forward(days=1)
    tracking.reopen(hotline, filed.code, "Tối qua lại tắt.")
    clock.at = resolve(filed).due_at + timedelta(minutes=1)
    keep(hotline)
    with hotline.database.reading() as session:
        told = session.scalars(select(Notice).where(Notice.ticket_id == filed.ticket().id, ~Notice.skipped)).all()
        assert [(one.stage, one.term) for one in told] == [(NoticeStage.DUE, 1)]
        assert deadlines.standing(session, [filed.ticket().id], clock.at)[filed.ticket().id].owes_progress
    work.accept(hotline, staff.alice, step(filed))
    work.answer(hotline, staff.alice, step(filed, "Đã thay cả bộ."))
    assert met(filed)[DeadlineKind.RESOLVE] == clock.at
    clock.forward(days=1)
    tracking.reopen(hotline, filed.code, "Vẫn tắt.")
    assert resolve(filed).term == 2
    assert len([one for one in before(hotline, filed) if one.kind is DeadlineKind.RESOLVE]) == 2
    sound(hotline)


def test_a_day_off_decided_later_moves_it_from_its_own_beginning(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock
) -> None:
    filed = road.answered()
    clock.forward(days=7)
    tracking.reopen(hotline, filed.code, "Tối qua lại tắt.")
    due = resolve(filed).due_at
    off = (clock.at + timedelta(days=1)).date()
    with hotline.database.transaction() as session:
        workdays.change(
            session, hotline.calendar(session), clock.at, Decision(off, working=False, reason="Nghỉ bù", author="tests")
        )
    keep(hotline)
    fresh = road.routed()
    assert resolve(filed).due_at == resolve(fresh).due_at > due
    sound(hotline)


def test_a_contested_refusal_owes_the_way_to_a_unit_and_then_that_units_answer(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock
) -> None:
    filed = road.rejected()
    clock.forward(days=2)
    reopened_at = clock.at
    tracking.reopen(hotline, filed.code, "Tôi không đồng ý.")
    owed = {one.kind: one for one in filed.ticket().deadlines}
    assert set(owed) == {DeadlineKind.ACK}
    assert owed[DeadlineKind.ACK].met_at is None
    assert owed[DeadlineKind.ACK].due_at > reopened_at
    clock.forward(minutes=5)
    with hotline.database.transaction() as session:
        session.get_one(type(filed.ticket()), filed.ticket().id).submission_type = None
    review.route(hotline, staff.cleared, step(filed), Choice("street-lighting", LIGHTS))
    first = resolve(filed)
    assert first.due_at > reopened_at + timedelta(days=1)
    assert (first.since, first.runs_from) == (reopened_at, reopened_at), "not the filing: there was no promise before"
    assert filed.status() is Status.ROUTED
    off = (clock.at + timedelta(days=1)).date()
    with hotline.database.transaction() as session:
        workdays.change(
            session, hotline.calendar(session), clock.at, Decision(off, working=False, reason="Nghỉ bù", author="tests")
        )
    keep(hotline)
    assert resolve(filed).due_at > first.due_at, "a day off gives a day more"
    sound(hotline)


def test_an_urgent_one_owes_a_first_action_again(hotline: Hotline, road: Road, staff: Staff, clock: Clock) -> None:
    filed = road.routed(URGENT)
    work.accept(hotline, staff.alice, step(filed))
    work.answer(hotline, staff.alice, step(filed, "Đã dựng lại trụ."))
    clock.forward(days=1)
    tracking.reopen(hotline, filed.code, "Trụ lại nghiêng.")
    assert met(filed)[DeadlineKind.FIRST_ACTION] is None
    clock.forward(hours=1)
    work.accept(hotline, staff.alice, step(filed))
    assert met(filed)[DeadlineKind.FIRST_ACTION] == clock.at


def test_the_lead_is_promised_anew_when_another_who_reported_the_same_says_that_it_is_not_done(
    client: FlaskClient, hotline: Hotline, road: Road, staff: Staff, clock: Clock, file: Callable[..., Filed]
) -> None:
    lead = road.routed()
    follower = file(incident=str(lead.ticket().incident_id))
    road.triage()
    work.accept(hotline, staff.alice, step(lead))
    work.answer(hotline, staff.alice, step(lead, "Đã thay bóng mới."))
    clock.forward(days=2)
    tracking.reopen(hotline, follower.code, "Chỗ tôi vẫn tối.")
    assert resolve(lead).met_at is None
    assert resolve(lead).since == clock.at
    tracked = client.post("/api/v1/track", json={"code": follower.code}).get_json()
    assert datetime.fromisoformat(tracked["due_at"]) == resolve(lead).due_at
    assert BUSES not in str(tracked)
    sound(hotline)


def resolve(filed: Filed) -> Deadline:
    (found,) = [one for one in filed.ticket().deadlines if one.kind is DeadlineKind.RESOLVE]
    return found


def met(filed: Filed) -> dict[DeadlineKind, datetime | None]:
    return {one.kind: one.met_at for one in filed.ticket().deadlines}


def before(hotline: Hotline, filed: Filed) -> list[PastDeadline]:
    with hotline.database.reading() as session:
        past = select(PastDeadline).where(PastDeadline.ticket_id == filed.ticket().id).order_by(PastDeadline.id)
        return list(session.scalars(past))


def sound(hotline: Hotline) -> None:
    with hotline.database.reading() as session:
        assert violations(session) == []
