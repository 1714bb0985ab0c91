"""The page of answers that wait for a second reader: whose they are, in which order, and where it leads."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.accounts import service as accounts
from app.accounts.service import NewAccount
from app.admin.service import disable_account
from app.coordination import service as coordination
from app.hotline import Hotline
from app.problems import NotFound
from app.replies import service as replies
from app.review import service as review
from app.work import approval
from app.work import service as work
from models.account import Account
from models.vocabulary import Role, Status
from tests.app.conftest import BUSES, LIGHTS, Clock, Filed, Road, Staff, step
from tests.pages import post_form, words

Log = Callable[[Account], FlaskClient]
PAGE = "/work/approvals"


@pytest.fixture(autouse=True)
def second(hotline: Hotline, staff: Staff) -> None:
    """Let alice's unit want a second reader."""
    replies.ask_for_second(hotline, staff.supervisor, wanted=True)


@pytest.fixture
def carol(hotline: Hotline) -> Account:
    """Return a second handler of alice's unit."""
    with hotline.database.transaction() as session:
        return accounts.create(session, hotline.now(), NewAccount("carol", "Carol", Role.HANDLER, LIGHTS))


def test_who_may_release_an_answer_finds_it_with_its_writer_and_its_first_words_the_oldest_first(
    hotline: Hotline, road: Road, staff: Staff, carol: Account, clock: Clock, log_in: Log
) -> None:
    later, first = road.accepted(), road.accepted()
    written(hotline, staff.alice, first, "Đã thay bóng ở trụ số bốn.")
    clock.forward(minutes=5)
    written(hotline, carol, later, "Đã nắn lại trụ nghiêng.")
    shown = log_in(staff.supervisor).get(PAGE).get_data(as_text=True)
    assert shown.index("Đã thay bóng ở trụ số bốn.") < shown.index("Đã nắn lại trụ nghiêng.")
    assert shown.index(">Alice<") < shown.index(">Carol<")
    for filed in (first, later):
        assert f'href="/work/{filed.ticket().id}#waiting"' in shown
    assert "09:00" in words(shown), "since when"
    assert shown.count('<span class="tag ok"') == 2, "how long the ticket has still"
    assert seen_by(hotline, staff.alice) == [later.ticket().id], "nobody reads their own"
    assert seen_by(hotline, carol) == [first.ticket().id]
    assert 'id="waiting"' in log_in(carol).get(f"/work/{first.ticket().id}").get_data(as_text=True)


def test_the_queue_and_the_coordinators_page_count_what_waits(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log
) -> None:
    written(hotline, staff.alice, road.accepted())
    for account, page, number in (
        (staff.supervisor, "/work", 1), (staff.alice, "/work", 0), (staff.bob, "/work", 0),
        (staff.coordinator, "/work", 0), (staff.coordinator, "/review", 0),
    ):  # fmt: skip
        shown = words(log_in(account).get(page).get_data(as_text=True))
        assert f"Câu trả lời chờ duyệt ({number})" in shown, account.username
    assert "Câu trả lời chờ duyệt" not in log_in(staff.auditor).get("/work").get_data(as_text=True)


def test_an_answer_leaves_the_page_when_it_is_sent_given_back_taken_back_or_its_ticket_goes(
    hotline: Hotline, road: Road, staff: Staff
) -> None:
    sent, back, own, merged, other = (road.accepted() for _ in range(5))
    for filed in (sent, back, own, merged):
        written(hotline, staff.alice, filed)
    assert len(seen_by(hotline, staff.supervisor)) == approval_count(hotline, staff.supervisor) == 4
    approval.approve(hotline, staff.supervisor, step(sent))
    approval.give_back(hotline, staff.supervisor, step(back, "Ghi rõ ngày."))
    approval.take_back(hotline, staff.alice, step(own))
    review.link(hotline, staff.coordinator, step(merged, str(other.ticket().id)))
    assert seen_by(hotline, staff.supervisor) == []
    assert approval_count(hotline, staff.supervisor) == 0


def test_a_helping_unit_finds_none_and_a_coordinator_only_where_the_unit_has_nobody_else(
    hotline: Hotline, road: Road, staff: Staff
) -> None:
    filed = road.accepted()
    coordination.ask_unit(hotline, staff.alice, step(filed, "Trụ ở trạm xe buýt."), BUSES)
    written(hotline, staff.alice, filed)
    for account in (staff.bob, staff.coordinator, staff.auditor, staff.admin, staff.call_taker):
        assert seen_by(hotline, account) == []
    disable_account(hotline, staff.supervisor.id)
    assert seen_by(hotline, staff.coordinator) == [filed.ticket().id]
    assert approval_count(hotline, staff.coordinator) == 1
    approval.approve(hotline, staff.coordinator, step(filed))
    assert filed.status() is Status.ANSWERED


def test_pages_hold_every_answer_once_also_of_one_instant(
    hotline: Hotline, road: Road, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(approval, "PAGE", 2)
    for _ in range(5):
        written(hotline, staff.alice, road.accepted())
    found, after = [], None
    while True:
        with hotline.database.reading() as session:
            page = approval.waiting(session, staff.supervisor, after)
        found += [one.ticket_id for one in page.answers]
        after = page.after
        if after is None:
            break
    assert len(found) == len(set(found)) == 5
    with hotline.database.reading() as session:
        for wrong in ("x", "2026-03-03T00:00:00_" + "0" * 32, "9999-12-31T23:59:59-23:59_" + "0" * 32, "_", "a_b_c"):
            with pytest.raises(NotFound):
                approval.waiting(session, staff.supervisor, wrong)


def test_an_answer_is_read_and_sent_from_the_page_by_links_and_forms_alone(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log
) -> None:
    filed = road.accepted()
    written(hotline, staff.alice, filed, "Đã thay bóng.")
    reader, page = log_in(staff.supervisor), f"/work/{filed.ticket().id}"
    assert f'href="{PAGE}"' in reader.get("/work").get_data(as_text=True)
    assert f'href="{page}#waiting"' in reader.get(PAGE).get_data(as_text=True)
    assert f'href="{PAGE}"' in reader.get(page).get_data(as_text=True), "and back to the others"
    assert post_form(reader, page, f"{page}/approve-answer").status_code == 303
    assert "Không có câu trả lời nào chờ bạn." in reader.get(PAGE).get_data(as_text=True)


def test_reply_templates_are_reached_from_where_their_users_work(staff: Staff, log_in: Log) -> None:
    for account, page in ((staff.alice, "/work"), (staff.supervisor, "/work"), (staff.coordinator, "/review")):
        shown = log_in(account).get(page).get_data(as_text=True)
        assert 'href="/replies"' in shown.partition("<main")[2], account.username
        assert 'href="/replies"' not in shown.partition("<main")[0], "the header stays as short as it is"
    assert 'href="/replies"' not in log_in(staff.auditor).get("/work").get_data(as_text=True)


def written(hotline: Hotline, by: Account, filed: Filed, answer: str = "Đã thay bóng.") -> None:
    work.answer(hotline, by, step(filed, answer))


def seen_by(hotline: Hotline, account: Account) -> list[object]:
    with hotline.database.reading() as session:
        return [one.ticket_id for one in approval.waiting(session, account).answers]


def approval_count(hotline: Hotline, account: Account) -> int:
    with hotline.database.reading() as session:
        return approval.count(session, account)
