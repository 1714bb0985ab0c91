"""The administrators' page of telephone exchanges: the token once, when one last announced a call, and its end."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.desk import calls
from app.hotline import Hotline
from models.account import Account
from models.audit import AuditEvent
from models.vocabulary import AuditKind
from tests.app.conftest import Clock, Staff
from tests.pages import post_form, words

Log = Callable[[Account], FlaskClient]
PAGE = "/admin/exchanges"
RINGING = {"call_id": "a1", "event": "ringing", "number": "0901234567"}


def test_an_exchange_is_added_with_a_token_that_is_shown_once_and_announces_calls(
    hotline: Hotline, staff: Staff, client: FlaskClient, log_in: Log, clock: Clock
) -> None:
    admin = log_in(staff.admin)
    made = post_form(admin, PAGE, PAGE, name="  Tổng  đài 1022 ")
    shown = made.get_data(as_text=True)
    assert made.status_code == 201
    (token,) = re.findall(r"lnx_[\w-]{43}", shown)
    assert f"{hotline.settings.public_url}/api/v1/calls" in shown
    listed = admin.get(PAGE).get_data(as_text=True)
    assert token not in listed
    assert "Tổng đài 1022" in listed
    assert "chưa có" in listed
    clock.forward(hours=1)
    assert announced(client, token) == 200
    assert "10:00" in words(admin.get(PAGE).get_data(as_text=True)), "its last call"


def test_a_revoked_exchange_announces_nothing_more_and_stays_in_the_list(
    hotline: Hotline, staff: Staff, client: FlaskClient, log_in: Log
) -> None:
    token, other = calls.add_exchange(hotline, "Tổng đài A"), calls.add_exchange(hotline, "Tổng đài B")
    admin = log_in(staff.admin)
    for _ in range(2):  # a second time changes nothing
        assert post_form(admin, PAGE, f"{PAGE}/revoke", exchange="Tổng đài A").status_code == 303
    assert (announced(client, token), announced(client, other)) == (401, 200)
    listed = words(admin.get(PAGE).get_data(as_text=True))
    assert "Đã thu hồi" in listed
    assert "Thu hồi khóa của Tổng đài B" in listed
    assert "Thu hồi khóa của Tổng đài A" not in listed


@pytest.mark.parametrize("name", ["", "x" * 121, "Tổng đài A", "a\u0000b"])
def test_a_name_that_will_not_do_is_said_beside_its_field(
    hotline: Hotline, staff: Staff, log_in: Log, name: str
) -> None:
    calls.add_exchange(hotline, "Tổng đài A")
    refused = post_form(log_in(staff.admin), PAGE, PAGE, name=name)
    assert refused.status_code in {400, 422}
    if "\u0000" not in name:
        assert 'href="#name"' in refused.get_data(as_text=True)
        assert f'value="{name}"' in refused.get_data(as_text=True)
    with hotline.database.reading() as session:
        assert [one.name for one in calls.exchanges(session)] == ["Tổng đài A"]


def test_an_exchange_that_there_is_not_is_not_revoked(staff: Staff, log_in: Log) -> None:
    refused = post_form(log_in(staff.admin), PAGE, f"{PAGE}/revoke", exchange="Không có")
    assert refused.status_code == 422
    assert "Không có tổng đài tên này." in refused.get_data(as_text=True)


def test_who_added_and_revoked_which_exchange_is_on_record_by_its_id_alone(
    hotline: Hotline, staff: Staff, log_in: Log
) -> None:
    admin = log_in(staff.admin)
    post_form(admin, PAGE, PAGE, name="Tổng đài A")
    for _ in range(2):
        post_form(admin, PAGE, f"{PAGE}/revoke", exchange="Tổng đài A")
    calls.add_exchange(hotline, "Tổng đài B")
    kinds = (AuditKind.EXCHANGE_MADE, AuditKind.EXCHANGE_REVOKED)
    with hotline.database.reading() as session:
        ids = {one.name: one.id.hex for one in calls.exchanges(session)}
        lines = session.scalars(select(AuditEvent).where(AuditEvent.kind.in_(kinds)).order_by(AuditEvent.id)).all()
    assert [(line.kind, line.actor_id, line.detail) for line in lines] == [
        (AuditKind.EXCHANGE_MADE, staff.admin.id, ids["Tổng đài A"]),
        (AuditKind.EXCHANGE_REVOKED, staff.admin.id, ids["Tổng đài A"]),
        (AuditKind.EXCHANGE_MADE, None, ids["Tổng đài B"]),
    ]
    shown = words(log_in(staff.auditor).get("/audit?topic=tokens").get_data(as_text=True))
    assert "Thêm tổng đài điện thoại" in shown
    assert "Tổng đài A" not in shown


def announced(client: FlaskClient, token: str) -> int:
    return client.post("/api/v1/calls", json=RINGING, headers={"Authorization": f"Bearer {token}"}).status_code
