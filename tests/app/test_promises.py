"""What a unit may and must do about its deadline: wait for the citizen, ask for more time, report when it is late."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial

import pytest
from flask.testing import FlaskClient

from app import deadlines, lifecycle
from app.accounts import service as accounts
from app.accounts.service import NewAccount
from app.hotline import Hotline
from app.problems import Conflict, NotFound, Refused
from app.tracking import service as tracking
from app.work import extension, progress, queue
from app.work import service as work
from models.account import Account
from models.extension import Extension
from models.ticket import Deadline, Ticket
from models.vocabulary import Clock as Ticking
from models.vocabulary import DeadlineKind, ExtensionState, Role, Status
from tests.app.conftest import LIGHTS, Clock, Filed, Road, Staff, step
from tests.pages import post_form, words

Log = Callable[[Account], FlaskClient]
#: Lights are promised in three working days: filed on Tuesday 3 March at nine, due on Friday at 17:00.
DUE = datetime(2026, 3, 6, 10, 0, tzinfo=UTC)
AFTER = datetime(2026, 3, 9, 2, 0, tzinfo=UTC)
COMMITTED = datetime(2026, 3, 11, 10, 0, tzinfo=UTC)


# waiting for the citizen


def test_the_clock_stands_still_until_the_citizen_answers(hotline: Hotline, road: Road, clock: Clock) -> None:
    filed = road.asked()
    assert resolve(filed).paused_at == clock.at
    clock.forward(days=1, hours=3)  # Wednesday noon: a day and two and a half hours of office time
    tracking.add_information(hotline, filed.code, "Trụ số bốn.")
    deadline = resolve(filed)
    assert deadline.paused_at is None
    assert deadline.due_at == filed.ticket().resolve_due_at == datetime(2026, 3, 10, 3, 0, tzinfo=UTC)


def test_the_clock_goes_on_when_time_ends_the_waiting(hotline: Hotline, road: Road, clock: Clock) -> None:
    filed = road.asked()
    clock.at = datetime(2026, 3, 10, 10, 0, tzinfo=UTC)  # the end of the fifth working day after Tuesday
    with hotline.database.transaction() as session:
        assert lifecycle.advance(hotline, session, hotline.now()) == 1
    assert (filed.status(), resolve(filed).paused_at) == (Status.IN_PROGRESS, None)
    # 30.5 hours of office time were left when it was asked: Wednesday to Friday, and Monday until 15:30
    assert resolve(filed).due_at == datetime(2026, 3, 16, 8, 30, tzinfo=UTC)


def test_a_deadline_in_hours_moves_by_all_of_the_waiting(hotline: Hotline, road: Road, clock: Clock) -> None:
    filed = road.accepted()
    with hotline.database.transaction() as session:
        deadline = session.get_one(Deadline, resolve(filed).id)
        deadline.clock, deadline.working_days = Ticking.ALWAYS, None
    work.ask(hotline, road.staff.alice, step(filed, "Ở đâu vậy bạn?"))
    clock.forward(hours=14)
    tracking.add_information(hotline, filed.code, "Trụ số bốn.")
    assert resolve(filed).due_at == datetime(2026, 3, 7, 0, 0, tzinfo=UTC)


def test_what_was_late_when_it_asked_stays_late(hotline: Hotline, road: Road, staff: Staff, clock: Clock) -> None:
    filed = road.accepted()
    clock.at = AFTER
    work.ask(hotline, staff.alice, step(filed, "Trụ số mấy vậy bạn?"))
    assert resolve(filed).paused_at is None
    with hotline.database.reading() as session:
        assert queue.counts(session, staff.alice, hotline.now()).late == 1
    clock.forward(days=1)
    tracking.add_information(hotline, filed.code, "Trụ số bốn.")
    assert resolve(filed).due_at == DUE


def test_what_waits_for_its_citizen_is_paused_everywhere_and_late_nowhere(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock, log_in: Log, client: FlaskClient,
    bearer: Callable[[Account], dict[str, str]],
) -> None:  # fmt: skip
    filed = road.asked()
    clock.forward(days=5)
    with hotline.database.reading() as session:
        counts = queue.counts(session, staff.alice, hotline.now())
    assert (counts.late, counts.soon, counts.ok, counts.paused) == (0, 0, 0, 1)
    alice = log_in(staff.alice)
    listed = words(alice.get("/work").get_data(as_text=True))
    assert "0 trễ 0 sắp hạn 0 trong hạn 1 chờ người dân" in listed
    page = words(alice.get(f"/work/{filed.ticket().id}").get_data(as_text=True))
    tracked = words(client.post("/t", data={"code": filed.code}).get_data(as_text=True))
    for shown in (listed, page, tracked):
        assert "Tạm dừng, chờ người dân" in shown
        assert "Trễ" not in shown
    assert "Đơn vị đã trễ hạn" not in tracked
    told = client.post("/api/v1/track", json={"code": filed.code}).get_json()
    assert (told["late"], told["paused"]) == (False, True)
    (line,) = client.get("/api/v1/tickets", headers=bearer(staff.alice)).get_json()["tickets"]
    assert (line["paused"], line["owes_progress"]) == (True, False)


# more time


def test_more_time_is_asked_for_by_one_and_granted_by_another_and_told_to_the_citizen(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log, client: FlaskClient
) -> None:
    filed = road.accepted()
    page = f"/work/{filed.ticket().id}"
    alice, boss = log_in(staff.alice), log_in(staff.supervisor)
    asked = post_form(alice, page, f"{page}/ask-extension", days="2", reason="Phải đặt bóng từ Đồng Nai.")
    assert asked.status_code == 303
    assert "Xin thêm thời gian" in words(boss.get("/work").get_data(as_text=True))
    assert "Duyệt thêm thời gian" not in words(alice.get(page).get_data(as_text=True))
    assert "Duyệt thêm thời gian" in words(boss.get(page).get_data(as_text=True))
    assert post_form(boss, page, f"{page}/approve-extension").status_code == 303
    deadline = resolve(filed)
    assert deadline.due_at == filed.ticket().resolve_due_at == datetime(2026, 3, 10, 10, 0, tzinfo=UTC)
    assert (deadline.term, deadline.runs_from) == (1, hotline.now())
    assert filed.kinds()[-2:] == ["extension_asked", "extended"]
    tracked = words(client.post("/t", data={"code": filed.code}).get_data(as_text=True))
    assert "Việc này cần thêm 2 ngày làm việc. Đơn vị sẽ trả lời bạn trước thứ Ba 10/3, 17:00." in tracked
    assert "Đồng Nai" not in tracked
    assert "Supervisor" not in tracked


def test_a_refusal_leaves_the_date_and_does_not_trouble_the_citizen(
    hotline: Hotline, road: Road, staff: Staff, client: FlaskClient
) -> None:
    filed = asked_for(hotline, road)
    extension.refuse_it(hotline, staff.supervisor, step(filed, "Trong kho còn bóng."))
    assert resolve(filed).due_at == DUE
    assert wish(hotline, filed).state is ExtensionState.REFUSED
    tracked = words(client.post("/t", data={"code": filed.code}).get_data(as_text=True))
    assert "thêm thời gian" not in tracked
    assert "Trong kho" not in tracked


def test_more_time_is_asked_for_once_a_ticket_whatever_became_of_it(hotline: Hotline, road: Road, staff: Staff) -> None:
    for decide, text in ((extension.approve, ""), (extension.refuse_it, "Làm kịp mà.")):
        filed = asked_for(hotline, road)
        refused(Conflict, "extension_once", partial(ask_again, hotline, staff, filed))
        decide(hotline, staff.supervisor, step(filed, text))
        refused(Conflict, "extension_once", partial(ask_again, hotline, staff, filed))
        refused(Conflict, "extension_none", partial(approve_again, hotline, staff, filed))
        with hotline.database.reading() as session:
            offered = extension.offers(session, staff.alice, filed.ticket(), hotline.now())
        assert offered == set()


def test_nobody_grants_what_they_have_asked_for(hotline: Hotline, road: Road, staff: Staff) -> None:
    """The unit's only leader asks: then a coordinator decides, and no handler ever does."""
    filed = road.accepted()
    extension.ask(hotline, staff.supervisor, step(filed, "Chờ vật tư."), 3)
    for person in (staff.supervisor, staff.alice, staff.bob, staff.auditor, staff.admin):
        with pytest.raises(NotFound):
            extension.approve(hotline, person, step(filed))
    extension.approve(hotline, staff.coordinator, step(filed))
    assert wish(hotline, filed).decided_by == staff.coordinator.id


def test_a_coordinator_decides_only_where_nobody_leads_the_unit(hotline: Hotline, road: Road, staff: Staff) -> None:
    filed = asked_for(hotline, road)
    with pytest.raises(NotFound):
        extension.approve(hotline, staff.coordinator, step(filed))
    with hotline.database.transaction() as session:
        accounts.disable(session, hotline.now(), staff.supervisor.id)
    extension.approve(hotline, staff.coordinator, step(filed))
    assert wish(hotline, filed).state is ExtensionState.APPROVED


def test_two_who_decide_at_once_move_the_date_once(hotline: Hotline, road: Road, staff: Staff) -> None:
    with hotline.database.transaction() as session:
        new = NewAccount("deputy", "Phó", Role.SUPERVISOR, LIGHTS)
        deputy = accounts.create(session, hotline.now(), new)
    filed = asked_for(hotline, road)
    same = step(filed)
    extension.approve(hotline, staff.supervisor, same)
    refused(Conflict, "stale", lambda: extension.approve(hotline, deputy, same))
    assert resolve(filed).term == 1


@pytest.mark.parametrize("days", ["0", "11", "-1", "x", "", "1.5", "999999999999"])
def test_an_odd_number_of_days_is_refused_beside_its_field(road: Road, staff: Staff, log_in: Log, days: str) -> None:
    filed = road.accepted()
    page = f"/work/{filed.ticket().id}"
    answer = post_form(log_in(staff.alice), page, f"{page}/ask-extension", days=days, reason="Chờ vật tư.")
    assert answer.status_code == 422
    shown = answer.get_data(as_text=True)
    assert 'href="#days"' in shown
    assert "Chờ vật tư." in shown
    assert filed.kinds() == ["received", "triaged", "accepted"]


def test_more_time_is_not_asked_for_what_is_late_not_taken_up_or_without_a_reason(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock
) -> None:
    routed, late = road.routed(), road.accepted()
    refused(Conflict, "transition", lambda: extension.ask(hotline, staff.alice, step(routed, "Chờ."), 2))
    refused(Refused, "required", lambda: extension.ask(hotline, staff.alice, step(late, " "), 2))
    clock.at = DUE
    refused(Conflict, "extension_late", lambda: extension.ask(hotline, staff.alice, step(late, "Chờ."), 2))


def test_a_new_date_that_would_be_past_is_not_granted(hotline: Hotline, road: Road, staff: Staff, clock: Clock) -> None:
    filed = asked_for(hotline, road, days=1)
    clock.at = datetime(2026, 3, 9, 10, 0, tzinfo=UTC)
    refused(Conflict, "extension_over", lambda: extension.approve(hotline, staff.supervisor, step(filed)))
    assert wish(hotline, filed).state is ExtensionState.ASKED


def test_more_time_granted_while_the_citizen_is_asked_counts_too(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock
) -> None:
    filed = asked_for(hotline, road, days=2)
    work.ask(hotline, staff.alice, step(filed, "Trụ số mấy vậy bạn?"))
    clock.forward(days=1)
    extension.approve(hotline, staff.supervisor, step(filed))
    assert resolve(filed).paused_at is not None
    clock.forward(days=1)
    tracking.add_information(hotline, filed.code, "Trụ số bốn.")
    # Tuesday 10 March by the extension, and two working days of waiting
    assert resolve(filed).due_at == datetime(2026, 3, 12, 10, 0, tzinfo=UTC)


# late


def test_a_unit_that_is_late_owes_its_citizen_a_report_and_again_when_its_word_has_passed(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock, log_in: Log, client: FlaskClient
) -> None:
    filed = road.accepted()
    page = f"/work/{filed.ticket().id}"
    alice = log_in(staff.alice)
    assert not owes(hotline, filed)
    clock.at = AFTER
    assert owes(hotline, filed)
    assert "Nợ báo cáo tiến độ" in words(alice.get("/work").get_data(as_text=True))
    form = {"public_text": "Đang chờ bóng về.", "committed_on": "2026-03-11"}
    assert post_form(alice, page, f"{page}/progress", **form).status_code == 303
    assert not owes(hotline, filed)
    assert "Nợ báo cáo tiến độ" not in words(alice.get("/work").get_data(as_text=True))
    tracked = words(client.post("/t", data={"code": filed.code}).get_data(as_text=True))
    assert "Đơn vị báo tiến độ" in tracked
    assert "Đang chờ bóng về. Hẹn xong trước Thứ Tư 11/3, 17:00" in tracked
    assert "Đơn vị hẹn xong trước Thứ Tư 11/3, 17:00" in tracked
    assert resolve(filed).committed_at == COMMITTED
    clock.at = COMMITTED
    assert not owes(hotline, filed)
    clock.forward(seconds=1)
    assert owes(hotline, filed)
    assert "Đã quá ngày đơn vị hẹn" in words(alice.get(page).get_data(as_text=True))


def test_nothing_is_owed_once_it_is_answered(hotline: Hotline, road: Road, staff: Staff, clock: Clock) -> None:
    filed = road.accepted()
    clock.at = AFTER
    work.answer(hotline, staff.alice, step(filed, "Đã thay bóng mới."))
    assert not owes(hotline, filed)
    refused(Refused, "progress_not_owed", lambda: report(hotline, staff, filed, "2026-03-11"))


@pytest.mark.parametrize("day", ["2026-03-08", "2026-04-09", "0001-01-01", "9999-12-31"])
def test_a_date_that_helps_nobody_is_refused(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock, day: str
) -> None:
    filed = road.accepted()
    clock.at = AFTER
    refused(Refused, "calendar_day", lambda: report(hotline, staff, filed, day))
    clock.at = datetime(2026, 3, 9, 10, 0, tzinfo=UTC)  # today is over
    refused(Refused, "calendar_day", lambda: report(hotline, staff, filed, "2026-03-09"))


def test_a_report_that_is_refused_comes_back_with_what_was_typed(
    road: Road, staff: Staff, clock: Clock, log_in: Log
) -> None:
    filed = road.accepted()
    clock.at = AFTER
    page = f"/work/{filed.ticket().id}"
    for day in ("mai", "2026-03-01", ""):
        answer = post_form(log_in(staff.alice), page, f"{page}/progress", public_text="Chờ bóng.", committed_on=day)
        shown = answer.get_data(as_text=True)
        assert answer.status_code == 422
        assert 'href="#committed_on"' in shown
        assert shown.count("Chờ bóng.</textarea>") == 1


def test_a_step_from_before_a_report_is_stale(hotline: Hotline, road: Road, staff: Staff, clock: Clock) -> None:
    filed = road.accepted()
    clock.at = AFTER
    before = step(filed, "Đã thay.")
    report(hotline, staff, filed, "2026-03-11")
    refused(Conflict, "stale", lambda: work.answer(hotline, staff.alice, before))


def asked_for(hotline: Hotline, road: Road, days: int = 3) -> Filed:
    filed = road.accepted()
    extension.ask(hotline, road.staff.alice, step(filed, "Chờ vật tư."), days)
    return filed


def ask_again(hotline: Hotline, staff: Staff, filed: Filed) -> Ticket:
    return extension.ask(hotline, staff.alice, step(filed, "Chờ thêm vật tư."), 3)


def approve_again(hotline: Hotline, staff: Staff, filed: Filed) -> Ticket:
    return extension.approve(hotline, staff.supervisor, step(filed))


def report(hotline: Hotline, staff: Staff, filed: Filed, day: str) -> Ticket:
    return progress.report(hotline, staff.alice, step(filed, "Đang chờ bóng về."), date.fromisoformat(day))


def refused(kind: type[Refused], code: str, act: Callable[[], object]) -> None:
    with pytest.raises(kind) as told:
        act()
    assert [problem.code for problem in told.value.problems] == [code]


def resolve(filed: Filed) -> Deadline:
    return next(d for d in filed.ticket().deadlines if d.kind is DeadlineKind.RESOLVE)


def wish(hotline: Hotline, filed: Filed) -> Extension:
    with hotline.database.reading() as session:
        return session.get_one(Extension, filed.ticket().id)


def owes(hotline: Hotline, filed: Filed) -> bool:
    ticket = filed.ticket()
    with hotline.database.reading() as session:
        stands = deadlines.standing(session, [ticket.id], hotline.now()).get(ticket.id)
    return stands is not None and stands.owes_progress
