"""How people come in the first time: a link that works once, and not for long."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.accounts import service as accounts
from app.accounts.service import NewAccount
from app.admin.service import create_account, disable_account, invite_again
from app.hotline import Hotline
from app.startup import first_link
from models.account import Account, Invitation
from models.vocabulary import Role
from tests.app.conftest import LIGHTS, PASSWORD, Clock, Staff
from tests.pages import post_form, words

pytestmark = pytest.mark.usefixtures("redis")
NEW = NewAccount("chi.hanh", "Chị Hạnh", Role.HANDLER, LIGHTS)
OVER = "Liên kết này đã dùng rồi hoặc đã hết hạn"


def test_an_invited_person_sets_a_password_and_is_in(hotline: Hotline, client: FlaskClient) -> None:
    answer = accept(client, create_account(hotline, NEW))
    assert (answer.status_code, answer.location) == (303, "/work")
    assert "Chị Hạnh" in client.get("/work").get_data(as_text=True)
    with hotline.database.reading() as session:
        account = accounts.authenticate(session, "chi.hanh", PASSWORD)
    assert account is not None
    assert (account.role, account.department_id) == (Role.HANDLER, LIGHTS)


def test_an_invitation_works_once(hotline: Hotline, client: FlaskClient, app: Flask) -> None:
    link = create_account(hotline, NEW)
    assert accept(client, link).status_code == 303
    again = accept(app.test_client(), link, password="một mật khẩu khác hẳn")
    assert again.status_code == 422
    assert OVER in words(again.get_data(as_text=True))
    with hotline.database.reading() as session:
        assert accounts.authenticate(session, "chi.hanh", PASSWORD) is not None


def test_an_invitation_is_over_after_a_day(hotline: Hotline, client: FlaskClient, clock: Clock, app: Flask) -> None:
    early = create_account(hotline, NEW)
    late = create_account(hotline, NewAccount("anh.binh", "Anh Bình", Role.AUDITOR))
    clock.forward(hours=23, minutes=59)
    assert accept(client, early).status_code == 303
    clock.forward(minutes=1)
    answer = accept(app.test_client(), late)
    assert answer.status_code == 422
    assert OVER in words(answer.get_data(as_text=True))


def test_who_forgot_the_password_comes_in_by_a_new_link_and_the_old_password_is_over(
    hotline: Hotline, staff: Staff, client: FlaskClient
) -> None:
    assert accept(client, invite_again(hotline, staff.alice.id), password="một mật khẩu khác hẳn").status_code == 303
    with hotline.database.reading() as session:
        assert accounts.authenticate(session, "alice", PASSWORD) is None
        assert accounts.authenticate(session, "alice", "một mật khẩu khác hẳn") is not None


def test_when_one_link_was_used_the_others_of_the_account_are_over(
    hotline: Hotline, staff: Staff, client: FlaskClient, app: Flask
) -> None:
    older, newer, bobs = (invite_again(hotline, one.id) for one in (staff.alice, staff.alice, staff.bob))
    assert accept(client, newer, password="một mật khẩu khác hẳn").status_code == 303
    assert accept(app.test_client(), older).status_code == 422
    with hotline.database.reading() as session:
        assert accounts.authenticate(session, "alice", "một mật khẩu khác hẳn") is not None
    assert accept(app.test_client(), bobs).status_code == 303


def test_when_the_password_was_changed_links_made_before_are_over(
    hotline: Hotline, staff: Staff, client: FlaskClient
) -> None:
    link = invite_again(hotline, staff.alice.id)
    with hotline.database.transaction() as session:
        mine = session.get_one(Account, staff.alice.id)
        accounts.change_password(hotline, session, mine, PASSWORD, "một mật khẩu khác hẳn")
    assert accept(client, link).status_code == 422


def test_an_invitation_of_an_account_that_was_shut_out_is_over(hotline: Hotline, client: FlaskClient) -> None:
    link = create_account(hotline, NEW)
    with hotline.database.reading() as session:
        account_id = session.scalars(select(Account.id)).one()
    disable_account(hotline, account_id)
    assert accept(client, link).status_code == 422
    assert client.get("/work").status_code == 303


def test_a_token_that_was_never_given_opens_nothing(hotline: Hotline, client: FlaskClient) -> None:
    create_account(hotline, NEW)
    for token in ("", "x", "x" * 100_000, "ln_\u0000"):
        assert accept(client, f"/accounts/invitation#{token}").status_code == 422, token[:10]


def test_the_database_keeps_no_token(hotline: Hotline, client: FlaskClient) -> None:
    token = create_account(hotline, NEW).partition("#")[2]
    with hotline.database.reading() as session:
        kept = session.scalars(select(Invitation.token_hash)).one()
    assert token not in kept
    assert accept(client, f"#{kept}").status_code == 422


@pytest.mark.parametrize(
    ("password", "wrong"),
    [("", "ít nhất 12 ký tự"), ("mười một kt", "ít nhất 12 ký tự"), ("ạ" * 129, "dài nhất 128 ký tự")],
)
def test_a_password_has_twelve_to_128_characters_and_a_refused_one_does_not_use_the_link_up(
    hotline: Hotline, client: FlaskClient, password: str, wrong: str
) -> None:
    link = create_account(hotline, NEW)
    refused = accept(client, link, password=password)
    assert refused.status_code == 422
    page = refused.get_data(as_text=True)
    assert wrong in words(page)
    assert link.partition("#")[2] in page
    if password:
        assert password not in page
    assert accept(client, link, password="Mưa rơi " * 4 + PASSWORD + "?" * 76).status_code == 303


def test_the_first_administrator_comes_in_by_a_link_of_the_installation(
    hotline: Hotline, client: FlaskClient, app: Flask
) -> None:
    link, other = first_link(hotline), first_link(hotline)
    assert link is not None
    assert other is not None
    assert "Tạo quản trị viên đầu tiên" in words(client.get("/accounts/invitation").get_data(as_text=True))
    nameless = accept(client, link)
    assert nameless.status_code == 422
    wrong = accept(client, link, username="Quản Trị", display_name="Anh Sơn")
    assert wrong.status_code == 422
    assert "Tên đăng nhập gồm 3 đến 64" in words(wrong.get_data(as_text=True))
    answer = accept(client, link, username="anh.son", display_name="Anh Sơn")
    assert (answer.status_code, answer.location) == (303, "/accounts/me/second-factor")
    assert "Anh Sơn" in client.get("/accounts/me/second-factor").get_data(as_text=True)
    assert first_link(hotline) is None
    # a second link that was printed before makes no second administrator
    late = accept(app.test_client(), other, username="ke.la", display_name="Kẻ lạ")
    assert late.status_code == 422
    with hotline.database.reading() as session:
        assert session.scalars(select(Account.username)).all() == ["anh.son"]


def test_an_installation_whose_administrators_are_all_shut_out_can_make_one_again(
    hotline: Hotline, staff: Staff
) -> None:
    assert first_link(hotline) is None
    disable_account(hotline, staff.admin.id)
    assert first_link(hotline) is not None


def accept(browser: FlaskClient, link: str, **fields: str) -> TestResponse:
    """Open the page of a link, as a browser without JavaScript, and send its form."""
    data = {"token": link.partition("#")[2], "password": PASSWORD} | fields
    return post_form(browser, "/accounts/invitation", "/accounts/invitation", **data)
