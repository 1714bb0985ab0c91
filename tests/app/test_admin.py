"""The administrators' page: making accounts, shutting people out."""

import re
from collections.abc import Callable
from uuid import uuid4

from flask.testing import FlaskClient
from sqlalchemy import select

from app.hotline import Hotline
from models.account import Account
from models.vocabulary import Role
from tests.app.conftest import BUSES, LIGHTS, Staff
from tests.pages import post_form, words

Log = Callable[[Account], FlaskClient]
PAGE = "/admin/accounts"


def test_a_new_account_has_a_link_that_is_shown_this_once(hotline: Hotline, staff: Staff, log_in: Log) -> None:
    admin = log_in(staff.admin)
    fields = {"username": "Chi.Hanh", "display_name": " Chị  Hạnh ", "role": "handler", "department_id": LIGHTS}
    answer = post_form(admin, PAGE, PAGE, **fields)
    assert answer.status_code == 201
    links = re.findall(r"http://\S+/accounts/invitation#([\w-]{43})", answer.get_data(as_text=True))
    assert len(links) == 1
    assert links[0] not in admin.get(PAGE).get_data(as_text=True)
    account = find(hotline, "chi.hanh")
    assert (account.display_name, account.role, account.department_id) == ("Chị Hạnh", Role.HANDLER, LIGHTS)
    assert (account.password_hash, account.disabled, account.cleared) == (None, False, False)


def test_only_what_a_role_has_is_kept_of_it(hotline: Hotline, staff: Staff, log_in: Log) -> None:
    """Clearance is a coordinator's, a department is a handler's and a supervisor's, whatever the form says."""
    admin = log_in(staff.admin)
    for role in Role:
        fields = {"display_name": "Ai đó", "role": role.value, "department_id": BUSES, "cleared": "1"}
        name = f"new-{role.value.replace('_', '-')}"
        assert post_form(admin, PAGE, PAGE, username=name, **fields).status_code == 201
        account = find(hotline, name)
        assert account.cleared is (role is Role.COORDINATOR)
        assert account.department_id == (BUSES if role in {Role.HANDLER, Role.SUPERVISOR} else None)


def test_everything_wrong_with_a_new_account_is_named_at_once_and_the_rest_is_kept(
    hotline: Hotline, staff: Staff, log_in: Log
) -> None:
    admin = log_in(staff.admin)
    wrong = post_form(admin, PAGE, PAGE, username="Chị Hạnh", display_name="", role="handler")
    assert wrong.status_code == 422
    page = wrong.get_data(as_text=True)
    for field in ("username", "display_name", "department_id"):
        assert f'href="#{field}"' in page
    assert 'value="Chị Hạnh"' in page
    taken = post_form(admin, PAGE, PAGE, username="ALICE", display_name="Ai đó", role="auditor")
    assert "Tên đăng nhập này đã có người dùng." in words(taken.get_data(as_text=True))
    for role, department in (("king", ""), ("handler", "nobody"), ("handler", "a\0b")):
        fields = {"username": "new", "display_name": "Ai đó", "role": role, "department_id": department}
        assert post_form(admin, PAGE, PAGE, **fields).status_code == 422, role
    with hotline.database.reading() as session:
        assert len(session.scalars(select(Account.id)).all()) == len(staff.accounts)


def test_a_person_who_is_shut_out_stays_listed_as_that(hotline: Hotline, staff: Staff, log_in: Log) -> None:
    admin = log_in(staff.admin)
    assert "Đã khóa" not in words(admin.get(PAGE).get_data(as_text=True))
    answer = post_form(admin, PAGE, f"{PAGE}/disable", account_id=str(staff.alice.id))
    assert "Đã khóa" in words(answer.get_data(as_text=True))
    assert find(hotline, "alice").disabled
    assert post_form(admin, PAGE, f"{PAGE}/link", account_id=str(staff.alice.id)).status_code == 404


def test_an_account_that_is_not_there_is_not_found(staff: Staff, log_in: Log) -> None:
    admin = log_in(staff.admin)
    for account_id in ("", "x", str(uuid4())):
        for action in ("disable", "link", "reset-factor", "end-sessions", "revoke-token"):
            assert post_form(admin, PAGE, f"{PAGE}/{action}", account_id=account_id).status_code == 404


def find(hotline: Hotline, username: str) -> Account:
    with hotline.database.reading() as session:
        return session.scalars(select(Account).where(Account.username == username)).one()
