"""The citizen comes back with the code: what they see, and what they can do."""

import uuid
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app import lifecycle
from app.database import insert
from app.hotline import Hotline
from app.intake.schema import parse_report
from app.intake.service import Filing, received
from app.problems import NotAvailable, TooManyTries
from app.tracking import service as tracking
from app.work import queue
from app.work import service as work
from models.code import grouped
from models.ticket import Feedback
from models.vocabulary import Channel, Status
from tests.app.conftest import LIGHTS_OUT, Clock, Road, Staff, step
from tests.pages import hidden, words

CODE = "01KQ2M9XD0F3BHZ8"


def test_a_code_opens_its_report_however_it_is_typed(hotline: Hotline, client: FlaskClient) -> None:
    file_with_code(hotline, CODE)
    for typed in (grouped(CODE), CODE.lower(), "o1kq 2m9x dof3 bhz8", "OLKQ–2M9X–D0F3–BHZ8", f" {CODE}\n"):
        answer = client.post("/t", data={"code": typed})
        assert answer.status_code == 200, typed
        assert LIGHTS_OUT in words(answer.get_data(as_text=True)), typed
        told = client.post("/api/v1/track", json={"code": typed})
        assert told.get_json()["code"] == grouped(CODE), typed


def test_a_citizen_reads_that_it_was_passed_on_where_it_was(client: FlaskClient, road: Road) -> None:
    said = "Đã đọc và chuyển tới nơi phụ trách", "Đã chuyển tới điều phối viên", "Đã đọc phản ánh của bạn"
    for filed, expected in zip((road.routed(), road.in_review(), road.merged()), said, strict=True):
        page = words(client.post("/t", data={"code": filed.code}).get_data(as_text=True))
        assert [sentence for sentence in said if sentence in page] == [expected]


def test_a_code_that_nobody_holds_is_not_found_and_comes_back_to_be_read_again(
    hotline: Hotline, client: FlaskClient
) -> None:
    file_with_code(hotline, CODE)
    almost = "Z" + CODE[1:]
    answer = client.post("/t", data={"code": almost})
    assert answer.status_code == 404
    assert grouped(almost) in answer.get_data(as_text=True)
    assert "Không tìm thấy phản ánh với mã này" in words(answer.get_data(as_text=True))
    assert client.post("/api/v1/track", json={"code": almost}).status_code == 404


def test_what_is_no_code_at_all_is_told_apart_and_comes_back_as_typed(client: FlaskClient) -> None:
    for typed in ("", "7KQ2", "<b>U</b>", "7KQ2-M9XD-0F3B-HZ8U", "x" * 5000):
        answer = client.post("/t", data={"code": typed})
        assert answer.status_code == 422, typed[:30]
        assert "Mã có 16 chữ và số" in words(answer.get_data(as_text=True))
        assert "<b>U</b>" not in answer.get_data(as_text=True)
        refused = client.post("/api/v1/track", json={"code": typed})
        assert (refused.status_code, refused.get_json()["errors"][0]["code"]) == (422, "code")


def test_a_sealed_report_shows_that_it_is_sealed_and_none_of_its_words(client: FlaskClient, road: Road) -> None:
    filed = road.sealed("Tôi tố cáo ông Bảy nhận tiền của dân", place_text="số 9 đường Hoa Sứ, phường Hòa Hưng")
    page = client.post("/t", data={"code": filed.code})
    told = client.post("/api/v1/track", json={"code": filed.code})
    assert "Đã niêm phong" in words(page.get_data(as_text=True))
    assert told.get_json()["status"] == "sealed"
    for answer in (page, told):
        assert answer.status_code == 200
        for secret in ("ông Bảy", "Hoa Sứ", "Hòa Hưng"):
            assert secret not in answer.get_data(as_text=True)


def test_the_citizen_answers_what_the_unit_asks_and_the_work_goes_on(client: FlaskClient, road: Road) -> None:
    filed = road.asked("Trụ số mấy vậy bạn?")
    page = client.post("/t", data={"code": filed.code}).get_data(as_text=True)
    assert "Trụ số mấy vậy bạn?" in words(page)
    answer = client.post("/t/bo-sung", data={"code": filed.code, "message": "Trụ số bốn,\r\nngay đầu hẻm."})
    assert answer.status_code == 200
    assert filed.status() is Status.IN_PROGRESS
    event = filed.ticket().events[-1]
    assert (event.kind, event.public_text) == ("info_received", "Trụ số bốn,\nngay đầu hẻm.")
    assert client.post("/api/v1/track", json={"code": filed.code}).get_json()["question"] is None


def test_an_answer_that_nobody_waits_for_is_refused_and_given_back(client: FlaskClient, road: Road) -> None:
    filed = road.accepted()
    answer = client.post("/t/bo-sung", data={"code": filed.code, "message": "Trụ số bốn nha."})
    assert answer.status_code == 409
    shown = words(answer.get_data(as_text=True))
    assert "Trụ số bốn nha." in shown
    assert "“Đang xử lý”" in shown
    assert filed.kinds() == ["received", "triaged", "accepted"]


@pytest.mark.parametrize("broken", [TooManyTries(60), NotAvailable()], ids=["too many tries", "database away"])
def test_what_was_typed_stays_on_the_page_that_says_to_try_again_later(
    client: FlaskClient, road: Road, monkeypatch: pytest.MonkeyPatch, broken: Exception
) -> None:
    filed = road.asked()
    typed = {"code": filed.code, "message": "Trụ <số> bốn,\r\nngay đầu hẻm."}

    def fail(*_: object) -> None:
        raise broken

    with monkeypatch.context() as patch:
        patch.setattr(tracking, "look_up", fail)
        answer = client.post("/t/bo-sung", data=typed)
    assert answer.status_code in {429, 503}
    page = answer.get_data(as_text=True)
    assert hidden(page, "code") == filed.code
    assert ">Trụ &lt;số&gt; bốn,\r\nngay đầu hẻm.</textarea>" in page
    assert 'action="/t/bo-sung"' in page
    assert client.post("/t/bo-sung", data=typed).status_code == 200
    assert filed.status() is Status.IN_PROGRESS


def test_an_empty_or_endless_answer_is_refused_beside_its_field(client: FlaskClient, road: Road) -> None:
    filed = road.asked()
    for message, wrong in (
        ("", "Bạn cho biết phần này nhé."),
        (" \n ", "Bạn cho biết"),
        ("ạ" * 5001, "nhiều nhất 5000"),
    ):
        answer = client.post("/t/bo-sung", data={"code": filed.code, "message": message})
        assert answer.status_code == 422
        page = answer.get_data(as_text=True)
        assert wrong in words(page)
        assert f">{message}</textarea>" in page
    assert filed.status() is Status.INFO_REQUESTED


def test_an_answer_can_be_contested_for_thirty_days_and_not_after(
    client: FlaskClient, road: Road, clock: Clock
) -> None:
    early, late, rated = road.answered(), road.answered(), road.answered()
    tracking.rate(road.hotline, rated.code, 4, "")
    clock.forward(days=30)
    with road.hotline.database.transaction() as session:
        lifecycle.advance(road.hotline, session, clock.at)
    assert {one.status() for one in (early, late)} == {Status.CLOSED}, "by time, which is nobody's word"
    assert client.post("/api/v1/track", json={"code": rated.code}).get_json()["can_reopen"] is False
    assert client.post("/t/mo-lai", data={"code": rated.code, "message": "Lại tắt."}).status_code == 409
    assert client.post("/api/v1/track", json={"code": early.code}).get_json()["can_reopen"] is True
    assert "bạn mở lại ngay bên dưới" in words(client.post("/t", data={"code": early.code}).get_data(as_text=True))
    assert client.post("/t/mo-lai", data={"code": early.code, "message": "Tối qua lại tắt."}).status_code == 200
    assert early.status() is Status.REOPENED
    clock.forward(seconds=1)
    assert client.post("/api/v1/track", json={"code": late.code}).get_json()["can_reopen"] is False
    answer = client.post("/t/mo-lai", data={"code": late.code, "message": "Tối qua lại tắt."})
    assert answer.status_code == 409
    assert "Tối qua lại tắt." in words(answer.get_data(as_text=True))
    assert late.status() is Status.CLOSED


def test_a_contested_answer_is_again_in_the_hands_of_its_unit(client: FlaskClient, road: Road, staff: Staff) -> None:
    filed = road.answered()
    client.post("/t/mo-lai", data={"code": filed.code, "message": "Tối qua lại tắt."})
    assert "accept" in work.actions(staff.alice, filed.ticket())
    with road.hotline.database.reading() as session:
        assert [t.id for t in queue.page(session, staff.alice, road.hotline.now()).tickets] == [filed.ticket().id]
    work.accept(road.hotline, staff.alice, step(filed))
    assert filed.kinds()[-2:] == ["reopened", "accepted"]


def test_a_refusal_and_a_referral_can_be_contested_and_a_coordinator_has_them_again(
    client: FlaskClient, road: Road, staff: Staff, bearer: Callable[..., dict[str, str]]
) -> None:
    for filed in (road.rejected("Tin này quảng cáo."), road.referred("Bạn gửi đơn tới Ban Tiếp công dân.")):
        page = client.post("/t", data={"code": filed.code}).get_data(as_text=True)
        again = "Không đồng ý, nhờ người khác xem lại" if filed.status() is Status.REJECTED else "Chưa xong, mở lại"
        assert again in words(page)
        assert client.post("/t/mo-lai", data={"code": filed.code, "message": "Xin xem lại."}).status_code == 200
        assert filed.status() is Status.REOPENED
        waiting = client.get("/api/v1/review", headers=bearer(staff.cleared)).get_json()["tickets"]
        assert str(filed.ticket().id) in {ticket["id"] for ticket in waiting}


def test_a_sealed_report_that_was_referred_stays_closed_to_everybody(client: FlaskClient, road: Road) -> None:
    """Reopened it would lie in nobody's queue; and what its verifier was told is nothing for a page."""
    filed = road.sealed()
    road.refer_sealed(filed, "Bạn nộp đơn tại Ban Tiếp công dân.")
    page = client.post("/t", data={"code": filed.code}).get_data(as_text=True)
    assert "Thuộc thẩm quyền nơi khác" in words(page)
    for words_of_it in ("Bạn nộp đơn tại Ban Tiếp công dân.", LIGHTS_OUT):
        assert words_of_it not in page
    assert "Chưa xong, mở lại" not in words(page)
    assert client.post("/t/mo-lai", data={"code": filed.code, "message": "Xin xem lại."}).status_code == 409
    assert filed.status() is Status.REFERRED


def test_a_rating_from_one_to_five_closes_the_report_for_good(
    client: FlaskClient, app: Flask, hotline: Hotline, road: Road
) -> None:
    for rating in range(1, 6):
        filed = road.answered()
        form = {"code": filed.code, "rating": str(rating), "comment": f"Điểm {rating}"}
        assert client.post("/t/danh-gia", data=form).status_code == 200
        assert filed.status() is Status.CLOSED
        kept = filed.ticket().feedback
        assert kept is not None
        assert (kept.rating, kept.comment) == (rating, f"Điểm {rating}")
        again = client.post("/t/danh-gia", data=form | {"comment": "Lần nữa"})
        assert again.status_code == 409
        assert "Lần nữa" in words(again.get_data(as_text=True))
        assert client.post("/t/mo-lai", data={"code": filed.code, "message": "Lại tắt."}).status_code == 409
    with hotline.database.reading() as session:
        assert sorted(session.scalars(select(Feedback.rating))) == [1, 2, 3, 4, 5]


def test_a_rating_of_no_star_or_of_six_is_refused_with_the_comment_kept(client: FlaskClient, road: Road) -> None:
    filed = road.answered()
    for rating in ("", "0", "6", "10", "-1", "4.5", "٣", "năm"):
        answer = client.post("/t/danh-gia", data={"code": filed.code, "rating": rating, "comment": "Sáng rồi"})
        assert answer.status_code == 422, rating
        page = answer.get_data(as_text=True)
        assert "Chọn từ 1 đến 5 sao." in words(page)
        assert ">Sáng rồi</textarea>" in page
    for number in (0, 6):
        refused = client.post("/api/v1/track/rating", json={"code": filed.code, "rating": number})
        assert refused.status_code == 422
    assert (filed.status(), filed.ticket().feedback) == (Status.ANSWERED, None)


def test_only_an_answer_can_be_rated(client: FlaskClient, road: Road) -> None:
    for filed in (road.routed(), road.asked(), road.rejected(), road.sealed()):
        before = filed.status()
        assert client.post("/t/danh-gia", data={"code": filed.code, "rating": "5"}).status_code == 409
        assert (filed.status(), filed.ticket().feedback) == (before, None)


def test_the_citizen_never_reads_what_the_units_write_to_each_other(client: FlaskClient, road: Road) -> None:
    filed = road.returned("Đùn đẩy qua phường cho nhanh.")
    page = client.post("/t", data={"code": filed.code})
    told = client.post("/api/v1/track", json={"code": filed.code})
    assert "Đơn vị báo không thuộc việc của mình" in words(page.get_data(as_text=True))
    for answer in (page, told):
        assert "Đùn đẩy" not in answer.get_data(as_text=True)


def test_the_page_says_who_has_it_until_when_and_that_it_is_late(client: FlaskClient, road: Road, clock: Clock) -> None:
    filed = road.accepted()
    due = filed.ticket().resolve_due_at
    assert due is not None
    page = words(client.post("/t", data={"code": filed.code}).get_data(as_text=True))
    assert "Đang ở Trung tâm Quản lý Giao thông và Hạ tầng kỹ thuật" in page
    assert "Trả lời trước Thứ Sáu 6/3, 17:00" in page
    assert "Đơn vị đã trễ hạn trả lời bạn." not in page
    clock.at = due
    clock.forward(hours=3)
    page = words(client.post("/t", data={"code": filed.code}).get_data(as_text=True))
    assert "Đơn vị đã trễ hạn trả lời bạn." in page
    assert "Trễ 3 giờ" in page


def file_with_code(hotline: Hotline, code: str) -> None:
    filing = Filing("test", uuid.uuid4().hex, parse_report({"text": LIGHTS_OUT}), (), Channel.WEB)
    with hotline.database.transaction() as session:
        insert(session, *received(hotline, filing, code)[1])
