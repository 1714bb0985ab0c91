"""A denunciation: out of everybody's sight, opened for a reason that stays on record, referred without its writer."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from app.access import sealed_to, visible_to
from app.consistency import assert_consistent
from app.hotline import Hotline
from app.problems import Conflict, NotFound
from app.review import service as review
from app.sealed import service as sealed
from app.tracking import service as tracking
from models.account import Account
from models.sealed import SealedRead
from models.ticket import Ticket
from models.vocabulary import Channel, Status, SubmissionType
from tests.app.conftest import LIGHTS, LIGHTS_OUT, PEOPLE, Filed, Road, Staff, file_with_photo, step
from tests.pages import hidden, post_form, words

Log = Callable[[Account], FlaskClient]
Bearer = Callable[[Account], dict[str, str]]
SECRET = "Tôi tố cáo ông Bảy nhận tiền của dân để ký hồ sơ trái luật"
WHY = "Xem để chuyển nơi xác minh"


def test_a_denunciation_is_met_by_nothing_that_lists_tickets_and_known_to_the_cleared_and_to_auditors(
    hotline: Hotline, road: Road, staff: Staff
) -> None:
    filed = road.sealed(SECRET)
    assert (sees(hotline, staff, filed), knows(hotline, staff, filed)) == (set(), {"cleared", "auditor"})
    road.refer_sealed(filed, "Ông Bảy nhận tiền của dân.")
    assert (sees(hotline, staff, filed), knows(hotline, staff, filed)) == (set(), {"cleared", "auditor"})


@pytest.mark.parametrize("called", ["phan-anh", "khieu-nai", "khen-ngoi"])
def test_whatever_its_citizen_calls_it_what_reads_like_a_denunciation_is_sealed(
    hotline: Hotline, road: Road, staff: Staff, called: str
) -> None:
    filed = road.routed(SECRET, submission_type=called)
    assert filed.status() is Status.SEALED
    assert sees(hotline, staff, filed) == set()
    kept = road.file(SECRET, submission_type=called)
    with hotline.database.transaction() as session:
        session.get_one(Ticket, kept.ticket().id).channel = Channel.PHONE
    road.triage()
    assert kept.status() is not Status.SEALED, "a call-taker could ask"


def test_the_list_says_nothing_of_what_was_said(road: Road, staff: Staff, log_in: Log) -> None:
    filed = road.sealed(SECRET, place_text="số 9 đường Hoa Sứ")
    for person in (staff.cleared, staff.auditor):
        shown = log_in(person).get("/sealed").get_data(as_text=True)
        assert str(filed.ticket().id) in shown
        assert not re.search("Bảy|Hoa Sứ", shown)
    assert log_in(staff.coordinator).get("/sealed").status_code == 404
    assert "/sealed" not in log_in(staff.coordinator).get("/review").get_data(as_text=True)
    assert "Bảy" not in log_in(staff.cleared).get("/review").get_data(as_text=True)


def test_opening_takes_a_reason_each_time_and_each_time_is_on_record(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log
) -> None:
    filed = road.sealed(SECRET, contact_name="Lê Thị Tám", contact_phone="0901234567", consent=True)
    page = f"/sealed/{filed.ticket().id}"
    cleared = log_in(staff.cleared)
    assert "Bảy" not in cleared.get(page).get_data(as_text=True)
    for reason in ("", "  ", "abc"):
        refused = post_form(cleared, page, f"{page}/open", reason=reason)
        assert refused.status_code == 422
        assert "Bảy" not in refused.get_data(as_text=True)
    assert reads(hotline) == []
    for reason in (WHY, "Kiểm tra lại lần nữa"):
        opened = post_form(cleared, page, f"{page}/open", reason=reason)
        said = words(opened.get_data(as_text=True))
        assert opened.headers["Cache-Control"] == "no-store"
        assert SECRET in said
        assert "Lê Thị Tám · +84901234567" in said
    assert reads(hotline) == [("cleared", WHY), ("cleared", "Kiểm tra lại lần nữa")]
    for person in (staff.cleared, staff.auditor):
        shown = words(log_in(person).get(page).get_data(as_text=True))
        assert WHY in shown
        assert "Bảy" not in shown
        assert "Lê Thị Tám" not in shown


def test_an_auditor_sees_who_read_it_and_cannot_open_it(
    hotline: Hotline, app: Flask, road: Road, staff: Staff, log_in: Log, bearer: Bearer
) -> None:
    filed = road.sealed(SECRET)
    path = f"/sealed/{filed.ticket().id}"
    auditor = log_in(staff.auditor)
    token = hidden(auditor.get(path).get_data(as_text=True), "csrf_token")
    assert auditor.post(f"{path}/open", data={"reason": WHY, "csrf_token": token}).status_code == 404
    client = app.test_client()
    refused = client.post(f"/api/v1{path}/open", json={"reason": WHY}, headers=bearer(staff.auditor))
    assert refused.status_code == 404
    assert reads(hotline) == []
    assert client.get(f"/api/v1{path}", headers=bearer(staff.auditor)).get_json()["reads"] == []


def test_a_program_opens_with_a_reason_or_not_at_all(
    hotline: Hotline, app: Flask, road: Road, staff: Staff, bearer: Bearer
) -> None:
    filed = road.sealed(SECRET, place_text="số 9 đường Hoa Sứ")
    path = f"/api/v1/sealed/{filed.ticket().id}"
    client, cleared = app.test_client(), bearer(staff.cleared)
    for body in ({}, {"reason": ""}, {"reason": "abc"}):
        assert client.post(f"{path}/open", json=body, headers=cleared).status_code == 422
    assert client.get(f"/api/v1/tickets/{filed.ticket().id}", headers=cleared).status_code == 404
    assert "Bảy" not in client.get(path, headers=cleared).get_data(as_text=True)
    assert reads(hotline) == []
    opened = client.post(f"{path}/open", json={"reason": WHY}, headers=cleared).get_json()
    assert (opened["text"], opened["place_text"]) == (SECRET, "số 9 đường Hoa Sứ")
    assert reads(hotline) == [("cleared", WHY)]
    rows = client.get("/api/v1/sealed", headers=cleared).get_json()["tickets"]
    assert [(row["id"], row["reads"]) for row in rows] == [(str(filed.ticket().id), 1)]


def test_the_record_of_reads_cannot_be_changed_or_emptied(hotline: Hotline, road: Road, staff: Staff) -> None:
    filed = road.sealed(SECRET)
    sealed.open_for(hotline, staff.cleared, filed.ticket().id, WHY)
    again = "into sealed_read (id, ticket_id, account_id, at, reason) select id, ticket_id, account_id, at, 'x'"
    own = ("truncate sealed_read",) if not hotline.settings.is_sqlite else (f"replace {again} from sealed_read",)
    for statement in ("update sealed_read set reason = 'khác'", "delete from sealed_read", *own):
        with pytest.raises(DBAPIError, match="append-only"), hotline.database.transaction() as session:
            session.execute(text(statement))
    assert reads(hotline) == [("cleared", WHY)]


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
    assert knows(hotline, staff, filed) == {"cleared", "auditor"}
    opened = sealed.open_for(hotline, staff.cleared, ticket.id, WHY)
    assert (opened.content.note, opened.content.text) == ("Tố cáo cán bộ phường.", LIGHTS_OUT)
    assert "cán bộ" not in client.post("/t", data={"code": filed.code}).get_data(as_text=True)


@pytest.mark.parametrize("stands", ["returned", "rejected"])
def test_what_units_and_citizen_wrote_before_goes_into_the_vault_too_and_comes_back(
    hotline: Hotline, road: Road, staff: Staff, stands: str
) -> None:
    filed: Filed = getattr(road, stands)("Việc này của ông Bảy.")
    if stands == "rejected":
        tracking.reopen(hotline, filed.code, "Xin xem lại chuyện ông Bảy.")
    before = history(filed)
    assert "ông Bảy" in str(before)
    review.seal(hotline, staff.cleared, step(filed, "Tố cáo ông Bảy."))
    assert "Bảy" not in str(history(filed))
    consistent(hotline)
    sealed.release(hotline, staff.cleared, step(filed, "Chỉ là việc hạ tầng."), "phan-anh")
    assert history(filed)[: len(before)] == before
    consistent(hotline)


def test_a_false_alarm_is_released_whole_and_goes_the_ordinary_way(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log
) -> None:
    fields = {"place_text": "hẻm 285", "latitude": "10.77", "longitude": "106.66", "contact_phone": "0901234567",
              "consent": "true"}  # fmt: skip
    open_one = file_with_photo(hotline, LIGHTS_OUT, **fields)
    filed = file_with_photo(hotline, LIGHTS_OUT, submission_type="to-cao", **fields)
    road.triage()
    cleared = log_in(staff.cleared)
    page = f"/sealed/{filed.ticket().id}"
    nonsense = post_form(cleared, page, f"{page}/release", reason="Không phải.", submission_type="to-cao")
    assert nonsense.status_code == 422
    done = post_form(cleared, page, f"{page}/release", reason="Đèn tắt thôi.", submission_type="phan-anh")
    assert (done.status_code, done.location) == (303, f"/review/{filed.ticket().id}")
    ticket, other = filed.ticket(), open_one.ticket()
    assert (ticket.status, ticket.submission_type) == (Status.NEEDS_REVIEW, SubmissionType.REPORT)
    for name in ("text", "search_text", "place_text", "lat", "lon"):
        assert getattr(ticket, name) == getattr(other, name), name
    contact = filed.contact()
    assert contact is not None
    assert contact.phone == "+84901234567"
    assert sees(hotline, staff, filed) == {"coordinator", "cleared", "auditor"}
    shown = cleared.get(f"/work/{ticket.id}/photos/{ticket.attachments[0].id}")
    assert (shown.status_code, shown.mimetype) == (200, "image/jpeg")
    shown.close()
    assert filed.kinds() == ["received", "sealed", "released"]
    choice = review.Choice("street-lighting", LIGHTS)
    review.route(hotline, staff.coordinator, step(filed), choice)
    assert filed.status() is Status.ROUTED
    consistent(hotline)


def test_a_denunciation_is_referred_without_its_writer(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log, client: FlaskClient
) -> None:
    said = "Tôi tên là Lê Thị Tám, ngụ tại số 9 hẻm 12 đường Hoa Sứ, số 0901 234 567. Ông Bảy nhận tiền của dân."
    filed = road.sealed(said, contact_name="Lê Thị Tám", contact_phone="0901234567", consent=True)
    page = f"/sealed/{filed.ticket().id}"
    cleared = log_in(staff.cleared)
    shown = post_form(cleared, page, f"{page}/open", reason=WHY).get_data(as_text=True)
    proposal = words(re.search(r"<textarea id=\"redacted_text\".*?</textarea>", shown, re.DOTALL)[0])  # type: ignore[index]
    assert "Ông Bảy nhận tiền của dân." in proposal
    assert not re.search("Tám|Hoa Sứ|0901", proposal)
    for left in ("le thi tam", "LÊ  THỊ TÁM", "Gọi 090.123.4567", "+84 901 234 567"):
        refused = post_form(cleared, page, f"{page}/refer", redacted_text=left, department_id="tiep_cong_dan")
        assert refused.status_code == 422, left
        assert "Trong văn bản còn tên" in words(refused.get_data(as_text=True))
    nowhere = post_form(cleared, page, f"{page}/refer", redacted_text="Ông Bảy.", department_id="nobody")
    assert (nowhere.status_code, filed.status()) == (422, Status.SEALED)
    sent = post_form(cleared, page, f"{page}/refer", redacted_text=proposal, department_id="tiep_cong_dan")
    assert (sent.status_code, filed.status()) == (303, Status.REFERRED)
    opened = sealed.open_for(hotline, staff.cleared, filed.ticket().id, WHY)
    assert [(d.department.id, d.text) for d in opened.documents] == [("tiep_cong_dan", proposal)]
    assert "Bảy" not in client.post("/t", data={"code": filed.code}).get_data(as_text=True)
    consistent(hotline)


def test_a_sealed_ticket_is_never_routed(app: Flask, road: Road, staff: Staff, bearer: Bearer) -> None:
    filed = road.sealed(SECRET)
    cleared = bearer(staff.cleared)
    path = f"/api/v1/tickets/{filed.ticket().id}"
    told = {"version": filed.ticket().version, "public_text": "Bạn nộp đơn tại Ban Tiếp công dân."}
    why = {"version": filed.ticket().version, "reason": "Thử."}
    choice = {"version": filed.ticket().version, "topic_slug": "street-lighting", "department_id": LIGHTS}
    steps = {"route": choice, "reject": told, "refer": told, "seal": why, "accept": {"version": 2}, "answer": told}
    client = app.test_client()
    for name, body in steps.items():
        assert client.post(f"{path}/{name}", json=body, headers=cleared).status_code == 404, name
    assert (filed.kinds(), filed.ticket().assignments) == (["received", "sealed"], [])


def test_what_was_referred_or_released_is_not_decided_again(hotline: Hotline, road: Road, staff: Staff) -> None:
    filed = road.sealed(SECRET)
    road.refer_sealed(filed, "Ông Bảy nhận tiền.")
    with pytest.raises(Conflict):
        sealed.release(hotline, staff.cleared, step(filed, "Không phải tố cáo."), "phan-anh")
    with pytest.raises(Conflict):
        road.refer_sealed(filed, "Ông Bảy nhận tiền.")


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
    assert knows(hotline, staff, filed) == {"coordinator", "cleared", "auditor"}
    for person in (staff.alice, staff.supervisor, staff.auditor, staff.admin, staff.call_taker):
        with pytest.raises(NotFound):
            sealed.open_for(hotline, person, filed.ticket().id, WHY)


def sees(hotline: Hotline, staff: Staff, filed: Filed) -> set[str]:
    """Return who meets this ticket in lists and on pages of tickets."""
    return found(hotline, staff, filed, visible_to)


def knows(hotline: Hotline, staff: Staff, filed: Filed) -> set[str]:
    """Return who may know that there is this denunciation."""
    return found(hotline, staff, filed, sealed_to)


def found(hotline: Hotline, staff: Staff, filed: Filed, condition: Callable[[Account], object]) -> set[str]:
    with hotline.database.reading() as session:
        return {
            name
            for name, account in staff.accounts.items()
            if session.scalar(select(Ticket).where(Ticket.id == filed.ticket().id, condition(account)))  # type: ignore[arg-type]
        }


def reads(hotline: Hotline) -> list[tuple[str, str]]:
    with hotline.database.reading() as session:
        rows = session.scalars(select(SealedRead).order_by(SealedRead.id))
        return [(row.account.username, row.reason) for row in rows]


def history(filed: Filed) -> list[tuple[object, ...]]:
    return [(e.id, e.kind, e.public_text, e.internal_text, e.data) for e in filed.ticket().events]


def consistent(hotline: Hotline) -> None:
    with hotline.database.reading() as session:
        assert_consistent(session)
