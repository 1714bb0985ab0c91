"""A denunciation: out of everybody's sight but of those cleared for it, from the first moment to the last."""

import re
from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.access import visible_to
from app.hotline import Hotline
from app.review import service as review
from models.account import Account
from models.ticket import Ticket
from models.vocabulary import Status, SubmissionType
from tests.app.conftest import LIGHTS, PEOPLE, Filed, Road, Staff
from tests.pages import post_form, words

Log = Callable[[Account], FlaskClient]
SECRET = "Tôi tố cáo ông Bảy nhận tiền của dân để ký hồ sơ trái luật"


def test_a_sealed_ticket_is_seen_by_cleared_coordinators_and_nobody_else(
    hotline: Hotline, road: Road, staff: Staff
) -> None:
    filed = road.sealed(SECRET)
    assert sees(hotline, staff, filed) == {"cleared"}
    road.refer_sealed(filed, "Bạn nộp đơn tại Ban Tiếp công dân.")
    assert sees(hotline, staff, filed) == {"cleared"}


def test_only_the_cleared_are_shown_that_there_is_such_a_list(road: Road, staff: Staff, log_in: Log) -> None:
    road.sealed(SECRET)
    shown = words(log_in(staff.cleared).get("/review").get_data(as_text=True))
    assert "Chỉ người được giao mới thấy mục này." in shown
    assert "ông Bảy" in shown
    hidden = words(log_in(staff.coordinator).get("/review").get_data(as_text=True))
    assert "Niêm phong" not in hidden
    assert "ông Bảy" not in hidden


def test_a_coordinator_can_seal_what_awaits_review_and_loses_sight_of_it(
    client: FlaskClient, hotline: Hotline, road: Road, staff: Staff, log_in: Log
) -> None:
    filed = road.in_review()
    page = f"/review/{filed.ticket().id}"
    coordinator = log_in(staff.coordinator)
    assert post_form(coordinator, page, f"{page}/seal", reason="Tố cáo cán bộ phường.").status_code == 303
    ticket = filed.ticket()
    assert (ticket.status, ticket.submission_type) == (Status.SEALED, SubmissionType.DENUNCIATION)
    assert coordinator.get(page).status_code == 404
    assert sees(hotline, staff, filed) == {"cleared"}
    assert "Tố cáo cán bộ phường." in words(log_in(staff.cleared).get(page).get_data(as_text=True))
    assert "cán bộ" not in client.post("/t", data={"code": filed.code}).get_data(as_text=True)


def test_a_sealed_ticket_is_never_routed_and_only_referred(
    app: Flask, road: Road, staff: Staff, bearer: Callable[[Account], dict[str, str]]
) -> None:
    filed = road.sealed(SECRET)
    cleared = bearer(staff.cleared)
    path = f"/api/v1/tickets/{filed.ticket().id}"
    told = {"version": filed.ticket().version, "public_text": "Bạn nộp đơn tại Ban Tiếp công dân."}
    why = {"version": filed.ticket().version, "reason": "Thử."}
    choice = {"version": filed.ticket().version, "topic_slug": "street-lighting", "department_id": LIGHTS}
    steps = {"route": choice, "reject": told, "seal": why, "accept": {"version": 2}, "answer": told, "return": why}
    client = app.test_client()
    answers = {name: client.post(f"{path}/{name}", json=body, headers=cleared) for name, body in steps.items()}
    assert {name: answer.status_code for name, answer in answers.items()} == {
        "route": 409, "reject": 409, "seal": 409, "accept": 404, "answer": 404, "return": 404,
    }  # fmt: skip
    assert (filed.kinds(), filed.ticket().assignments) == (["received", "sealed"], [])
    assert client.post(f"{path}/refer", json=told, headers=cleared).status_code == 200
    assert (filed.status(), filed.ticket().department_id) == (Status.REFERRED, None)


def test_the_words_of_a_denunciation_are_nowhere_but_in_the_ticket(hotline: Hotline, road: Road) -> None:
    """Its history, which more people may come to read, says only that it was sealed."""
    for filed in (road.sealed(SECRET), road.routed(SECRET)):
        assert filed.status() is Status.SEALED
        kept = [(event.public_text, event.internal_text, event.data) for event in filed.ticket().events]
        assert not re.search("Bảy|tiền|hồ sơ|official-conduct", str(kept))


def test_a_report_is_seen_by_nobody_until_it_is_triaged(hotline: Hotline, road: Road, staff: Staff) -> None:
    filed = road.file()
    assert sees(hotline, staff, filed) == set()
    road.triage()
    assert sees(hotline, staff, filed) == {"alice", "supervisor", "coordinator", "cleared", "auditor"}


def test_clearance_is_a_coordinators_alone(hotline: Hotline, road: Road, staff: Staff) -> None:
    filed = road.sealed(SECRET)
    with hotline.database.transaction() as session:
        for name in PEOPLE:
            session.get_one(Account, staff.accounts[name].id).cleared = True
    with hotline.database.reading() as session:
        staff.accounts = {name: session.get_one(Account, staff.accounts[name].id) for name in PEOPLE}
    assert sees(hotline, staff, filed) == {"coordinator", "cleared"}
    with hotline.database.reading() as session:
        assert review.sealed(session, staff.alice) == []


def sees(hotline: Hotline, staff: Staff, filed: Filed) -> set[str]:
    """Return who may know that this ticket exists."""
    with hotline.database.reading() as session:
        return {
            name
            for name, account in staff.accounts.items()
            if session.scalar(select(Ticket).where(Ticket.id == filed.ticket().id, visible_to(account)))
        }
