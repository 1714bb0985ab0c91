"""The demonstration: lived through the same services as everything, once, and marked as invented."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app import demo
from app.accounts import service as accounts
from app.consistency import violations
from app.demonstration import DEMO_MARK
from app.desk import calls
from app.hotline import Hotline
from app.maps import counting
from app.web import create_app
from app.work import approval, saved
from models.account import Account
from models.outbox import InstallationMark
from models.ticket import Ticket
from models.vocabulary import Role, Status
from tests.pages import words

INVENTED = "Bản thử: mọi phản ánh và tài khoản ở đây đều là bịa."


def test_a_demonstration_is_filled_once_by_the_laws_of_the_program_and_says_that_it_is_one(
    hotline: Hotline, models_dir: Path, client: FlaskClient
) -> None:
    assert INVENTED not in words(client.get("/").get_data(as_text=True))
    (hotline.settings.data / "models").symlink_to(models_dir)
    printed = list(demo.fill(hotline))
    with hotline.database.reading() as session:
        assert violations(session) == []
        tickets = {ticket.id: ticket.status for ticket in session.scalars(select(Ticket))}
        people = session.scalar(select(func.count(Account.id)))
        ready = session.scalars(select(Account).where(Account.password_hash.is_not(None))).all()
    assert len(tickets) >= 20
    assert len(set(tickets.values())) >= 4
    assert Status.RECEIVED not in tickets.values()
    assert {account.role for account in ready} == set(Role)

    username, password = next(line.split()[:2] for line in printed if line.strip().startswith("coordinator"))
    with hotline.database.reading() as session:
        account = accounts.authenticate(session, username, password)
    assert account is not None
    assert account.cleared

    person = {one.username: one for one in ready}
    leader, handler, coordinator = (person[name] for name in ("supervisor", "handler", "coordinator"))
    with hotline.database.reading() as session:
        waiting = approval.waiting(session, leader).answers
        assert len(waiting) >= 3
        assert {one.written_by for one in waiting} >= {handler.id}
        assert len({one.written_at for one in waiting}) >= 3
        assert 0 < approval.count(session, handler) < len(waiting)
        views = [[view.name for view in saved.views(session, one)] for one in (leader, handler, coordinator)]
        assert [len(names) for names in views] == [2, 3, 1]
        (exchange,) = calls.exchanges(session)
        assert exchange.revoked_at is None
        assert exchange.id in calls.last_calls(session)

    again = list(demo.fill(hotline))
    assert len(again) == 1
    assert "already" in again[0]
    with hotline.database.reading() as session:
        assert {ticket.id: ticket.status for ticket in session.scalars(select(Ticket))} == tickets
        assert session.scalar(select(func.count(Account.id))) == people

    counting.keep(hotline)
    visitor = create_app(hotline).test_client()
    found = visitor.get("/api/v1/map").json
    assert found is not None
    assert found["total"]["received"] > 60
    assert min(len(found["wards"]), len(found["topics"])) >= 5
    assert 0 < found["total"]["on_time"] < 1
    for path in ("/", "/t", "/accounts/login", "/rieng-tu", "/no-such-page"):
        assert INVENTED in words(visitor.get(path).get_data(as_text=True)), path


def test_a_demonstration_that_is_broken_off_is_marked_and_has_handed_its_passwords_out(
    hotline: Hotline, monkeypatch: pytest.MonkeyPatch
) -> None:
    marked: list[bool] = []

    def script() -> Iterator[dict[str, Any]]:
        with hotline.database.reading() as session:
            marked.append(session.get(InstallationMark, DEMO_MARK) is not None)
        return iter(())

    def broken(_hotline: Hotline) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "_script", script)
    monkeypatch.setattr(demo.fortnight, "script", script)
    monkeypatch.setattr(demo.desk, "fill", broken)
    printed: list[str] = []
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012 - what came before it counts
        for line in demo.fill(hotline):
            printed.append(line)  # noqa: PERF402
    assert marked == [True, True]
    assert "coordinator" in demo.passwords(printed)
