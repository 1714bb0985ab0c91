"""What auditors read: every way in and every change of accounts, and nothing that anybody typed."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from app.accounts.service import NewAccount
from app.admin.service import create_account, disable_account, invite_again
from app.audit import service
from app.audit.record import record
from app.audit.service import PAGE, Topic
from app.bench.scratch import RedisServer
from app.hotline import Hotline
from app.problems import NotFound
from models.audit import AuditEvent
from models.vocabulary import AuditKind, Role
from tests.app.conftest import PASSWORD, Clock, Road, Staff
from tests.app.test_login import enter
from tests.pages import post_form, words

Log = Callable[..., FlaskClient]


def test_the_record_tells_who_came_in_who_did_not_and_what_was_done_to_accounts(
    redis: RedisServer, app: Flask, hotline: Hotline, staff: Staff, log_in: Log, clock: Clock
) -> None:
    browser = app.test_client()
    enter(browser, "alice", "sai mật khẩu")
    enter(browser, "alice")
    post_form(browser, "/work", "/accounts/logout")
    create_account(hotline, NewAccount("moi", "Người mới", Role.AUDITOR), staff.admin.id)
    invite_again(hotline, staff.alice.id, staff.admin.id)
    disable_account(hotline, staff.bob.id, staff.admin.id)
    with hotline.database.reading() as session:
        lines = service.page(session).lines
    assert [(line.kind, line.whom, line.who) for line in reversed(lines)] == [
        (AuditKind.LOGIN_FAILED, "alice", None),
        (AuditKind.LOGIN, "alice", "alice"),
        (AuditKind.LOGOUT, "alice", "alice"),
        (AuditKind.ACCOUNT_CREATED, "moi", "admin"),
        (AuditKind.INVITED, "alice", "admin"),
        (AuditKind.ACCOUNT_DISABLED, "bob", "admin"),
    ]
    page = words(log_in(staff.auditor).get("/audit").get_data(as_text=True))
    assert "Đăng nhập không được" in page
    assert "Khóa tài khoản" in page


def test_an_opening_of_a_sealed_ticket_is_a_line_without_its_reason(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log
) -> None:
    """The record of reads stays the one record; its reason, which may speak of people, is read at the ticket alone."""
    filed = road.sealed()
    page = f"/sealed/{filed.ticket().id}"
    reason = "Xem xét đơn của ông Bảy"
    opened = post_form(log_in(staff.cleared), page, f"{page}/open", reason=reason)
    assert opened.status_code == 200
    shown = log_in(staff.auditor).get("/audit?topic=sealed").get_data(as_text=True)
    assert "Mở đọc phiếu niêm phong" in words(shown)
    assert page in shown
    assert reason not in shown
    administrators = log_in(staff.admin).get("/audit?topic=sealed").get_data(as_text=True)
    assert "Mở đọc phiếu niêm phong" in words(administrators)
    assert page not in administrators


def test_lists_and_reports_that_leave_the_house_are_lines(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log, clock: Clock
) -> None:
    """Each has a record of its own, as openings have: shown among the others, in its order, and written once."""
    road.routed()
    clock.forward(minutes=1)
    lists = post_form(log_in(staff.alice), "/work", "/work/export", format="csv")
    lists.get_data()  # it is streamed
    clock.forward(minutes=1)
    days = {"from": "2026-02-01", "to": "2026-02-28"}
    report = post_form(log_in(staff.supervisor), "/board", "/board/report", form="xlsx", **days)
    assert (lists.status_code, report.status_code) == (200, 200)
    with hotline.database.reading() as session:
        lines = service.page(session, Topic.EXPORTS).lines
        of_alice = service.page(session, account_id=staff.alice.id).lines
        assert service.page(session, Topic.SEALED).lines == []
        assert service.page(session).lines == lines
    assert [(line.kind, line.who, line.detail) for line in lines] == [
        (AuditKind.EXPORTED, "supervisor", "report xlsx"),
        (AuditKind.EXPORTED, "alice", "list csv"),
    ]
    assert of_alice == lines[1:]
    shown = words(log_in(staff.admin).get("/audit?topic=exports").get_data(as_text=True))
    assert "report xlsx" in shown
    assert "list csv" in shown


def test_paging_shows_every_line_once_newest_first_whatever_comes_meanwhile(
    hotline: Hotline, staff: Staff, clock: Clock
) -> None:
    note(hotline, staff, 2 * PAGE + 7, clock)
    seen: list[service.Line] = []
    after = None
    while True:
        with hotline.database.reading() as session:
            page = service.page(session, Topic.EXPORTS, after)
        seen += page.lines
        after = page.after
        if after is None:
            break
        note(hotline, staff, 3, clock)
    assert len(seen) == 2 * PAGE + 7
    assert [line.at for line in seen] == sorted((line.at for line in seen), reverse=True)
    assert [line.detail for line in seen] == [f"list {n}" for n in reversed(range(2 * PAGE + 7))]


def test_lines_of_one_instant_are_neither_left_out_nor_shown_twice(hotline: Hotline, staff: Staff) -> None:
    with hotline.database.transaction() as session:
        for n in range(PAGE + 5):
            record(session, hotline.now(), AuditKind.EXPORTED, actor=staff.admin.id, detail=f"list {n}")
    with hotline.database.reading() as session:
        first = service.page(session)
        rest = service.page(session, after=first.after)
    assert len({line.detail for line in [*first.lines, *rest.lines]}) == PAGE + 5
    assert rest.after is None


@pytest.mark.parametrize("after", ["x", "2026-01-01_0_1", "2026-01-01T00:00:00+00:00_7_1", "a_b_c", "__"])
def test_a_key_that_was_never_given_leads_nowhere(hotline: Hotline, staff: Staff, log_in: Log, after: str) -> None:
    with hotline.database.reading() as session, pytest.raises(NotFound):
        service.page(session, after=after)
    assert log_in(staff.auditor).get("/audit", query_string={"after": after}).status_code == 404
    assert log_in(staff.auditor).get("/audit?topic=king").status_code == 404


def test_the_database_itself_refuses_to_change_or_delete_a_line(hotline: Hotline, staff: Staff) -> None:
    note(hotline, staff, 1, None)
    own = "truncate audit_event" if not hotline.settings.is_sqlite else (
        "replace into audit_event (id, at, kind) select id, at, 'login' from audit_event"
    )  # fmt: skip
    for statement in ("update audit_event set detail = 'x'", "delete from audit_event", own):
        with pytest.raises(DBAPIError, match="append-only"), hotline.database.transaction() as session:
            session.execute(text(statement))
    with hotline.database.reading() as session:
        assert session.scalars(select(AuditEvent.detail)).all() == ["list 0"]


def test_nothing_that_somebody_typed_is_in_the_record(
    redis: RedisServer, app: Flask, hotline: Hotline, staff: Staff, log_in: Log
) -> None:
    secret = "chuỗi-lạ-không-đâu-có"
    enter(app.test_client(), secret, secret)
    alice = log_in(staff.alice)
    post_form(alice, "/accounts/me", "/accounts/me/tokens", name=secret, scopes=["read"], days="30")
    post_form(alice, "/accounts/me", "/accounts/me/password", current=PASSWORD, password=secret)
    create_account(hotline, NewAccount("moi", secret, Role.AUDITOR), staff.admin.id)
    with hotline.database.reading() as session:
        events = session.scalars(select(AuditEvent)).all()
        assert len(events) == 5
        for event in events:
            assert secret not in str({column.name: getattr(event, column.name) for column in event.__table__.columns})


def test_an_accounts_page_shows_what_it_did_and_what_was_done_to_it(
    hotline: Hotline, staff: Staff, log_in: Log
) -> None:
    invite_again(hotline, staff.alice.id, staff.admin.id)
    disable_account(hotline, staff.bob.id, staff.alice.id)
    with hotline.database.reading() as session:
        found = service.page(session, account_id=staff.alice.id).lines
    assert {(line.kind, line.whom) for line in found} == {
        (AuditKind.INVITED, "alice"),
        (AuditKind.ACCOUNT_DISABLED, "bob"),
    }


def note(hotline: Hotline, staff: Staff, number: int, clock: Clock | None) -> None:
    """Write lines, one a second."""
    with hotline.database.transaction() as session:
        for n in range(number):
            if clock is not None:
                clock.at += timedelta(seconds=1)
            record(session, hotline.now(), AuditKind.EXPORTED, actor=staff.admin.id, detail=f"list {n}")
