"""Staff are told of deadlines: each stage once, to whom it concerns, without a word of the report."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, text

from app.accounts import service as accounts
from app.accounts.service import NewAccount
from app.hotline import Hotline
from app.notices import sending, service
from app.problems import NotFound
from app.review import service as review
from app.review.service import Choice
from app.tracking import service as tracking
from app.triage.relay import Relay
from app.work import extension
from app.work import service as work
from models.account import Account
from models.notice import Notice
from models.vocabulary import DeadlineKind, NoticeAudience, NoticeStage, Role
from tests.app.conftest import LIGHTS, Clock, Filed, Road, Staff, step
from tests.pages import hidden, post_form, words

Log = Callable[[Account], FlaskClient]
#: Lights: filed on Tuesday 3 March at nine, due on Friday at 17:00, 30.5 hours of office time in all.
HALF = datetime(2026, 3, 5, 1, 15, tzinfo=UTC)
MOST = datetime(2026, 3, 6, 2, 24, tzinfo=UTC)
DUE = datetime(2026, 3, 6, 10, 0, tzinfo=UTC)
ABOVE = datetime(2026, 3, 9, 10, 0, tzinfo=UTC)
H, M, D, A = NoticeStage.HALF, NoticeStage.MOST, NoticeStage.DUE, NoticeStage.ABOVE
#: The unit above both that of the lights and that of the buses.
PARENT = "so_xay_dung"


def test_each_stage_is_told_when_it_comes_and_once(hotline: Hotline, road: Road, clock: Clock) -> None:
    filed = road.accepted()
    for at, stage in ((HALF, H), (MOST, M), (DUE, D), (ABOVE, A)):
        clock.at = at - timedelta(seconds=1)
        sending.keep(hotline)
        assert stage not in stages(hotline, filed)
        clock.at = at
        for _ in range(3):
            sending.keep(hotline)
        assert stages(hotline, filed)[-1] is stage
    assert stages(hotline, filed) == [H, M, D, A]


def test_after_two_days_away_only_the_highest_is_sent_and_the_others_are_noted(
    hotline: Hotline, road: Road, clock: Clock
) -> None:
    filed = road.accepted()
    clock.at = DUE + timedelta(minutes=1)
    sending.keep(hotline)
    assert [(n.stage, n.skipped) for n in rows(hotline, filed)] == [(H, True), (M, True), (D, False)]
    clock.at = ABOVE
    sending.keep(hotline)
    assert [(n.stage, n.skipped) for n in rows(hotline, filed)][3:] == [(A, False)]
    assert told(hotline, road.staff.alice) == []


def test_two_relays_at_once_tell_once(hotline: Hotline, road: Road, clock: Clock) -> None:
    for _ in range(8):
        road.file()
    road.triage()
    clock.at = MOST
    both = threading.Barrier(2)

    def relay() -> None:
        both.wait()
        sending.keep(hotline)

    relays = [threading.Thread(target=relay) for _ in range(2)]
    for one in relays:
        one.start()
    for one in relays:
        one.join()
    sending.keep(hotline)
    with hotline.database.reading() as session:
        told_of = session.execute(
            select(Notice.stage, Notice.skipped, func.count()).group_by(Notice.stage, Notice.skipped)
        )
        assert sorted(map(tuple, told_of)) == [(H, True, 8), (M, False, 8)]


def test_the_database_itself_refuses_a_stage_that_was_told(hotline: Hotline, road: Road, clock: Clock) -> None:
    filed = road.accepted()
    clock.at = HALF
    sending.keep(hotline)
    (notice,) = rows(hotline, filed)
    columns = "ticket_id, deadline_id, term, stage, audience, due_at, at, skipped"
    with pytest.raises(Exception, match=r"(?i)unique"), hotline.database.transaction() as session:
        session.execute(text(f"insert into notice ({columns}) select {columns} from notice where id = {notice.id}"))


def test_what_is_answered_or_waits_for_its_citizen_reminds_nobody(hotline: Hotline, road: Road, clock: Clock) -> None:
    answered, asked = road.answered(), road.asked()
    clock.at = ABOVE
    sending.keep(hotline)
    assert stages(hotline, answered) == stages(hotline, asked) == []


def test_the_time_of_waiting_is_not_counted_towards_a_reminder(hotline: Hotline, road: Road, clock: Clock) -> None:
    """Asked at once and answered two working days later: half-time is two working days later too."""
    filed = road.asked()
    clock.forward(days=2)
    tracking.add_information(hotline, filed.code, "Trụ số bốn.")
    clock.at = HALF + timedelta(days=4, seconds=-1)  # from Thursday over the week-end to Monday
    sending.keep(hotline)
    assert stages(hotline, filed) == []
    clock.forward(seconds=1)
    sending.keep(hotline)
    assert stages(hotline, filed) == [H]


def test_each_is_told_what_concerns_them(hotline: Hotline, road: Road, staff: Staff, clock: Clock) -> None:
    """Handlers: half and most of their own unit. Leaders: due and above, of their own unit and of those below it."""
    head = person(hotline, "head", Role.SUPERVISOR, PARENT)
    road.accepted()
    people = {**staff.accounts, "head": head}
    for at in (HALF, MOST, DUE, ABOVE):
        clock.at = at
        sending.keep(hotline)
    expected = {"alice": [M, H], "bob": [], "supervisor": [A, D], "head": [A, D], "coordinator": []}
    expected |= {"auditor": [], "admin": []}
    assert {name: told(hotline, people[name]) for name in expected} == expected
    with hotline.database.reading() as session:
        opened = {name: {t.open for t in service.of(session, people[name]).notices} for name in ("supervisor", "head")}
    assert opened == {"supervisor": {True}, "head": {False}}


def test_what_goes_up_reaches_the_unit_above_without_its_ticket(
    hotline: Hotline, road: Road, clock: Clock, log_in: Log, bearer: Callable[[Account], dict[str, str]]
) -> None:
    """Over HTTP, so behind the wall where there is one: its head may not open the ticket, and is told all the same."""
    head = person(hotline, "head", Role.SUPERVISOR, PARENT)
    filed = road.accepted()
    for at in (DUE, ABOVE):
        clock.at = at
        sending.keep(hotline)
    browser = log_in(head)
    page = browser.get("/notices").get_data(as_text=True)
    assert bell(browser) == 2
    assert "Chiếu sáng" in words(page)
    assert str(filed.ticket().id) not in page
    assert "tối thui" not in page
    told_of = browser.application.test_client().get("/api/v1/notices", headers=bearer(head)).get_json()
    assert ([n["ticket_id"] for n in told_of["notices"]], told_of["unseen"]) == ([None, None], 2)
    assert post_form(browser, "/notices", "/notices/seen", notice=hidden(page, "notice")).status_code == 303
    assert post_form(browser, "/notices", "/notices/seen", up_to=hidden(page, "up_to")).status_code == 303
    assert bell(browser) == 0


def test_what_nobody_leads_goes_to_the_coordinators(hotline: Hotline, road: Road, staff: Staff, clock: Clock) -> None:
    filed = road.accepted()
    with hotline.database.transaction() as session:
        accounts.disable(session, hotline.now(), staff.supervisor.id)
    for at in (DUE, ABOVE):
        clock.at = at
        sending.keep(hotline)
    assert told(hotline, staff.coordinator) == [A, D]
    assert {n.audience for n in rows(hotline, filed) if not n.skipped} == {NoticeAudience.COORDINATORS}


def test_a_unit_without_a_unit_above_goes_up_to_the_coordinators(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock
) -> None:
    road.accepted()
    clock.at = DUE
    sending.keep(hotline)
    assert (told(hotline, staff.supervisor), told(hotline, staff.coordinator)) == ([D], [])
    clock.at = ABOVE
    sending.keep(hotline)
    assert (told(hotline, staff.supervisor), told(hotline, staff.coordinator)) == ([A, D], [A])


def test_coordinators_are_reminded_of_what_no_unit_has(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock
) -> None:
    waiting, returned = road.in_review(), road.returned()
    sending.keep(hotline)
    ack = next(d for d in waiting.ticket().deadlines if d.kind is DeadlineKind.ACK)
    assert (ack.due_at, ack.met_at) == (waiting.ticket().received_at + timedelta(minutes=5), None)
    clock.forward(minutes=5)
    sending.keep(hotline)
    assert stages(hotline, waiting) == [D]
    clock.at = MOST
    sending.keep(hotline)
    assert [(n.stage, n.skipped) for n in rows(hotline, returned)] == [(H, True), (M, False)]
    assert sorted(told(hotline, staff.coordinator)) == sorted([D, A, M])
    assert told(hotline, staff.alice) == []


def test_a_way_to_a_unit_is_owed_until_it_is_found_or_the_citizen_is_told_why_not(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock
) -> None:
    routed, rejected = road.in_review(), road.in_review()
    sending.keep(hotline)
    clock.forward(minutes=3)
    review.route(hotline, staff.coordinator, step(routed), Choice("street-lighting", LIGHTS))
    review.reject(hotline, staff.coordinator, step(rejected, "Đây không phải phản ánh."))
    clock.forward(days=1)
    sending.keep(hotline)
    assert [n.deadline_id for filed in (routed, rejected) for n in rows(hotline, filed) if n.stage is D] == []
    met = {d.kind: d.met_at for d in routed.ticket().deadlines}
    assert met[DeadlineKind.ACK] == rejected.ticket().deadlines[0].met_at == clock.at - timedelta(days=1)


def test_an_emergency_goes_up_within_minutes(hotline: Hotline, road: Road, staff: Staff, clock: Clock) -> None:
    filed = road.routed(submission_type="khan-cap")
    first = next(d for d in filed.ticket().deadlines if d.kind is DeadlineKind.FIRST_ACTION)
    expected = {30: H, 48: M, 60: D, 75: A}
    start = clock.at
    for minute in (29, 30, 47, 48, 59, 60, 74, 75):
        clock.at = start + timedelta(minutes=minute)
        sending.keep(hotline)
        due = [n.stage for n in rows(hotline, filed) if n.deadline_id == first.id and not n.skipped]
        assert due == [stage for at, stage in expected.items() if at <= minute], minute


def test_a_sealed_ticket_is_told_of_to_cleared_coordinators_alone_and_without_content(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock, log_in: Log
) -> None:
    filed = road.sealed("Tố cáo ông trưởng phòng nhận tiền để tắt đèn đường")
    sending.keep(hotline)
    clock.forward(days=2)
    sending.keep(hotline)
    assert [n.audience for n in rows(hotline, filed)] == [NoticeAudience.CLEARED] * 4
    for name in ("alice", "bob", "supervisor", "coordinator", "auditor", "admin"):
        assert told(hotline, staff.accounts[name]) == []
    assert told(hotline, staff.cleared) == [A]
    browser, address = log_in(staff.cleared), f"/{{}}/{filed.ticket().id}"
    page = browser.get("/notices").get_data(as_text=True)
    assert "Niêm phong" in words(page)
    assert "trưởng phòng" not in page
    assert f'href="{address.format("sealed")}"' in page
    assert browser.get(address.format("sealed")).status_code == 200
    road.release(filed)
    page = browser.get("/notices").get_data(as_text=True)
    assert "Niêm phong" not in words(page).partition("Đánh dấu đã xem")[0].partition("Báo điều gì")[2]
    assert f'href="{address.format("review")}"' in page
    assert browser.get(address.format("review")).status_code == 200


def test_a_ticket_that_was_sealed_later_is_gone_from_every_list(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock
) -> None:
    filed = road.in_review()
    sending.keep(hotline)
    clock.forward(minutes=5)
    sending.keep(hotline)
    assert told(hotline, staff.coordinator) == [D]
    review.seal(hotline, staff.coordinator, step(filed, "Tố cáo."))
    assert told(hotline, staff.coordinator) == []
    clock.forward(days=1)
    sending.keep(hotline)
    assert told(hotline, staff.coordinator) == []
    assert told(hotline, staff.cleared) == [A]


def test_a_new_term_has_stages_of_its_own(hotline: Hotline, road: Road, staff: Staff, clock: Clock) -> None:
    filed = road.accepted()
    clock.at = MOST
    sending.keep(hotline)
    extension.ask(hotline, staff.alice, step(filed, "Chờ vật tư."), 2)
    assert told(hotline, staff.supervisor) == [NoticeStage.EXTENSION]
    extension.approve(hotline, staff.supervisor, step(filed))
    clock.at = DUE
    sending.keep(hotline)
    assert told(hotline, staff.supervisor) == [NoticeStage.EXTENSION]
    clock.at = datetime(2026, 3, 10, 10, 0, tzinfo=UTC)
    sending.keep(hotline)
    assert [(n.term, n.stage, n.skipped) for n in rows(hotline, filed)][3:] == [
        (1, H, True), (1, M, True), (1, D, False),
    ]  # fmt: skip


def test_a_notice_names_no_words_of_the_report_and_no_person(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock, log_in: Log, client: FlaskClient,
    bearer: Callable[[Account], dict[str, str]],
) -> None:  # fmt: skip
    filed = road.routed(contact_name="Trần Thị Bông", contact_phone="0901234567", consent=True)
    work.accept(hotline, staff.alice, step(filed))
    clock.at = HALF
    sending.keep(hotline)
    page = log_in(staff.alice).get("/notices").get_data(as_text=True)
    told_of = client.get("/api/v1/notices", headers=bearer(staff.alice)).get_data(as_text=True)
    for secret in ("tối thui", "Bông", "0901234567", "1234567"):
        assert secret not in page
        assert secret not in told_of
    assert "Đã qua nửa thời gian" in words(page)
    assert str(filed.ticket().id) in told_of


def test_the_bell_counts_what_is_not_seen_and_each_sees_for_themselves(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock, log_in: Log
) -> None:
    for _ in range(3):
        road.file()
    road.triage()
    clock.at = HALF
    sending.keep(hotline)
    carol = person(hotline, "carol", Role.HANDLER, LIGHTS)
    alice, other = log_in(staff.alice), log_in(carol)
    assert bell(alice) == bell(other) == 3
    page = alice.get("/notices").get_data(as_text=True)
    one = hidden(page, "notice")
    for _ in range(2):
        assert post_form(alice, "/notices", "/notices/seen", notice=one).status_code == 303
    assert (bell(alice), bell(other)) == (2, 3)
    assert post_form(alice, "/notices", "/notices/seen", up_to=hidden(page, "up_to")).status_code == 303
    assert (bell(alice), bell(other)) == (0, 3)
    assert words(alice.get("/notices").get_data(as_text=True)).count("Đã xem") == 4  # and the button


def test_nobody_marks_what_is_not_theirs(hotline: Hotline, road: Road, staff: Staff, clock: Clock, log_in: Log) -> None:
    filed = road.accepted()
    clock.at = HALF
    sending.keep(hotline)
    (notice,) = rows(hotline, filed)
    with pytest.raises(NotFound):
        service.mark_seen(hotline, staff.bob, only=notice.id)
    assert service.mark_seen(hotline, staff.bob, up_to=notice.id) == 0
    bob = log_in(staff.bob)
    for typed in (str(notice.id), "x", "-1", "9" * 30, "٣"):
        assert post_form(bob, "/notices", "/notices/seen", notice=typed).status_code == 404
    for after in ("x", "-1", "9" * 30):
        assert bob.get("/notices", query_string={"after": after}).status_code == 404


def test_notices_page_by_key_newest_first(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock, client: FlaskClient,
    bearer: Callable[[Account], dict[str, str]],
) -> None:  # fmt: skip
    for _ in range(55):
        road.file()
    road.triage()
    clock.at = HALF
    sending.keep(hotline)
    token = bearer(staff.alice)
    first = client.get("/api/v1/notices", headers=token).get_json()
    second = client.get("/api/v1/notices", headers=token, query_string={"after": first["next"]}).get_json()
    ids = [notice["id"] for notice in first["notices"] + second["notices"]]
    assert (len(first["notices"]), len(ids), first["unseen"], second["next"]) == (50, 55, 55, None)
    assert ids == sorted(ids, reverse=True)


def test_the_relay_does_all_this_by_itself(hotline: Hotline, road: Road, clock: Clock) -> None:
    filed = road.accepted()
    clock.at = HALF
    relay = Relay(hotline)
    relay._beat()
    assert stages(hotline, filed) == [H]


def test_more_than_a_batch_is_done_in_one_look(
    hotline: Hotline, road: Road, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "BATCH", 2)
    filed = [road.file() for _ in range(5)]
    road.triage()
    clock.at = HALF
    sending.keep(hotline)
    assert [stages(hotline, one) for one in filed] == [[H]] * 5


def rows(hotline: Hotline, filed: Filed) -> list[Notice]:
    with hotline.database.reading() as session:
        mine = select(Notice).where(Notice.ticket_id == filed.ticket().id).order_by(Notice.id)
        return list(session.scalars(mine))


def stages(hotline: Hotline, filed: Filed) -> list[NoticeStage]:
    return [notice.stage for notice in rows(hotline, filed) if not notice.skipped]


def told(hotline: Hotline, account: Account) -> list[NoticeStage]:
    with hotline.database.reading() as session:
        return [one.notice.stage for one in service.of(session, account).notices]


def person(hotline: Hotline, name: str, role: Role, unit: str) -> Account:
    with hotline.database.transaction() as session:
        account = accounts.create(session, hotline.now(), NewAccount(name, name.title(), role, unit))
        account.session_epoch = 1
        return account


def bell(browser: FlaskClient) -> int:
    shown = words(browser.get("/work").get_data(as_text=True)).partition("Thông báo")[2].split()
    return int(shown[0]) if shown[0].isdigit() else 0
