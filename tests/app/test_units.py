"""The book of units: what administrators write, what running processes make of it, and what becomes of the work."""

import csv
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from app import doctor, lifecycle, loading
from app.accounts import federation
from app.accounts.groups import Post
from app.accounts.provider import Claims
from app.consistency import assert_consistent
from app.coordination import service as coordination
from app.hotline import Hotline
from app.problems import Conflict, Refused
from app.tracking import service as tracking
from app.units import book, exchange, handover, service, standing
from app.units.schema import Closing, Stated, read_stated
from app.work import service as work
from app.work.returning import Why
from models.account import Account
from models.audit import AuditEvent
from models.department import Department, DepartmentChange
from models.ticket import Ticket
from models.vocabulary import AssignmentKind, AuditKind, DepartmentKind, Role, Status
from routing.city import CityDataError
from routing.departments import FIELDS, DepartmentFact
from tests.app.conftest import BUSES, LIGHTS, Clock, Filed, Road, Staff, step
from tests.conftest import database_url
from tests.pages import hidden, post_form, words

__all__ = ["database_url"]  # the city is changed here, so these databases are used once

Log = Callable[[Account], FlaskClient]
#: The day on which the tests' clock stands.
TODAY = date(2026, 3, 3)
TOMORROW = TODAY + timedelta(days=1)
LIST = "/admin/units"
DATED = ("valid_from", "valid_to", "successor")
PAGE = f"{LIST}/{LIGHTS}"


@pytest.fixture(autouse=True)
def _looked_at_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks for the city looks at the book, where otherwise three seconds would have to pass."""
    monkeypatch.setattr(standing, "LOOK_EVERY", 0.0)


# What is written, and what stays


def test_a_change_is_a_line_with_who_when_and_why_and_yesterday_stays_as_it_was(
    hotline: Hotline, staff: Staff, log_in: Log, clock: Clock
) -> None:
    before = hotline.city.departments[LIGHTS]
    admin = log_in(staff.admin)
    answer = post_form(admin, PAGE, f"{PAGE}/change", **fields(before, vi="Trung tâm Chiếu sáng", phone="1900 1234"))
    assert answer.status_code == 303
    after = hotline.city.departments[LIGHTS]
    for back in range(1, 90):
        day = TODAY - timedelta(days=back)
        assert told(after, day) == told(before, day)
    assert (told(after, TODAY), told(after, TOMORROW)) == ("Trung tâm Chiếu sáng",) * 2
    page = words(admin.get(PAGE).get_data(as_text=True))
    assert "Thay đổi từ ngày 3/3/2026" in page
    assert f"Tên: {before.vi} → Trung tâm Chiếu sáng" in page
    assert "Admin · QĐ 12/2026" in page
    with hotline.database.reading() as session:
        line = book.lines(session, LIGHTS)[-1]
        assert (line.actor_id, line.at, line.because) == (staff.admin.id, clock(), "QĐ 12/2026")
        assert session.get_one(Department, LIGHTS).vi == "Trung tâm Chiếu sáng"


def test_the_database_refuses_to_change_or_delete_a_line(hotline: Hotline) -> None:
    """Injected: each statement that changes or removes lines. Expected: refused, the lines as before.

    Without the triggers of the migration each of them goes through.
    """
    statements = ["update department_change set vi = 'khác'", "delete from department_change"]
    again = (
        "into department_change (id, department_id, change, origin, at) select id, department_id, 'closed', origin, at"
    )
    statements.append(
        f"insert or replace {again} from department_change"
        if hotline.settings.is_sqlite
        else "truncate department_change"
    )
    before = lines(hotline)
    for statement in statements:
        with pytest.raises(DBAPIError, match="append-only"), hotline.database.transaction() as session:
            session.execute(text(statement))
        assert lines(hotline) == before


def test_a_change_from_tomorrow_shows_and_routes_tomorrow_and_not_today(
    hotline: Hotline, staff: Staff, road: Road, clock: Clock
) -> None:
    opened(hotline, staff, "den_moi", since=TOMORROW)
    closed(hotline, staff, LIGHTS, TOMORROW, "den_moi")
    assert road.routed().ticket().department_id == LIGHTS
    with hotline.database.reading() as session:
        assert session.get_one(Department, LIGHTS).valid_to == TOMORROW
    clock.forward(days=1)
    assert road.routed().ticket().department_id == "den_moi"


def test_what_a_decision_said_stays_what_it_said(hotline: Hotline, staff: Staff, road: Road, clock: Clock) -> None:
    filed = road.routed()
    before = [(e.kind, e.data, e.at) for e in filed.ticket().events]
    changed(hotline, staff, LIGHTS, TODAY, vi="Tên khác")
    opened(hotline, staff, "den_moi", since=TOMORROW)
    closed(hotline, staff, LIGHTS, TOMORROW, "den_moi")
    clock.forward(days=2)
    passed_on(hotline)
    assert [(e.kind, e.data, e.at) for e in filed.ticket().events][: len(before)] == before


def test_nothing_is_said_about_days_that_are_over(hotline: Hotline, staff: Staff) -> None:
    yesterday = TODAY - timedelta(days=1)
    before = lines(hotline)
    with pytest.raises(Refused, match="since: unit_past"):
        changed(hotline, staff, LIGHTS, yesterday, vi="Tên khác")
    with pytest.raises(Refused, match="since: unit_past"):
        closed(hotline, staff, LIGHTS, yesterday, BUSES)
    assert lines(hotline) == before


def test_what_has_not_begun_can_be_undone_and_what_has_begun_cannot(
    hotline: Hotline, staff: Staff, log_in: Log, clock: Clock
) -> None:
    changed(hotline, staff, LIGHTS, TOMORROW, vi="Tên mới")
    admin = log_in(staff.admin)
    page = admin.get(PAGE).get_data(as_text=True)
    assert "Sắp tới" in words(page)
    number = hidden(page, "change_id")
    form = {"change_id": number, "undo_because": "Hoãn"}
    assert post_form(admin, PAGE, f"{PAGE}/undo", **{**form, "undo_because": ""}).status_code == 422
    assert post_form(admin, PAGE, f"{PAGE}/undo", **form).status_code == 303
    assert told(hotline.city.departments[LIGHTS], TOMORROW) != "Tên mới"
    page = words(admin.get(PAGE).get_data(as_text=True))
    assert "Hủy một thay đổi chưa bắt đầu" in page
    assert "Đã hủy Thay đổi từ ngày 4/3/2026" in page
    assert post_form(admin, PAGE, f"{PAGE}/undo", **form).status_code == 404  # twice is once
    changed(hotline, staff, LIGHTS, TOMORROW, vi="Tên mới")
    clock.forward(days=1)
    begun = lines(hotline)[-1].id
    refused = post_form(admin, PAGE, f"{PAGE}/undo", change_id=str(begun), undo_because="Hoãn")
    assert refused.status_code == 409
    assert "đã có hiệu lực nên không hủy được" in words(refused.get_data(as_text=True))


def test_a_closed_unit_can_open_again_and_the_days_between_stay_closed(
    hotline: Hotline, staff: Staff, clock: Clock
) -> None:
    closed(hotline, staff, BUSES, TODAY, LIGHTS)
    clock.forward(days=10)
    changed(hotline, staff, BUSES, TODAY + timedelta(days=10))
    unit = hotline.city.departments[BUSES]
    assert [unit.valid_on(TODAY + timedelta(days=n)) for n in (-1, 0, 9, 10)] == [True, False, False, True]
    with hotline.database.reading() as session:
        row = session.get_one(Department, BUSES)
    assert (row.valid_from, row.valid_to) == (TODAY + timedelta(days=10), None)


def test_two_administrators_at_once_the_second_is_told_and_keeps_the_words(
    hotline: Hotline, staff: Staff, log_in: Log
) -> None:
    first, second = log_in(staff.admin), log_in(staff.admin)
    shown = second.get(PAGE).get_data(as_text=True)
    unit = hotline.city.departments[LIGHTS]
    assert post_form(first, PAGE, f"{PAGE}/change", **fields(unit, phone="1900 1234")).status_code == 303
    tokens = {name: hidden(shown, name) for name in ("csrf_token", "version")}
    late = second.post(f"{PAGE}/change", data=tokens | fields(unit, vi="Tên của người thứ hai"))
    assert late.status_code == 409
    page = late.get_data(as_text=True)
    assert "Đơn vị này vừa được người khác sửa" in words(page)
    assert 'value="Tên của người thứ hai"' in page
    assert told(hotline.city.departments[LIGHTS], TODAY) == unit.vi
    for action, form in (("close", {"close_since": "2026-03-05", "close_because": "x"}), ("undo", {"change_id": "1"})):
        stale = second.post(f"{PAGE}/{action}", data=tokens | {"undo_because": "x"} | form)
        assert stale.status_code == 409, action


def test_of_two_who_write_at_the_same_moment_one_is_told(hotline: Hotline, staff: Staff) -> None:
    """Injected: two threads that saw the same line. Without `book.lock` PostgreSQL lets both through."""
    unit, seen, start = hotline.city.departments[LIGHTS], last(hotline, LIGHTS), threading.Barrier(2)

    def write(name: str) -> str:
        start.wait()
        try:
            service.change_unit(hotline, staff.admin, LIGHTS, seen, stated(unit, TODAY, vi=name))
        except Conflict:
            return "told"
        return "written"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(write, ["Tên một", "Tên hai"])) == ["told", "written"]


def test_what_is_planned_is_not_written_over(hotline: Hotline, staff: Staff) -> None:
    changed(hotline, staff, LIGHTS, TODAY + timedelta(days=9), vi="Tên mới")
    with pytest.raises(Refused, match="since: unit_planned"):
        changed(hotline, staff, LIGHTS, TOMORROW, vi="Tên khác")
    with pytest.raises(Refused, match="since: unit_planned"):
        closed(hotline, staff, LIGHTS, TOMORROW, BUSES)
    with pytest.raises(Refused, match="request: unit_same"):
        changed(hotline, staff, BUSES, TOMORROW)


def test_circles_unknown_units_and_closed_successors_are_refused_and_the_form_comes_back(
    hotline: Hotline, staff: Staff, log_in: Log
) -> None:
    admin = log_in(staff.admin)
    above = hotline.city.departments["so_xay_dung"]
    before = lines(hotline)

    def refused(unit: str, action: str, **form: str) -> str:
        page = f"{LIST}/{unit}"
        answer = post_form(admin, page, f"{page}/{action}", **form)
        assert answer.status_code == 422, (unit, form)
        return answer.get_data(as_text=True)

    circle = refused("so_xay_dung", "change", **fields(above, parent=LIGHTS, vi="Sở khác"))
    assert "nằm dưới chính nó" in words(circle)
    assert 'value="Sở khác"' in circle
    assert 'href="#parent"' in circle
    lights = hotline.city.departments[LIGHTS]
    for name, typed in (
        ("parent", "ai-do"), ("ward", "1"), ("phone", "12"), ("email", "x"), ("hours", "sáng"), ("kind", "king"),
        ("vi", ""), ("en", "x" * 201), ("since", "mai"), ("since", ""), ("because", ""), ("note", "a\0b"),
    ):  # fmt: skip
        assert f'href="#{name}"' in refused(LIGHTS, "change", **fields(lights, **{name: typed})), (name, typed)
    closing = {"close_since": "2026-03-05", "close_because": "QĐ"}
    for heir in ("ai-do", LIGHTS):
        page = refused(LIGHTS, "close", **closing, close_successor=heir)
        assert 'href="#close_successor"' in page
        assert 'value="2026-03-05"' in page
    assert "nơi nhận những gì chưa ai nhận" in words(refused("dieu_phoi_vien", "close", **closing))
    new = {"id": LIGHTS} | fields(lights)
    assert "Mã này đã là của một đơn vị khác." in words(
        post_form(admin, f"{LIST}/new", LIST, **new).get_data(as_text=True)
    )
    for wrong in ("", "Chữ Hoa", "a b", "x" * 65):
        assert post_form(admin, f"{LIST}/new", LIST, **(new | {"id": wrong})).status_code == 422
    assert lines(hotline) == before


def test_a_unit_that_others_lean_on_is_not_taken_from_under_them(hotline: Hotline, staff: Staff) -> None:
    opened(hotline, staff, "cap_tren", since=TOMORROW)
    opened(hotline, staff, "cap_duoi", since=TOMORROW, parent="cap_tren")
    with hotline.database.reading() as session:
        line = book.lines(session, "cap_tren")[-1]
    with pytest.raises(Refused, match="request: unit_depends"):
        service.undo(hotline, staff.admin, "cap_tren", line.id, line.id, "Thôi")


def test_a_new_unit_has_a_page_and_is_offered_from_its_first_day_on(
    hotline: Hotline, staff: Staff, log_in: Log, clock: Clock
) -> None:
    admin = log_in(staff.admin)
    form = {"id": "tt_moi"} | fields(hotline.city.departments[LIGHTS], vi="Trung tâm mới", since=TOMORROW.isoformat())
    answer = post_form(admin, f"{LIST}/new", LIST, **form)
    assert (answer.status_code, answer.location) == (303, f"{LIST}/tt_moi")
    assert "Chưa mở" in words(admin.get(f"{LIST}/tt_moi").get_data(as_text=True))
    offered = 'value="tt_moi"'
    assert offered not in admin.get("/admin/accounts").get_data(as_text=True)
    account = {"username": "moi", "display_name": "Mới", "role": "handler", "department_id": "tt_moi"}
    assert post_form(admin, "/admin/accounts", "/admin/accounts", **account).status_code == 422
    clock.forward(days=1)
    assert offered in admin.get("/admin/accounts").get_data(as_text=True)
    assert post_form(admin, "/admin/accounts", "/admin/accounts", **account).status_code == 201


def test_units_are_found_without_accents_by_kind_and_by_day(hotline: Hotline, staff: Staff, log_in: Log) -> None:
    opened(hotline, staff, "tt_moi", since=TODAY + timedelta(days=30), vi="Trung tâm Ánh sáng")
    admin = log_in(staff.admin)

    def found(**query: str) -> list[str]:
        page = admin.get(LIST, query_string=query).get_data(as_text=True)
        return re.findall(r'<p class="small muted mono">([^<]+)</p>', page)

    ours = ["ubnd-27163", "ca-27163", "tthcc-27163"]
    for typed in ("hoa hung", "HÒA HƯNG", "hoà hưng"):  # and Bình Hưng Hòa after them
        assert found(q=typed)[:3] == ours
    assert found(q="27163") == ours
    assert found(q="hoa hung", kind="ward")[0] == "ubnd-27163"
    assert found(q="so xay dung") == ["so_xay_dung"]
    assert (found(q="anh sang"), found(q="anh sang", day="2026-04-02")) == ([], ["tt_moi"])
    assert found(q="anh sang", all="1") == ["tt_moi"]
    assert LIGHTS not in found(kind="centre", day="2026-01-29")
    assert LIGHTS in found(kind="centre", day="2026-01-30")
    assert found(q="không có ai tên vậy") == []
    assert admin.get(LIST, query_string={"after": "ai-do"}).status_code == 404


def test_the_list_pages_by_key_and_shows_each_unit_once(hotline: Hotline, staff: Staff, log_in: Log) -> None:
    admin, seen, path = log_in(staff.admin), list[str](), f"{LIST}?kind=ward"
    while path:
        page = admin.get(path).get_data(as_text=True)
        seen += re.findall(r'<p class="small muted mono">([^<]+)</p>', page)
        more = re.search(r'href="(/admin/units\?[^"]*after=[^"]*)"', page)
        path = more[1].replace("&amp;", "&") if more else ""
    assert len(seen) == len(set(seen)) == len(hotline.city.wards)


# Running processes


def test_another_process_takes_a_change_up_and_asks_the_book_only_when_it_has_changed(
    hotline: Hotline, staff: Staff
) -> None:
    other = Hotline(hotline.settings, hotline.database, hotline.keys, hotline.now)
    first = other.city
    assert other.city is first
    changed(hotline, staff, LIGHTS, TODAY, vi="Tên mới")
    assert told(other.city.departments[LIGHTS], TODAY) == "Tên mới"
    assert other.city is not first
    assert other.city is other.city


def test_a_process_looks_at_most_every_few_seconds_and_never_when_only_files_are_asked_for(
    hotline: Hotline, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "LOOK_EVERY", 3600.0)
    other = Hotline(hotline.settings, hotline.database, hotline.keys, hotline.now)
    first = other.city
    changed(hotline, staff, LIGHTS, TODAY, vi="Tên mới")
    assert other.city is first
    assert other.files.departments[LIGHTS].vi != "Tên mới"


def test_while_the_database_is_away_the_city_stays_as_it_was_last(hotline: Hotline, staff: Staff) -> None:
    changed(hotline, staff, LIGHTS, TODAY, vi="Tên mới")
    assert told(hotline.city.departments[LIGHTS], TODAY) == "Tên mới"
    with hotline.database.transaction() as session:
        session.execute(text("alter table department_change rename to away"))
        session.execute(text("alter table installation_mark rename to away_too"))
    assert told(hotline.city.departments[LIGHTS], TODAY) == "Tên mới"


def test_the_page_of_today_is_turned_by_time_once(hotline: Hotline, staff: Staff, clock: Clock) -> None:
    changed(hotline, staff, LIGHTS, TOMORROW, vi="Tên mới")

    def name() -> str:
        with hotline.database.reading() as session:
            return session.get_one(Department, LIGHTS).vi

    before = name()
    passed_on(hotline)
    assert name() == before
    clock.forward(days=3)
    passed_on(hotline)
    assert name() == "Tên mới"
    unchanged = marks(hotline)
    passed_on(hotline)
    assert marks(hotline) == unchanged


def test_files_of_a_new_release_are_followed_but_not_over_what_administrators_said(
    hotline: Hotline, staff: Staff
) -> None:
    count = len(lines(hotline))
    loading.load(hotline)
    assert len(lines(hotline)) == count  # the same files say nothing new
    changed(hotline, staff, LIGHTS, TODAY, vi="Tên của thành phố")
    loading.load(hotline)
    assert told(hotline.city.departments[LIGHTS], TODAY) == "Tên của thành phố"


# What becomes of the work


@pytest.mark.parametrize("place", ["routed", "accepted", "asked"])
def test_open_tickets_of_a_closed_unit_go_to_its_successor_as_they_stand(
    hotline: Hotline, staff: Staff, road: Road, clock: Clock, place: str
) -> None:
    filed: Filed = getattr(road, place)()
    before = filed.ticket()
    closed(hotline, staff, LIGHTS, TOMORROW, BUSES)
    assert passed_on(hotline) == 0
    clock.forward(days=1)
    assert passed_on(hotline) == 1
    assert passed_on(hotline) == 0  # by a second relay, or again
    after = filed.ticket()
    assert (after.department_id, after.status, after.resolve_due_at) == (BUSES, before.status, before.resolve_due_at)
    event = after.events[-1]
    assert (event.kind, event.data) == ("handed_over", {"from": LIGHTS, "to": BUSES})
    leads = [a for a in after.assignments if a.kind is AssignmentKind.LEAD]
    assert [(a.department_id, a.ended_at is None) for a in leads] == [(LIGHTS, False), (BUSES, True)]
    with hotline.database.reading() as session:
        assert_consistent(session)


def test_without_a_successor_a_coordinator_decides(hotline: Hotline, staff: Staff, road: Road, clock: Clock) -> None:
    routed, asked, answered = road.routed(), road.asked(), road.answered()
    closed(hotline, staff, LIGHTS, TOMORROW, None)
    clock.forward(days=1)
    assert passed_on(hotline) == 1
    assert (routed.status(), routed.ticket().department_id) == (Status.RETURNED, None)
    assert routed.kinds()[-1] == "unit_closed"
    assert asked.status() is Status.INFO_REQUESTED  # the citizen may still answer
    assert answered.status() is Status.ANSWERED
    tracking.reopen(hotline, answered.code, "Lại tắt.")
    assert passed_on(hotline) == 1
    assert (answered.status(), answered.ticket().department_id) == (Status.REOPENED, None)
    with hotline.database.reading() as session:
        assert_consistent(session)


def test_a_closed_unit_that_helped_is_replaced_by_its_successor(
    hotline: Hotline, staff: Staff, road: Road, clock: Clock
) -> None:
    filed = road.routed()
    coordination.ask_unit(hotline, staff.alice, step(filed, "Nhờ xem trụ ở trạm."), BUSES)
    opened(hotline, staff, "tt_moi", since=TODAY)
    closed(hotline, staff, BUSES, TOMORROW, "tt_moi")
    clock.forward(days=1)
    assert passed_on(hotline) == 1
    ticket = filed.ticket()
    helping = {a.department_id: a.ended_at for a in ticket.assignments if a.kind is AssignmentKind.COORDINATING}
    assert helping == {BUSES: clock(), "tt_moi": None}
    assert ticket.department_id == LIGHTS
    assert passed_on(hotline) == 0
    with hotline.database.reading() as session:
        (part,) = coordination.parts_of(session, ticket)
        assert_consistent(session)
    assert ticket.resolve_due_at is not None
    assert (part.assignment.because, clock() < part.due_at < ticket.resolve_due_at) == ("Nhờ xem trụ ở trạm.", True)


def test_who_helps_goes_on_helping_a_successor_with_what_it_has_told(
    hotline: Hotline, staff: Staff, road: Road, clock: Clock
) -> None:
    told_it, is_heir = road.accepted(), road.accepted()
    coordination.ask_unit(hotline, staff.alice, step(told_it, "Nhờ xem trụ ở trạm."), "pccc")
    with hotline.database.transaction() as session:
        (part,) = coordination.parts_of(session, told_it.ticket())
        part.contribution, part.done_at = "Trụ này do công ty quảng cáo lắp.", clock()
    coordination.ask_unit(hotline, staff.alice, step(is_heir, "Nhờ xem trụ ở trạm."), BUSES)
    opened(hotline, staff, "tt_moi", since=TODAY)
    closed(hotline, staff, LIGHTS, TOMORROW, BUSES)
    closed(hotline, staff, "pccc", TOMORROW, "tt_moi")
    clock.forward(days=1)
    assert passed_on(hotline) == 2
    assert passed_on(hotline) == 0
    assert {filed.ticket().department_id for filed in (told_it, is_heir)} == {BUSES}
    with hotline.database.reading() as session:
        (kept,) = coordination.parts_of(session, told_it.ticket())
        assert coordination.parts_of(session, is_heir.ticket()) == []
        assert_consistent(session)
    assert (kept.assignment_id, kept.contribution) == (part.assignment_id, part.contribution)


def test_what_a_successor_gives_back_is_not_laid_to_a_rule_that_is_no_more(
    hotline: Hotline, staff: Staff, road: Road, log_in: Log, clock: Clock
) -> None:
    filed = road.routed()
    closed(hotline, staff, LIGHTS, TOMORROW, BUSES)
    clock.forward(days=1)
    passed_on(hotline)
    work.send_back(hotline, staff.bob, step(filed), Why("ward-level"))
    page = words(log_in(staff.coordinator).get("/returns").get_data(as_text=True))
    assert "Đơn vị cũ không còn, đơn vị kế nhiệm tiếp tục" in page
    assert "Quy tắc này không còn" not in page


def test_what_hangs_on_a_unit_is_said_before_and_after_it_closes_with_what_to_do(
    hotline: Hotline, staff: Staff, road: Road, log_in: Log, clock: Clock
) -> None:
    road.routed()
    admin = log_in(staff.admin)
    page = words(admin.get(PAGE).get_data(as_text=True))
    for said in ("1 phiếu đang mở.", "2 tài khoản.", "Luật chuyển phiếu còn gọi tên:"):
        assert said in page
    closed(hotline, staff, LIGHTS, TOMORROW, BUSES)
    clock.forward(days=1)
    passed_on(hotline)
    page = words(admin.get(PAGE).get_data(as_text=True))
    assert "phiếu đang mở" not in page
    assert "Còn những việc này ở đơn vị đã đóng" in page
    with hotline.database.reading() as session:
        found = list(service.misfits(hotline, session))
    assert [line.partition(":")[0] for line in found] == [
        f"{LIGHTS} is gone and rules name it, {BUSES} acts instead",
        f"{LIGHTS} is gone and 2 accounts belong to it",
    ]
    assert post_form(admin, PAGE, f"{PAGE}/accounts").status_code == 303
    with hotline.database.reading() as session:
        assert session.get_one(Account, staff.alice.id).department_id == BUSES
    assert "tài khoản" not in words(admin.get(PAGE).get_data(as_text=True)).partition("Lịch sử")[0].replace(
        "Tài khoản", ""
    )
    assert [check.ok for check in doctor._units(hotline)] == [False]


def test_who_moves_to_the_successor_lets_go_of_what_stays_with_the_closed_unit_and_each_move_is_on_record(
    hotline: Hotline, staff: Staff, road: Road, clock: Clock
) -> None:
    settled = road.answered()
    clock.forward(days=8)
    with hotline.database.transaction() as session:
        lifecycle.advance(hotline, session, hotline.now())
    answered = road.answered()
    assert (settled.status(), answered.status()) == (Status.CLOSED, Status.ANSWERED)
    with hotline.database.transaction() as session:
        for filed in (settled, answered):
            session.get_one(Ticket, filed.ticket().id).assignee_id = staff.alice.id
    closed(hotline, staff, LIGHTS, clock().date(), BUSES)
    passed_on(hotline)
    assert service.move_accounts(hotline, staff.admin, LIGHTS) == 2
    assert [one.ticket().assignee_id for one in (settled, answered)] == [None, None]
    with hotline.database.reading() as session:
        assert_consistent(session)
        changes = session.scalars(select(AuditEvent).where(AuditEvent.kind == AuditKind.ACCOUNT_CHANGED)).all()
    assert {(one.account_id, one.actor_id) for one in changes} == {
        (staff.alice.id, staff.admin.id),
        (staff.supervisor.id, staff.admin.id),
    }


def test_a_coordinator_cannot_send_a_ticket_to_a_closed_unit(
    hotline: Hotline, staff: Staff, road: Road, log_in: Log
) -> None:
    closed(hotline, staff, BUSES, TODAY, LIGHTS)
    filed = road.in_review()
    coordinator = log_in(staff.coordinator)
    page = f"/review/{filed.ticket().id}"
    assert f'value="{BUSES}"' not in coordinator.get(page).get_data(as_text=True)
    choice = {"topic_slug": "noise", "department_id": BUSES}
    assert post_form(coordinator, page, f"{page}/route", **choice).status_code == 422
    assert filed.status() is Status.NEEDS_REVIEW


def test_a_proposal_of_a_unit_that_has_closed_since_is_not_accepted(
    hotline: Hotline, staff: Staff, road: Road, log_in: Log
) -> None:
    filed = road.routed()
    work.send_back(hotline, staff.alice, step(filed), Why("wrong-unit", BUSES))
    closed(hotline, staff, BUSES, TODAY, LIGHTS)
    page = f"/review/{filed.ticket().id}"
    assert post_form(log_in(staff.coordinator), page, f"{page}/accept-proposal").status_code == 422
    assert filed.status() is Status.RETURNED


def test_the_queue_says_that_the_unit_is_gone_not_that_it_gave_the_ticket_back(
    hotline: Hotline, staff: Staff, road: Road, log_in: Log, clock: Clock
) -> None:
    road.routed()
    closed(hotline, staff, LIGHTS, TOMORROW, None)
    clock.forward(days=1)
    assert passed_on(hotline) == 1
    shown = words(log_in(staff.coordinator).get("/review").get_data(as_text=True))
    assert "Đơn vị không còn hoạt động và chưa có nơi kế nhiệm" in shown
    assert "Đơn vị trả lại" not in shown


def test_the_citizen_is_told_whether_the_unit_is_open_and_how_to_reach_it(
    hotline: Hotline, staff: Staff, road: Road, client: FlaskClient, clock: Clock
) -> None:
    filed = road.routed()

    def shown() -> str:
        return words(client.post("/t", data={"code": filed.code}).get_data(as_text=True))

    assert "Đang mở cửa, đến 11:30" in shown()  # nine o'clock in the city
    clock.forward(hours=3)
    assert "Đang đóng cửa, mở lại 13:00" in shown()
    changed(hotline, staff, LIGHTS, TODAY, hours="24/7", phone="1900 1234", address="1 Lê Lợi")
    page = shown()
    for said in ("Mở cả ngày đêm", "1900 1234", "1 Lê Lợi"):
        assert said in page


# Files


def test_a_file_written_out_changes_nothing_when_it_is_read_in_again(
    hotline: Hotline, staff: Staff, tmp_path: Path
) -> None:
    changed(hotline, staff, "ubnd-27163", TODAY, vi="UBND phường Hòa Hưng (mới)", hours="T7 7h-11h", note="on")
    opened(hotline, staff, "tt_moi", since=TODAY, parent=LIGHTS)
    closed(hotline, staff, BUSES, TODAY + timedelta(days=40), LIGHTS)
    changed(hotline, staff, LIGHTS, TODAY + timedelta(days=50), vi="Tên sau này")
    file = tmp_path / "units.yaml"
    count = exchange.export(hotline, file)
    before = lines(hotline)
    assert exchange.take_in(hotline, file, because="Lại") == []
    assert lines(hotline) == before
    assert count == len(hotline.city.departments)
    assert "Tên sau này" not in file.read_text("utf-8")
    exchange.export(hotline, file, TODAY + timedelta(days=50))
    assert "Tên sau này" in file.read_text("utf-8")


def test_a_file_of_one_installation_makes_another_the_same(
    hotline: Hotline, staff: Staff, tmp_path: Path, clock: Clock
) -> None:
    """Written out, everything changed back by the city's own file, and read in again: the units are as they were."""
    seed, file = tmp_path / "seed.yaml", tmp_path / "units.yaml"
    exchange.export(hotline, seed)
    changed(hotline, staff, LIGHTS, TODAY, vi="Trung tâm Chiếu sáng", phone="1900 1234")
    opened(hotline, staff, "tt_moi", since=TODAY, parent=LIGHTS)
    exchange.export(hotline, file)
    wanted = {name: unit.life_on(TOMORROW) for name, unit in hotline.city.departments.items()}
    clock.forward(days=1)
    back = exchange.take_in(hotline, seed, because="Về cũ")
    assert [(d.what, d.unit) for d in back] == [("changed", LIGHTS), ("closed", "tt_moi")]
    clock.forward(days=1)
    again = exchange.take_in(hotline, file, because="Như trước", dry_run=True)
    assert [(d.what, d.unit, d.fields) for d in again] == [
        ("changed", LIGHTS, ("vi", "phone")),
        ("added", "tt_moi", ()),
    ]
    before = lines(hotline)
    assert lines(hotline) == before  # a dry run writes nothing
    assert exchange.take_in(hotline, file, because="Như trước") == again
    assert exchange.take_in(hotline, file, because="Như trước") == []
    after = hotline.city.departments
    later = TODAY + timedelta(days=2)
    for name, unit in wanted.items():
        found = after[name].on(later)
        assert found is not None
        assert [getattr(found, f) for f in FIELDS if f not in DATED] == [
            getattr(unit, f) for f in FIELDS if f not in DATED
        ]
    with hotline.database.reading() as session:
        line = book.lines(session, "tt_moi")[-1]
    assert (line.origin.value, line.because, line.actor_id) == ("file", "Như trước", None)


def test_a_file_that_cannot_be_meant_is_refused_with_its_lines_and_nothing_is_written(
    hotline: Hotline, staff: Staff, tmp_path: Path
) -> None:
    changed(hotline, staff, LIGHTS, TODAY + timedelta(days=9), vi="Tên sau này")
    file = tmp_path / "units.yaml"
    exchange.export(hotline, file)
    good = file.read_text("utf-8")
    line = next(n for n, row in enumerate(good.splitlines(), 1) if row == f"- id: {LIGHTS}")
    before = lines(hotline)
    for old, new, expected in (
        (
            f"- id: {LIGHTS}\n",
            f"- id: {LIGHTS}\n  note: khác\n",
            f"units.yaml:{line}: department '{LIGHTS}' has a change",
        ),
        (f"- id: {LIGHTS}\n", f"- id: {LIGHTS}\n  nit: khác\n", f"units.yaml:{line}: unknown key 'nit'"),
        ("valid_from: 2026-01-30", "valid_from: 2026-02-01", f"units.yaml:{line}: department '{LIGHTS}' began on"),
        ("coordinator: dieu_phoi_vien", "coordinator: catp", "units.yaml: the coordinator of this city is"),
        ("- id: so_du_lich\n", "- id: so_du_lich\n  valid_to: 2026-03-09\n  successor: so_vhtt\n", None),
        (
            "- id: so_xay_dung\n",
            "- id: so_xay_dung\n  valid_to: 2026-03-09\n",
            f"units.yaml:{line + 1}: department '{LIGHTS}'",
        ),
        ("- id: so_y_te\n", "- id: so_y_te\n  note: khác\n", None),
        ("  parent: so_y_te\n", "  parent: hcdc\n", "'hcdc' is its own parent"),
    ):
        assert old in good
        file.write_text(good.replace(old, new, 1), "utf-8")
        if expected is None:  # this one can be meant
            assert len(exchange.take_in(hotline, file, because="Thử", dry_run=True)) == 1
            continue
        with pytest.raises(CityDataError) as refused:
            exchange.take_in(hotline, file, because="Thử")
        assert expected in str(refused.value)
    file.write_text(good, "utf-8")
    with pytest.raises(CityDataError, match="days that are over stay as they were"):
        exchange.take_in(hotline, file, because="Thử", day=TODAY - timedelta(days=1))
    assert lines(hotline) == before


def test_tables_hold_what_the_file_holds(hotline: Hotline, staff: Staff, tmp_path: Path) -> None:
    changed(hotline, staff, LIGHTS, TODAY, vi="=1+1", note="@x")
    exchange.export(hotline, tmp_path / "units.csv")
    exchange.export(hotline, tmp_path / "units.xlsx")
    with (tmp_path / "units.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = {row["id"]: row for row in csv.DictReader(stream)}
    assert set(rows) == set(hotline.city.departments)
    assert (rows[LIGHTS]["vi"], rows[LIGHTS]["note"], rows["pccc"]["phone"]) == ("'=1+1", "'@x", "114")
    sheet = load_workbook(tmp_path / "units.xlsx").worksheets[0]
    head, *body = [list(row) for row in sheet.iter_rows()]
    found = {row[0].value: row for row in body}
    assert [cell.value for cell in head] == list(FIELDS)
    assert set(found) == set(rows)
    name = found[LIGHTS][FIELDS.index("vi")]
    assert (name.value, name.data_type) == ("=1+1", "s")


# The API


def test_administrators_programs_read_the_units_of_a_day(
    hotline: Hotline, staff: Staff, client: FlaskClient, bearer: Callable[[Account], dict[str, str]]
) -> None:
    changed(hotline, staff, LIGHTS, TODAY, phone="1900 1234", hours="24/7", note="chỉ nội bộ")
    closed(hotline, staff, BUSES, TOMORROW, LIGHTS)
    headers = bearer(staff.admin)

    def asked(**query: str) -> dict[str, dict[str, Any]]:
        units: dict[str, dict[str, Any]] = {}
        page: dict[str, Any] = {"next": ""}
        while page["next"] is not None:
            asking = query | {"after": page["next"]}
            page = client.get("/api/v1/units", query_string=asking, headers=headers).get_json()
            units |= {unit["id"]: unit for unit in page["units"]}
        return units

    today, tomorrow = asked(), asked(on=TOMORROW.isoformat())
    assert set(today) == {name for name, unit in hotline.city.departments.items() if unit.valid_on(TODAY)}
    assert set(today) - set(tomorrow) == {BUSES}
    assert today[LIGHTS] == {
        "id": LIGHTS, "vi": "Trung tâm Quản lý Giao thông và Hạ tầng kỹ thuật",
        "en": "Traffic and Technical Infrastructure Management Centre", "kind": "centre", "ward": None,
        "parent": "so_xay_dung", "valid_from": "2026-01-30", "valid_to": None, "successor": None,
        "contact": {"phone": "1900 1234", "email": None, "address": None}, "hours": "24/7",
    }  # fmt: skip
    assert (today[BUSES]["valid_to"], today[BUSES]["successor"]) == (TOMORROW.isoformat(), LIGHTS)
    assert {unit["kind"] for unit in asked(kind="police").values()} == {DepartmentKind.POLICE}
    for query in ({"on": "mai"}, {"kind": "king"}):
        assert client.get("/api/v1/units", query_string=query, headers=headers).status_code == 422
    assert client.get("/api/v1/units", query_string={"after": "ai-do"}, headers=headers).status_code == 404


# Helpers


def told(unit: DepartmentFact, day: date) -> str | None:
    found = unit.on(day)
    return found.vi if found else None


def fields(unit: DepartmentFact, **typed: str) -> dict[str, str]:
    """A unit's form as it comes from its page, with these fields typed anew."""
    known = {name: getattr(unit, name) for name in FIELDS if name not in {*DATED, "id", "hours", "kind"}}
    form = {name: value for name, value in known.items() if value is not None}
    form["hours"] = unit.hours.written("vi") if unit.hours else ""
    return form | {"kind": unit.kind.value, "since": TODAY.isoformat(), "because": "QĐ 12/2026"} | typed


def stated(unit: DepartmentFact, since: date, **typed: str) -> Stated:
    return read_stated(fields(unit, since=since.isoformat(), **typed), unit.id)


def test_who_comes_in_by_a_group_of_a_closed_unit_stays_out_and_is_left_no_session_and_no_key(
    hotline: Hotline,
    staff: Staff,
    client: FlaskClient,
    log_in: Callable[[Account], FlaskClient],
    bearer: Callable[[Account], dict[str, str]],
) -> None:
    posts = (Post("den-duong", Role.HANDLER, LIGHTS, cleared=False),)
    claims = Claims("https://sso.vidu.vn", "sub-lan", "lan", "Chị Lan", frozenset({"den-duong"}), strong=False)
    account = federation.account_of(hotline, posts, claims)
    inside, key = log_in(account), bearer(account)
    assert inside.get("/work").status_code == 200
    closed(hotline, staff, LIGHTS, hotline.now().date(), BUSES)
    with pytest.raises(Refused) as refused:
        federation.account_of(hotline, posts, claims)
    assert refused.value.problems[0].code == "sso_no_role"
    assert inside.get("/work").status_code == 303
    assert client.get("/api/v1/tickets", headers=key).status_code == 401
    with hotline.database.reading() as session:
        taken = session.scalars(select(AuditEvent).where(AuditEvent.kind == AuditKind.TOKEN_REVOKED)).one()
    assert (taken.account_id, taken.actor_id) == (account.id, None)


def last(hotline: Hotline, unit: str) -> int:
    with hotline.database.reading() as session:
        return book.written_since(session, unit)


def changed(hotline: Hotline, staff: Staff, unit: str, since: date, **typed: str) -> None:
    newest = hotline.city.departments[unit]
    service.change_unit(hotline, staff.admin, unit, last(hotline, unit), stated(newest, since, **typed))


def opened(hotline: Hotline, staff: Staff, unit: str, since: date, **typed: str) -> None:
    form = {"id": unit, "vi": f"Đơn vị {unit}", "en": f"Unit {unit}", "kind": "centre", "because": "QĐ"}
    service.open_unit(hotline, staff.admin, read_stated(form | {"since": since.isoformat()} | typed))


def closed(hotline: Hotline, staff: Staff, unit: str, since: date, heir: str | None) -> None:
    service.close_unit(hotline, staff.admin, unit, last(hotline, unit), Closing(since, heir, "QĐ 12/2026"))


def passed_on(hotline: Hotline) -> int:
    with hotline.database.transaction() as session:
        return handover.advance(hotline, session, hotline.now())


def lines(hotline: Hotline) -> list[Any]:
    with hotline.database.reading() as session:
        return list(session.execute(select(*DepartmentChange.__table__.columns).order_by(DepartmentChange.id)))


def marks(hotline: Hotline) -> list[Any]:
    with hotline.database.reading() as session:
        rows = list(session.execute(text("select name, value from installation_mark order by name")))
        return [*rows, *session.execute(select(*Department.__table__.columns).order_by(Department.id))]
