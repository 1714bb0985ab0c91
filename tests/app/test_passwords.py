"""Passwords: which are taken, and how one is changed."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.accounts import service as accounts
from app.accounts.service import check_password
from app.bench.scratch import RedisServer
from app.hotline import Hotline
from app.problems import Refused
from models.account import Account
from models.vocabulary import AuditKind
from tests.app.conftest import PASSWORD, Staff
from tests.app.test_login import enter, limited
from tests.app.test_second_factor import kinds
from tests.pages import fields_in_error, post_form, words

Log = Callable[..., FlaskClient]
ME = "/accounts/me"
OTHER = "một mật khẩu khác hẳn"


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "123456789012",
        "qwertyuiop12",
        "iloveyou123456",
        "aaaaaaaaaaaa",
        "anhyeuem123456",
        "matkhau123456",
        "langnghe2026!",
        "1q2w3e4r5t6y",
        "Trustno1Trustno1",
    ],
)
def test_a_password_that_was_leaked_or_is_soon_guessed_is_refused(password: str) -> None:
    assert [problem.code for problem in check_password(password)] == ["password_common"]


@pytest.mark.parametrize(
    "password",
    [PASSWORD, OTHER, "mưa tạnh rồi mình đi chợ", "kem dua lanh lam rang oi", "correct horse battery"],
)
def test_a_sentence_is_taken(password: str) -> None:
    assert check_password(password) == []


def test_a_password_made_of_ones_own_name_is_refused() -> None:
    assert check_password("hanhhanhhanh1") != []
    assert check_password("nguyenthihanh", "nguyen.thi.hanh", "Nguyễn Thị Hạnh") != []


def test_a_new_password_ends_every_other_session_and_this_one_goes_on(
    redis: RedisServer, hotline: Hotline, staff: Staff, log_in: Log
) -> None:
    here, elsewhere, bob = log_in(staff.alice), log_in(staff.alice), log_in(staff.bob)
    copy = here.application.test_client()
    cookie = here.get_cookie("staff")
    assert cookie is not None
    copy.set_cookie("staff", cookie.value)
    answer = post_form(here, ME, f"{ME}/password", current=PASSWORD, password=OTHER)
    assert (answer.status_code, answer.location) == (303, ME)
    assert here.get("/work").status_code == 200
    assert elsewhere.get("/work").status_code == 303
    assert copy.get("/work").status_code == 303
    assert bob.get("/work").status_code == 200
    with hotline.database.reading() as session:
        assert accounts.authenticate(session, "alice", PASSWORD) is None
        assert accounts.authenticate(session, "alice", OTHER) is not None
    assert AuditKind.PASSWORD_SET in kinds(hotline)


def test_a_wrong_present_password_and_a_weak_new_one_are_named_together_and_change_nothing(
    redis: RedisServer, hotline: Hotline, staff: Staff, log_in: Log
) -> None:
    alice = log_in(staff.alice)
    refused = post_form(alice, ME, f"{ME}/password", current="sai rồi nha", password="password1234")
    assert refused.status_code == 422
    page = refused.get_data(as_text=True)
    assert {"current", "password"} <= fields_in_error(page).keys()
    assert "nằm trong danh sách đã lộ" in words(page)
    assert "password1234" not in page
    with hotline.database.reading() as session:
        assert accounts.authenticate(session, "alice", PASSWORD) is not None


def test_who_sits_down_at_an_open_session_does_not_guess_the_password_for_long(
    redis: RedisServer, hotline: Hotline, staff: Staff
) -> None:
    strict = limited(hotline, 3)
    browser = strict.test_client()
    assert enter(browser, "alice").status_code == 303
    tries = [post_form(browser, ME, f"{ME}/password", current=f"đoán lần {n}", password=OTHER) for n in range(4)]
    assert [answer.status_code for answer in tries] == [422, 422, 422, 429]


def test_an_invitation_takes_no_weak_password(hotline: Hotline, staff: Staff) -> None:
    with hotline.database.transaction() as session:
        account = session.get_one(Account, staff.alice.id)
        token = accounts.invite(hotline, session, account)
    with pytest.raises(Refused), hotline.database.transaction() as session:
        accounts.accept_invitation(hotline, session, token, "alice alice alice", None)
    with hotline.database.transaction() as session:
        assert accounts.accept_invitation(hotline, session, token, OTHER, None).username == "alice"
