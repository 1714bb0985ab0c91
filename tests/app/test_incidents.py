"""One incident, many reports: joining, merging, following, linking and splitting."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.consistency import violations
from app.coordination import service as coordination
from app.hotline import Hotline
from app.letters import service as letters
from app.praise import service as praise
from app.problems import Conflict, NotFound, Refused
from app.review import service as review
from app.tracking import service as tracking
from app.triage import outbox
from app.work import service as work
from models.account import Account
from models.incident import Incident, Proposal
from models.ticket import Ticket
from models.vocabulary import DeadlineKind, Status
from tests.app.conftest import BUSES, LIGHTS, LIGHTS_OUT, Clock, Filed, Road, Staff, step
from tests.app.test_status_machine import at_once
from tests.pages import hidden, words

Log = Callable[[Account], FlaskClient]
#: A place that is sure, whose ward has its lights; and one that only a pin tells, so that alice's unit has them.
PLACED: dict[str, Any] = {"place_text": "hẻm 285 Cách Mạng Tháng Tám, phường 12, quận 10"}
SAME: dict[str, Any] = {"latitude": 10.7700, "longitude": 106.6800}
BRIBE = "Tố cáo cán bộ địa chính ăn hối lộ năm triệu đồng, có ghi âm làm chứng"
AGAIN = "Đèn đường tắt cả tuần, trụ đèn nghiêng, đầu hẻm tối thui"


@pytest.fixture(autouse=True)
def sound(hotline: Hotline) -> object:
    """After every test the laws hold."""
    yield
    with hotline.database.reading() as session:
        assert violations(session) == []


def test_an_understood_report_opens_an_incident_and_a_like_one_is_only_proposed(hotline: Hotline, road: Road) -> None:
    first = road.routed(**PLACED)
    second = road.routed(AGAIN, place_text="285 cach mang thang tam p12 q10")
    incident = incident_of(hotline, first)
    assert (incident.reports, incident.topic_slug, incident.ward_code) == (1, "street-lighting", "27163")
    assert (second.status(), second.ticket().incident_id != incident.id) == (Status.ROUTED, True)
    with hotline.database.reading() as session:
        found = session.execute(select(Proposal.ticket_id, Proposal.incident_id)).all()
    assert [tuple(row) for row in found] == [(second.ticket().id, incident.id)]


@pytest.mark.parametrize(
    ("text", "fields", "days"),
    [
        (AGAIN, {"place_text": "đường Lê Lợi, phường Bến Thành"}, 0),
        (AGAIN, SAME, 15),
        ("Xe buýt bỏ trạm, tài xế xe buýt không dừng đón khách, tuyến xe buýt trễ giờ", SAME, 0),
        (AGAIN, SAME | {"submission_type": "to-cao"}, 0),
    ],
    ids=["elsewhere", "too late", "something else", "a denunciation"],
)
def test_what_is_not_alike_is_not_proposed(
    hotline: Hotline, road: Road, clock: Clock, text: str, fields: dict[str, object], days: int
) -> None:
    road.routed(**SAME)
    clock.forward(days=days)
    road.routed(text, **fields)
    assert counted(hotline, Proposal) == 0


def test_pins_of_neighbouring_cells_are_near_without_any_street(hotline: Hotline, road: Road) -> None:
    road.routed(latitude=10.7700, longitude=106.6800)
    road.routed(AGAIN, latitude=10.7715, longitude=106.6810)
    assert counted(hotline, Proposal) == 1
    road.routed(AGAIN, latitude=10.8000, longitude=106.7200)
    assert counted(hotline, Proposal) == 1


def test_who_says_the_same_thing_is_merged_and_keeps_a_code(hotline: Hotline, road: Road) -> None:
    first = road.routed(**SAME)
    joined = joining(road, first)
    assert joined.status() is Status.RECEIVED
    road.triage()
    assert joined.kinds() == ["received", "triaged", "merged"]
    assert first.kinds() == ["received", "triaged", "joined"]
    assert incident_of(hotline, first).reports == 2
    assert incident_of(hotline, joined).id == incident_of(hotline, first).id
    assert joined.ticket().department_id is None


def test_a_join_while_the_incident_closes_goes_its_own_way(hotline: Hotline, road: Road, staff: Staff) -> None:
    first = road.accepted()
    joined = joining(road, first)
    work.answer(hotline, staff.alice, step(first, "Đã thay bóng."))
    road.triage()
    assert joined.status() is Status.ROUTED
    assert incident_of(hotline, first).reports == 1
    assert incident_of(hotline, joined).reports == 1


def test_a_join_and_an_answer_at_the_same_instant_leave_a_sound_incident(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log
) -> None:
    first = road.accepted()
    joined = joining(road, first)
    page = f"/work/{first.ticket().id}"
    alice = log_in(staff.alice)
    fields = {name: hidden(alice.get(page).get_data(as_text=True), name) for name in ("csrf_token", "version")}
    answers = at_once(
        hotline,
        first.ticket().id,
        lambda: alice.post(f"{page}/answer", data=fields | {"public_text": "Đã thay."}),
        road.triage,  # type: ignore[arg-type]
    )
    assert answers[0].status_code == 303
    assert first.status() is Status.ANSWERED
    assert incident_of(hotline, first).reports == {Status.MERGED: 2, Status.ROUTED: 1}[joined.status()]


def test_without_a_model_a_person_decides_about_a_join_and_sees_what_the_filer_said(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock, log_in: Log
) -> None:
    first = road.routed(**SAME)
    joined = joining(road, first)
    with hotline.database.transaction() as session:
        for entry in outbox.claim(session, clock(), lease=0, limit=9, max_attempts=5):
            entry.attempts = 9
        session.flush()
        outbox.give_up(session, clock(), lease=0, max_attempts=5)
    assert joined.status() is Status.NEEDS_REVIEW
    page = log_in(staff.coordinator).get(f"/review/{joined.ticket().id}").get_data(as_text=True)
    assert "Có thể cùng một việc" in words(page)
    assert str(first.ticket().id) in page


def test_what_the_model_takes_for_a_denunciation_joins_nothing(hotline: Hotline, road: Road) -> None:
    first = road.routed(**SAME)
    sealed = joining(road, first, BRIBE)
    road.triage()
    assert (sealed.status(), sealed.ticket().incident_id, sealed.ticket().joins_id) == (Status.SEALED, None, None)
    assert incident_of(hotline, first).reports == 1


def test_a_follower_sees_the_lead_and_each_reply_once_but_no_word_of_its_citizen(
    hotline: Hotline, road: Road, staff: Staff
) -> None:
    first, joined = incident_in_work(road, staff)
    seen = tracking.track(hotline, joined.code)
    assert (seen.status, seen.follows, seen.reports) == (Status.MERGED, Status.IN_PROGRESS, 2)
    assert seen.department is not None
    assert seen.department.id == LIGHTS
    assert seen.due_at == first.ticket().resolve_due_at
    assert seen.text == AGAIN
    work.ask(hotline, staff.alice, step(first, "Nhà chị Lan số mấy?"))
    assert tracking.track(hotline, joined.code).question is None
    tracking.add_information(hotline, first.code, "Số 12, chị tên Lan.")
    work.answer(hotline, staff.alice, step(first, "Đã thay bóng mới."))
    tracking.reopen(hotline, first.code, "Nhà tôi vẫn tối.")
    work.accept(hotline, staff.alice, step(first))
    work.answer(hotline, staff.alice, step(first, "Đã thay cả bộ."))
    told = [moment.public_text for moment in tracking.track(hotline, joined.code).timeline if moment.public_text]
    assert told == ["Đã thay bóng mới.", "Đã thay cả bộ."]
    assert {moment.kind for moment in tracking.track(hotline, joined.code).timeline} >= {"merged", "reopened_together"}


def test_the_tracking_page_of_a_follower_says_who_else_and_how_it_stands(
    client: FlaskClient, road: Road, staff: Staff
) -> None:
    _, joined = incident_in_work(road, staff)
    page = words(client.post("/t", data={"code": joined.code}).get_data(as_text=True))
    assert "2 người cùng báo việc này" in page
    assert "Đơn vị đang xử lý" in page
    assert "Đang ở" in page


def test_an_answer_keeps_what_was_promised_to_everybody(hotline: Hotline, road: Road, staff: Staff) -> None:
    first = road.routed(**SAME)
    other = road.routed(AGAIN, **SAME)
    link(hotline, staff, other, first)
    work.accept(hotline, staff.alice, step(first))
    work.answer(hotline, staff.alice, step(first, "Xong."))
    met = {deadline.kind: deadline.met_at for deadline in other.ticket().deadlines}
    assert met[DeadlineKind.RESOLVE] == hotline.now()


def test_not_done_of_any_reporter_reopens_the_lead(hotline: Hotline, road: Road, staff: Staff) -> None:
    first, joined = incident_in_work(road, staff, answered=True)
    tracking.rate(hotline, first.code, 5, "Sáng rồi.")
    assert first.status() is Status.CLOSED
    assert tracking.track(hotline, joined.code).can_reopen
    seen = tracking.reopen(hotline, joined.code, "Chỗ tôi còn tối, tôi tên Hoa.")
    assert (seen.status, seen.follows) == (Status.MERGED, Status.REOPENED)
    assert first.status() is Status.REOPENED
    assert note_on(hotline, staff.alice, first) == ("reopened_together", "Chỗ tôi còn tối, tôi tên Hoa.")
    assert "Hoa" not in repr(tracking.track(hotline, first.code))
    with pytest.raises(Conflict):
        tracking.reopen(hotline, joined.code, "Vẫn tối.")


def test_thirty_days_after_the_answer_nobody_reopens(hotline: Hotline, road: Road, staff: Staff, clock: Clock) -> None:
    _, joined = incident_in_work(road, staff, answered=True)
    clock.forward(days=30)
    assert tracking.track(hotline, joined.code).can_reopen
    clock.forward(seconds=1)
    assert not tracking.track(hotline, joined.code).can_reopen
    with pytest.raises(Conflict):
        tracking.reopen(hotline, joined.code, "Vẫn tối.")


def test_each_reporter_rates_each_answer_once(hotline: Hotline, road: Road, staff: Staff, clock: Clock) -> None:
    first, joined = incident_in_work(road, staff, answered=True)
    tracking.rate(hotline, joined.code, 4, "Được.")
    assert (joined.status(), first.status()) == (Status.MERGED, Status.ANSWERED)
    with pytest.raises(Conflict):
        tracking.rate(hotline, joined.code, 1, "")
    tracking.rate(hotline, first.code, 2, "")
    assert [filed.ticket().feedback.rating for filed in (first, joined)] == [2, 4]  # type: ignore[union-attr]


def test_a_new_answer_may_be_rated_anew(hotline: Hotline, road: Road, staff: Staff, clock: Clock) -> None:
    first = road.routed(**SAME)
    rater, doubter = joining(road, first), joining(road, first, "Đèn đường chập chờn, trụ đèn nghiêng, hẻm tối")
    road.triage()
    work.accept(hotline, staff.alice, step(first))
    work.answer(hotline, staff.alice, step(first, "Đã thay."))
    tracking.rate(hotline, rater.code, 5, "")
    tracking.rate(hotline, first.code, 5, "")
    clock.forward(hours=1)
    tracking.reopen(hotline, doubter.code, "Vẫn tối.")
    work.accept(hotline, staff.alice, step(first))
    work.answer(hotline, staff.alice, step(first, "Đã thay cả bộ."))
    tracking.rate(hotline, rater.code, 3, "")
    tracking.rate(hotline, first.code, 4, "")
    assert [filed.ticket().feedback.rating for filed in (first, rater)] == [4, 3]  # type: ignore[union-attr]
    assert first.status() is Status.CLOSED


def test_a_coordinator_links_with_one_click_what_the_machine_proposed(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log
) -> None:
    first = road.routed(**SAME)
    second = road.routed(AGAIN, **SAME)
    browser = log_in(staff.coordinator)
    page = f"/review/{second.ticket().id}"
    shown = browser.get(page).get_data(as_text=True)
    assert "Có thể cùng một việc" in words(shown)
    fields = {name: hidden(shown, name) for name in ("csrf_token", "version", "other")}
    assert browser.post(f"{page}/link", data=fields).status_code == 303
    assert second.kinds()[-1] == "merged"
    assert first.kinds()[-1] == "joined"
    assert second.ticket().events[-1].actor_id == staff.coordinator.id
    assert [a.ended_at is not None for a in second.ticket().assignments] == [True]
    assert "2 phản ánh về việc này" in words(browser.get(page).get_data(as_text=True))
    assert counted(hotline, Proposal) == 0


def test_a_handler_sees_the_proposal_and_all_reports_of_their_incident_and_no_others(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log
) -> None:
    first = road.routed(**SAME)
    second = road.routed(AGAIN, **SAME)
    alice, bob = log_in(staff.alice), log_in(staff.bob)
    shown = words(alice.get(f"/work/{second.ticket().id}").get_data(as_text=True))
    assert "Có thể cùng một việc" in shown
    assert "Nếu đúng, bạn báo điều phối viên gộp." in shown
    link(hotline, staff, second, first)
    queue = words(alice.get("/work").get_data(as_text=True))
    assert "1 việc, 2 phản ánh" in queue
    assert queue.count("2 phản ánh") == 2
    assert AGAIN not in queue
    assert AGAIN in words(alice.get(f"/work/{first.ticket().id}").get_data(as_text=True))
    assert alice.get(f"/work/{second.ticket().id}").status_code == 200
    assert bob.get(f"/work/{second.ticket().id}").status_code == 404


def test_who_helps_reads_no_words_of_others_who_reported_the_same(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log
) -> None:
    first, second = incident_in_work(road, staff)
    coordination.ask_unit(hotline, staff.alice, step(first, "Trụ đèn ở trạm xe buýt."), BUSES)
    page, link_ = f"/work/{first.ticket().id}", f"/work/{second.ticket().id}"
    helper, lead = (log_in(one).get(page).get_data(as_text=True) for one in (staff.bob, staff.alice))
    assert (AGAIN in helper, link_ in helper) == (False, False)
    assert (AGAIN in lead, link_ in lead) == (True, True)
    assert "2 phản ánh về việc này" in words(helper)
    assert "và 1 phản ánh nữa" in words(helper)
    work.answer(hotline, staff.alice, step(first, "Đã thay bóng mới."))
    tracking.reopen(hotline, second.code, "Chỗ tôi còn tối, tôi tên Hoa.")
    assert note_on(hotline, staff.alice, first)[1] == "Chỗ tôi còn tối, tôi tên Hoa."
    assert note_on(hotline, staff.bob, first)[1] is None


def test_linking_two_incidents_joins_them(hotline: Hotline, road: Road, staff: Staff) -> None:
    first, one = pair(road)
    second, two = pair(road, AGAIN)
    old, kept = incident_of(hotline, second).id, incident_of(hotline, first).id
    link(hotline, staff, second, one)  # named by a follower, it is the whole incident
    assert {incident_of(hotline, filed).id for filed in (first, one, second, two)} == {kept}
    assert incident_of(hotline, first).reports == 4
    assert [filed.status() for filed in (first, one, second, two)] == [Status.ROUTED, *[Status.MERGED] * 3]
    assert [filed.kinds()[-1] for filed in (first, second, two)] == ["joined", "merged", "moved"]
    late = road.file(AGAIN, incident=str(old), **SAME)  # whoever still holds the old one's name finds the new one
    road.triage()
    assert incident_of(hotline, late).id == kept


def test_linking_what_waits_for_its_citizen_lets_its_clock_run_on(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock
) -> None:
    asked, other = road.asked(), road.routed()
    before = asked.ticket().resolve_due_at
    assert before is not None
    clock.forward(days=1)
    link(hotline, staff, asked, other)
    ticket = asked.ticket()
    (resolve,) = (d for d in ticket.deadlines if d.kind is DeadlineKind.RESOLVE)
    assert (ticket.status, resolve.paused_at, ticket.resolve_due_at) == (Status.MERGED, None, resolve.due_at)
    assert resolve.due_at > before, "the time of waiting is not counted"


def test_the_lead_cannot_be_merged_away_from_its_followers(hotline: Hotline, road: Road, staff: Staff) -> None:
    first, one = pair(road)
    for filed, other in ((first, one), (one, first), (first, first)):
        with pytest.raises(Conflict):
            link(hotline, staff, filed, other)
    assert incident_of(hotline, first).reports == 2


def test_a_follower_is_split_off_and_waits_for_a_coordinator(hotline: Hotline, road: Road, staff: Staff) -> None:
    first, one = pair(road)
    review.split(hotline, staff.coordinator, step(one))
    assert (one.status(), one.kinds()[-1], first.kinds()[-1]) == (Status.NEEDS_REVIEW, "split", "parted")
    assert [incident_of(hotline, filed).reports for filed in (first, one)] == [1, 1]
    assert incident_of(hotline, first).id != incident_of(hotline, one).id
    with pytest.raises(Conflict):
        review.split(hotline, staff.coordinator, step(one))
    link(hotline, staff, one, first)
    assert incident_of(hotline, first).reports == 2


def test_a_lead_that_is_split_off_hands_the_lead_to_the_next_report(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock
) -> None:
    first = road.routed(**SAME)
    clock.forward(minutes=1)
    second = joining(road, first)
    clock.forward(minutes=1)
    third = joining(road, first)
    road.triage()
    incident = incident_of(hotline, first).id
    review.split(hotline, staff.coordinator, step(first))
    assert [filed.status() for filed in (first, second, third)] == [
        Status.ROUTED, Status.NEEDS_REVIEW, Status.MERGED,
    ]  # fmt: skip
    assert incident_of(hotline, first).id != incident
    left = incident_of(hotline, second)
    assert (left.id, left.reports, left.opened_at) == (incident, 2, second.ticket().received_at)
    assert [filed.kinds()[-1] for filed in (first, second)] == ["parted", "leads"]
    assert tracking.track(hotline, third.code).follows is Status.NEEDS_REVIEW


def test_sealing_takes_a_report_out_of_its_incident(hotline: Hotline, road: Road, staff: Staff) -> None:
    first, one = pair(road)
    review.split(hotline, staff.coordinator, step(one))
    road.routed(AGAIN, **SAME)
    assert counted(hotline, Proposal) > 0
    gone = incident_of(hotline, one).id
    waiting = road.file(AGAIN, incident=str(gone), **SAME)
    review.seal(hotline, staff.coordinator, step(one, "Tố cáo cán bộ."))
    ticket = one.ticket()
    assert (ticket.status, ticket.incident_id, ticket.street) == (Status.SEALED, None, None)
    road.triage()
    assert waiting.status() is Status.ROUTED
    with hotline.database.reading() as session:
        assert session.get(Incident, gone) is None
    assert first.status() is Status.ROUTED


@pytest.mark.parametrize("ends", ["letter", "praise"])
def test_what_ends_for_its_writer_alone_leaves_the_others_before_a_coordinator(
    hotline: Hotline, road: Road, staff: Staff, ends: str
) -> None:
    kind = "khieu-nai" if ends == "letter" else "khen-ngoi"
    lead, other = road.routed(submission_type=kind, **SAME), road.routed(AGAIN, **SAME)
    link(hotline, staff, other, lead)
    if ends == "letter":
        letters.send(hotline, staff.coordinator, step(lead, "Bạn nộp đơn ở Ban Tiếp công dân."), "tiep_cong_dan")
    else:
        praise.forward(hotline, staff.coordinator, step(lead), LIGHTS)
    assert lead.ticket().incident_id is None
    assert (other.status(), other.kinds()[-1], incident_of(hotline, other).reports) == (Status.NEEDS_REVIEW, "leads", 1)


def test_sealing_a_lead_hands_the_lead_on(hotline: Hotline, road: Road, staff: Staff) -> None:
    lead = road.routed(**SAME)
    first, second = joining(road, lead), joining(road, lead)
    road.triage()
    review.split(hotline, staff.coordinator, step(lead))
    heir = first if first.status() is Status.NEEDS_REVIEW else second
    review.seal(hotline, staff.coordinator, step(heir, "Tố cáo."))
    left = second if heir is first else first
    assert (left.status(), incident_of(hotline, left).reports) == (Status.NEEDS_REVIEW, 1)


def test_what_is_settled_or_sealed_or_unknown_cannot_be_linked_to(hotline: Hotline, road: Road, staff: Staff) -> None:
    filed, answered, sealed = road.routed(**SAME), road.answered(), road.sealed()
    with pytest.raises(Conflict, match="not_open"):
        link(hotline, staff, filed, answered)
    with pytest.raises(Conflict, match="transition"):
        link(hotline, staff, answered, filed)
    for account in (staff.coordinator, staff.cleared):
        for other in (str(sealed.ticket().id), str(uuid4()), "không biết", ""):
            with pytest.raises(Refused, match="unknown_ticket"):
                review.link(hotline, account, step(filed, other))
    with pytest.raises(NotFound):
        review.link(hotline, staff.cleared, step(sealed, str(filed.ticket().id)))


def test_two_coordinators_link_one_ticket_at_the_same_instant(
    hotline: Hotline, road: Road, staff: Staff, app: Flask, bearer: Callable[[Account], dict[str, str]]
) -> None:
    one, two, filed = road.routed(**SAME), road.routed(AGAIN, **SAME), road.routed(**SAME)
    ticket = filed.ticket()
    where = f"/api/v1/tickets/{ticket.id}/link"

    def send(account: Account, other: Filed) -> Callable[[], object]:
        headers, body = bearer(account), {"version": ticket.version, "other": str(other.ticket().id)}
        return lambda: app.test_client().post(where, json=body, headers=headers)

    answers = at_once(hotline, ticket.id, send(staff.coordinator, one), send(staff.cleared, two))  # type: ignore[arg-type]
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    won = one if answers[0].status_code == 200 else two
    assert incident_of(hotline, filed).id == incident_of(hotline, won).id
    assert sorted(incident_of(hotline, filed).reports for filed in (one, two)) == [1, 2]


def test_two_coordinators_link_two_tickets_to_each_other_at_the_same_instant(
    hotline: Hotline, road: Road, staff: Staff, app: Flask, bearer: Callable[[Account], dict[str, str]]
) -> None:
    one, two = road.routed(**SAME), road.routed(AGAIN, **SAME)

    def send(account: Account, filed: Filed, other: Filed) -> Callable[[], object]:
        headers, ticket = bearer(account), filed.ticket()
        body = {"version": ticket.version, "other": str(other.ticket().id)}
        return lambda: app.test_client().post(f"/api/v1/tickets/{ticket.id}/link", json=body, headers=headers)

    first = min(one.ticket().id, two.ticket().id)
    answers = at_once(hotline, first, send(staff.coordinator, one, two), send(staff.cleared, two, one))  # type: ignore[arg-type]
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert incident_of(hotline, one).id == incident_of(hotline, two).id
    assert sorted(filed.status() for filed in (one, two)) == [Status.MERGED, Status.ROUTED]


def test_another_topic_of_a_coordinator_is_the_incidents_too(hotline: Hotline, road: Road, staff: Staff) -> None:
    filed = road.returned()
    choice = review.Choice("trees", LIGHTS, "27163", "Cây che đèn.")
    review.route(hotline, staff.coordinator, step(filed), choice)
    incident = incident_of(hotline, filed)
    assert (incident.topic_slug, incident.ward_code) == ("trees", "27163")


def pair(road: Road, text: str = LIGHTS_OUT) -> tuple[Filed, Filed]:
    """Make an incident of two reports."""
    first = road.routed(text, **SAME)
    second = joining(road, first)
    road.triage()
    return first, second


def joining(road: Road, first: Filed, text: str = AGAIN) -> Filed:
    """File a report that says that it is the same thing; triage has yet to look."""
    return road.file(text, incident=str(first.ticket().incident_id), **SAME)


def incident_in_work(road: Road, staff: Staff, *, answered: bool = False) -> tuple[Filed, Filed]:
    """Make an incident of two reports that alice has in work, or has answered."""
    first, second = pair(road)
    work.accept(road.hotline, staff.alice, step(first))
    if answered:
        work.answer(road.hotline, staff.alice, step(first, "Đã thay bóng mới."))
    return first, second


def note_on(hotline: Hotline, reader: Account, filed: Filed) -> tuple[str, str | None]:
    """Return the last event of a ticket and what staff read of it."""
    with hotline.database.reading() as session:
        ticket = filed.ticket()
        last = work.history(session, ticket)[-1]
        return last.kind, work.notes(session, reader, ticket, [last])[last.id]


def link(hotline: Hotline, staff: Staff, filed: Filed, other: Filed) -> None:
    review.link(hotline, staff.coordinator, step(filed, str(other.ticket().id)))


def incident_of(hotline: Hotline, filed: Filed) -> Incident:
    with hotline.database.reading() as session:
        return session.get_one(Incident, filed.ticket().incident_id)


def counted(hotline: Hotline, kind: type[Incident | Proposal | Ticket]) -> int:
    with hotline.database.reading() as session:
        return session.scalars(select(func.count()).select_from(kind)).one()
