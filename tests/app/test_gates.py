"""What the law has for each kind of submission besides reports: letters, thanks, refusals, numbers before all else."""

import json
import re
import uuid
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.consistency import assert_consistent
from app.hotline import Hotline
from app.letters import service as letters
from app.notices import sending
from app.praise import service as praise
from app.problems import Conflict, Refused
from app.review import service as review
from app.tracking import service as tracking
from app.triage import jobs
from models.account import Account
from models.legal import complaint_law
from models.vocabulary import Status, SubmissionType, Urgency
from tests.app.conftest import LIGHTS, LIGHTS_OUT, Filed, Road, Staff, step
from tests.pages import post_form, words

Log = Callable[[Account], FlaskClient]
FIRE = "Cháy nhà số 9 trong hẻm, có người mắc kẹt trong thang máy"
#: Thanks, as the small model knows them.
THANKS = "Cảm ơn đội chiếu sáng đã sửa đèn đường nhanh, khen ngợi anh em"


def test_a_complaint_is_guided_by_a_letter_that_its_citizen_reads_and_prints(
    hotline: Hotline, client: FlaskClient, road: Road, staff: Staff, log_in: Log
) -> None:
    filed = road.routed("Tôi khiếu nại quyết định số 12 phạt tôi", submission_type="khieu-nai")
    coordinator, page = log_in(staff.coordinator), f"/letters/{filed.ticket().id}"
    assert page in coordinator.get(f"/review/{filed.ticket().id}").get_data(as_text=True)
    draft = words(coordinator.get(page).get_data(as_text=True))
    for stage in complaint_law().stages:
        assert f"không quá {stage.days} ngày" in draft
    assert "Tôi khiếu nại quyết định số 12 phạt tôi" in draft
    body = "Bạn nộp đơn tại Ban Tiếp công dân.\n\nMang theo quyết định số 12."
    assert post_form(coordinator, page, page, body=body, department_id="tiep_cong_dan").status_code == 303
    assert (filed.status(), filed.kinds()[-1]) == (Status.REFERRED, "guided")
    assert filed.ticket().resolve_due_at is None
    assert filed.ticket().deadlines == []
    tracked = words(client.post("/t", data={"code": filed.code}).get_data(as_text=True))
    assert "Đã hướng dẫn: có thư gửi bạn" in tracked
    printed = client.post("/t/thu", data={"code": filed.code}).get_data(as_text=True)
    assert "Ban Tiếp công dân / Thanh tra Thành phố" in words(printed)
    assert "Mang theo quyết định số 12." in printed
    assert "Mang theo quyết định số 12." in coordinator.get(page).get_data(as_text=True)
    consistent(hotline)


def test_a_letter_to_nowhere_or_without_words_is_given_back_as_typed(road: Road, staff: Staff, log_in: Log) -> None:
    filed = road.in_review()
    coordinator, page = log_in(staff.coordinator), f"/letters/{filed.ticket().id}"
    nowhere = post_form(coordinator, page, page, body="Bạn nộp đơn ở đó nhé.", department_id="nobody")
    assert nowhere.status_code == 422
    assert "Bạn nộp đơn ở đó nhé." in nowhere.get_data(as_text=True)
    assert post_form(coordinator, page, page, body=" ", department_id="tiep_cong_dan").status_code == 422
    late = post_form(coordinator, page, page, body="Bạn nộp đơn ở đó nhé.", department_id="pccc", version="0")
    assert late.status_code == 409
    assert (filed.status(), filed.kinds()) == (Status.NEEDS_REVIEW, ["received", "triaged"])


def test_who_has_no_letter_is_told_as_who_has_no_code(client: FlaskClient, road: Road) -> None:
    assert client.post("/t/thu", data={"code": road.routed().code}).status_code == 404


def test_a_letter_goes_with_its_ticket_into_the_vault_and_back(hotline: Hotline, road: Road, staff: Staff) -> None:
    filed = road.in_review()
    letters.send(hotline, staff.coordinator, step(filed, "Gửi ông Bảy."), "tiep_cong_dan")
    tracking.reopen(hotline, filed.code, "Đây là tố cáo.")
    review.seal(hotline, staff.coordinator, step(filed, "Tố cáo."))
    assert tracking.track(hotline, filed.code).letters == ()
    consistent(hotline)
    road.release(filed)
    assert [letter.body for letter in tracking.track(hotline, filed.code).letters] == ["Gửi ông Bảy."]
    consistent(hotline)


def test_what_filer_and_machine_take_for_thanks_reaches_its_unit_and_closes_at_once(
    hotline: Hotline, client: FlaskClient, road: Road, staff: Staff, log_in: Log
) -> None:
    filed = road.routed(THANKS, submission_type="khen-ngoi")
    ticket = filed.ticket()
    assert (ticket.status, filed.kinds()) == (Status.CLOSED, ["received", "triaged", "forwarded"])
    assert (ticket.deadlines, ticket.resolve_due_at, ticket.department_id) == ([], None, LIGHTS)
    shown = words(log_in(staff.alice).get("/work").get_data(as_text=True))
    assert "Lời khen mới nhận" in shown
    assert THANKS in shown
    assert THANKS not in words(log_in(staff.bob).get("/work").get_data(as_text=True))
    assert "Cảm ơn bạn." in words(client.post("/t", data={"code": filed.code}).get_data(as_text=True))
    assert client.post("/t/danh-gia", data={"code": filed.code, "rating": "5"}).status_code == 409
    consistent(hotline)


def test_what_only_one_of_the_two_takes_for_thanks_is_never_closed_without_a_person(
    road: Road, staff: Staff, log_in: Log
) -> None:
    """A report misread as praise would be gone: closed, with no deadline, its citizen thanked."""
    for filed in (road.routed(LIGHTS_OUT, submission_type="khen-ngoi"), road.routed(THANKS)):
        ticket = filed.ticket()
        assert ticket.submission_type is SubmissionType.PRAISE
        assert (ticket.status, ticket.events[-1].data["reason"]) == (Status.NEEDS_REVIEW, "praise")


def test_a_coordinator_forwards_thanks_in_one_step_and_nothing_else(road: Road, staff: Staff, log_in: Log) -> None:
    filed, other = road.routed(LIGHTS_OUT, submission_type="khen-ngoi"), road.in_review()
    coordinator = log_in(staff.coordinator)
    page = f"/review/{filed.ticket().id}"
    nowhere = post_form(coordinator, page, f"/praise/{filed.ticket().id}", department_id="nobody")
    assert nowhere.status_code == 422
    sent = post_form(coordinator, page, f"/praise/{filed.ticket().id}", department_id=LIGHTS)
    assert (sent.status_code, filed.status(), filed.ticket().department_id) == (303, Status.CLOSED, LIGHTS)
    assert filed.ticket().deadlines == []
    page = f"/review/{other.ticket().id}"
    refused = post_form(coordinator, page, f"/praise/{other.ticket().id}", department_id=LIGHTS)
    assert (refused.status_code, other.status()) == (409, Status.NEEDS_REVIEW)


def test_a_refusal_says_which_reason_and_in_which_words(
    client: FlaskClient, road: Road, staff: Staff, log_in: Log
) -> None:
    filed = road.in_review()
    coordinator, page = log_in(staff.coordinator), f"/review/{filed.ticket().id}"
    for code in ("", "because"):
        refused = post_form(coordinator, page, f"{page}/reject", reason_code=code, public_text="Tin bán xe.")
        assert refused.status_code == 422
    done = post_form(coordinator, page, f"{page}/reject", reason_code="advertising", public_text="Tin bán xe.")
    assert done.status_code == 303
    shown = words(client.post("/t", data={"code": filed.code}).get_data(as_text=True))
    assert "Quảng cáo, rao vặt" in shown
    assert "Tin bán xe." in shown
    told = client.post("/api/v1/track", json={"code": filed.code}).get_json()
    assert told["timeline"][-1]["reason_code"] == "advertising"


def test_a_refusal_is_contested_once_and_before_somebody_else(
    hotline: Hotline, client: FlaskClient, road: Road, staff: Staff
) -> None:
    filed = road.rejected("Tin bán xe.")
    shown = words(client.post("/t", data={"code": filed.code}).get_data(as_text=True))
    assert "Chúng tôi không tiếp nhận phản ánh này" in shown
    assert "Nếu thấy chưa đúng, bạn nhờ người khác xem lại." in shown
    tracking.reopen(hotline, filed.code, "Tôi báo xe bỏ giữa đường.")
    assert ids(hotline, staff.coordinator) == set()
    assert ids(hotline, staff.cleared) == {filed.ticket().id}
    for act in (review.reject, review.refer, review.seal):
        with pytest.raises(Conflict, match="own_refusal"):
            act(hotline, staff.coordinator, step(filed, "Không."))
    review.reject(hotline, staff.cleared, step(filed, "Đúng là tin bán xe."), "advertising")
    shown = words(client.post("/t", data={"code": filed.code}).get_data(as_text=True))
    assert "Lý do ở bên dưới." in shown
    assert "nhờ người khác xem lại" not in shown
    assert "bạn mở lại" not in shown
    again = client.post("/t/mo-lai", data={"code": filed.code, "message": "Xem lại lần nữa."})
    assert (again.status_code, filed.status()) == (409, Status.REJECTED)
    consistent(hotline)


def test_where_there_is_no_other_coordinator_the_one_who_refused_looks_again(
    hotline: Hotline, road: Road, staff: Staff
) -> None:
    filed = road.rejected("Tin bán xe.")
    tracking.reopen(hotline, filed.code, "Tôi báo xe bỏ giữa đường.")
    with hotline.database.transaction() as session:
        session.get_one(Account, staff.cleared.id).disabled = True
    assert ids(hotline, staff.coordinator) == {filed.ticket().id}
    review.reject(hotline, staff.coordinator, step(filed, "Không."))
    assert filed.status() is Status.REJECTED


def test_words_of_danger_are_answered_with_the_numbers_before_the_code(
    client: FlaskClient, staff: Staff, log_in: Log
) -> None:
    answer = post_form(client, "/", "/", text=FIRE).get_data(as_text=True)
    assert answer.index('href="tel:114"') < answer.index('href="tel:113"') < answer.index('id="code"')
    call = post_form(log_in(staff.call_taker), "/desk", "/desk", text=FIRE).get_data(as_text=True)
    assert call.index('class="callnow"') < call.index('class="code"')
    key = {"Idempotency-Key": uuid.uuid4().hex}
    told = client.post("/api/v1/reports", json={"text": FIRE}, headers=key).get_json()
    assert told["emergency_numbers"][0] == "114"
    calm = post_form(client, "/", "/", text=LIGHTS_OUT).get_data(as_text=True)
    assert "callnow" not in calm


def test_the_form_brings_the_words_of_danger_along_for_the_browser(client: FlaskClient) -> None:
    page = client.get("/").get_data(as_text=True)
    served = re.search(r'<div hidden data-danger="([^"]*)"', page)
    assert served is not None
    cues = json.loads(served[1].replace("&#34;", '"'))
    assert set(cues) == {"113", "114", "115", "111"}
    assert all(marked and bare for marked, bare in cues.values())


def test_an_emergency_stands_on_top_for_coordinators_and_units(
    hotline: Hotline, client: FlaskClient, road: Road, staff: Staff, log_in: Log
) -> None:
    for person, page, kind in (
        (staff.alice, "/work", {"submission_type": "khan-cap"}),
        (staff.coordinator, "/review", {"submission_type": "khieu-nai"}),
    ):
        calm = road.routed(LIGHTS_OUT, submission_type=kind["submission_type"].replace("khan-cap", "phan-anh"))
        urgent = road.routed(LIGHTS_OUT, **kind)
        if kind["submission_type"] == "khieu-nai":
            raise_alarm(hotline, urgent)
        assert urgent.ticket().urgency is Urgency.EMERGENCY
        shown = log_in(person).get(page).get_data(as_text=True)
        assert "Khẩn cấp: làm trước mọi việc khác" in words(shown)
        assert shown.index(str(urgent.ticket().id)) < shown.index(str(calm.ticket().id))
        tracked = client.post("/t", data={"code": urgent.code}).get_data(as_text=True)
        assert "callnow" in tracked


def test_words_of_danger_are_urgent_at_least_and_an_emergency_where_there_is_no_model(road: Road) -> None:
    filed = road.routed(f"{LIGHTS_OUT}, có người bất tỉnh")
    assert filed.ticket().urgency in {Urgency.URGENT, Urgency.EMERGENCY}
    jobs.bench.classifier = None
    filed = road.routed(f"{LIGHTS_OUT}, có người bất tỉnh")
    assert (filed.status(), filed.ticket().urgency) == (Status.NEEDS_REVIEW, Urgency.EMERGENCY)


def test_whatever_ends_what_awaits_a_coordinator_meets_what_was_promised(
    hotline: Hotline, road: Road, staff: Staff
) -> None:
    complaint, hidden = road.in_review(), road.sealed()
    thanks = road.routed(LIGHTS_OUT, submission_type="khen-ngoi")
    ended = (complaint, hidden, thanks)
    sending.keep(hotline)
    assert [[d.met_at for d in filed.ticket().deadlines] for filed in ended] == [[None]] * 3
    letters.send(hotline, staff.coordinator, step(complaint, "Bạn nộp đơn ở đó."), "tiep_cong_dan")
    road.refer_sealed(hidden, "Đèn tắt.")
    praise.forward(hotline, staff.coordinator, step(thanks), LIGHTS)
    assert [[d.met_at for d in filed.ticket().deadlines] for filed in ended] == [[hotline.now()]] * 3
    consistent(hotline)


def test_a_code_that_is_none_of_ours_is_refused(hotline: Hotline, road: Road, staff: Staff) -> None:
    with pytest.raises(Refused, match="reason_code"):
        review.reject(hotline, staff.coordinator, step(road.in_review(), "Không."), "because")


def raise_alarm(hotline: Hotline, filed: Filed) -> None:
    with hotline.database.transaction() as session:
        session.merge(filed.ticket()).urgency = Urgency.EMERGENCY


def ids(hotline: Hotline, account: Account) -> set[uuid.UUID]:
    with hotline.database.reading() as session:
        return {ticket.id for ticket in review.queue(session, account)}


def consistent(hotline: Hotline) -> None:
    with hotline.database.reading() as session:
        assert_consistent(session)
