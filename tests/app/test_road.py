"""The whole road in one process: filed, understood, routed, worked on, tracked."""

from collections.abc import Callable

from flask.testing import FlaskClient

from app.hotline import Hotline
from models.account import Account
from models.vocabulary import Status
from tests.installation import LIGHTS, LIGHTS_OUT, Filed, Staff
from tests.pages import code_shown, post_form, words


def test_a_report_goes_from_the_form_to_the_department_and_back(
    client: FlaskClient,
    hotline: Hotline,
    staff: Staff,
    triage: Callable[[], None],
    log_in: Callable[[Account], FlaskClient],
) -> None:
    answer = post_form(client, "/", "/", text=LIGHTS_OUT, place_text="phường Hòa Hưng")
    assert answer.status_code == 201
    code = code_shown(answer.get_data(as_text=True))
    filed = Filed(code, hotline)
    assert filed.status() is Status.RECEIVED

    triage()
    assert filed.status() is Status.ROUTED
    assert filed.ticket().department_id == LIGHTS
    assert "Trung tâm Quản lý Giao thông" in words(client.post("/t", data={"code": code}).get_data(as_text=True))

    handler = log_in(staff.alice)
    page = f"/work/{filed.ticket().id}"
    assert LIGHTS_OUT[:30] in words(handler.get("/work").get_data(as_text=True))
    assert post_form(handler, page, f"{page}/accept").status_code == 303
    assert post_form(handler, page, f"{page}/answer", public_text="Đã thay bóng mới.").status_code == 303
    assert filed.status() is Status.ANSWERED
    tracked = words(client.post("/t", data={"code": code.lower().replace("-", " ")}).get_data(as_text=True))
    assert "Đã thay bóng mới." in tracked

    assert client.post("/t/danh-gia", data={"code": code, "rating": "4"}).status_code == 200
    assert filed.status() is Status.CLOSED
    assert filed.kinds() == ["received", "triaged", "accepted", "answered", "closed"]
