"""Reply templates: words to begin from, with fields of a closed list."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.hotline import Hotline
from app.problems import NotFound, Refused
from app.replies import service
from app.replies.fields import FIELDS, filled, unknown_fields
from app.replies.schema import Draft, draft
from models.account import Account
from models.reply import ReplyTemplate
from models.vocabulary import Status
from tests.app.conftest import BUSES, Clock, Road, Staff
from tests.pages import hidden, post_form

Log = Callable[[Account], FlaskClient]
BODY = "{Đơn vị} sẽ sửa {chủ đề} ở {nơi} trước {hạn}."


def test_fields_are_filled_with_what_is_known_and_say_something_where_nothing_is() -> None:
    values = {"đơn vị": "Trung tâm đèn", "chủ đề": "Đèn đường hư", "nơi": None}
    assert filled(BODY, values) == "Trung tâm đèn sẽ sửa Đèn đường hư ở nơi bạn báo trước thời gian sớm nhất."
    assert filled("Chào bạn.", {}) == "Chào bạn."
    for name, otherwise in FIELDS.items():
        assert filled(f"{{ {name} }}", {}) == otherwise


@pytest.mark.parametrize(
    ("body", "unknown"),
    [
        ("{mã}", ["mã"]),
        ("{đơn vị} {code}", ["code"]),
        ("{đơn vị", ["{"]),
        ("đơn vị}", ["}"]),
        ("{{đơn vị}}", ["{", "}"]),
        ("{}", [""]),
        (BODY, []),
    ],
)
def test_a_field_that_there_is_not_is_found(body: str, unknown: list[str]) -> None:
    assert unknown_fields(body) == unknown


def test_a_template_is_refused_with_every_field_that_is_wrong() -> None:
    with pytest.raises(Refused) as caught:
        draft(" ", "Trước {ngày mai}.", "closed", "")
    assert [(p.field, p.code) for p in caught.value.problems] == [
        ("title", "required"),
        ("body", "unknown_placeholder"),
        ("status", "not_one_of"),
    ]
    assert "{hạn}" in caught.value.problems[1].vi


def test_a_units_own_are_its_own_and_the_citys_are_everybodys(hotline: Hotline, road: Road, staff: Staff) -> None:
    own = service.save(hotline, staff.supervisor, Draft("Của đèn", BODY, Status.ANSWERED, "street-lighting"))
    city = service.save(hotline, staff.coordinator, Draft("Của thành phố", BODY, Status.ANSWERED))
    service.save(hotline, staff.coordinator, Draft("Rác", BODY, Status.ANSWERED, "noise"))
    service.save(hotline, staff.supervisor, Draft("Hỏi", BODY, Status.INFO_REQUESTED))
    ticket = road.accepted().ticket()
    with hotline.database.reading() as session:
        assert [one.id for one in service.fitting(session, staff.alice, ticket, Status.ANSWERED)] == [own.id, city.id]
        assert [one.title for one in service.listed(session, staff.bob)] == ["Của thành phố", "Rác"]


def test_only_who_leads_the_unit_changes_its_templates_and_only_coordinators_the_citys(
    hotline: Hotline, staff: Staff
) -> None:
    own = service.save(hotline, staff.supervisor, Draft("Của đèn", BODY, Status.ANSWERED))
    city = service.save(hotline, staff.coordinator, Draft("Của thành phố", BODY, Status.REJECTED))
    for account, template in ((staff.alice, own), (staff.coordinator, own), (staff.supervisor, city)):
        with pytest.raises(NotFound):
            service.save(hotline, account, Draft("Khác", BODY, Status.ANSWERED), template.id)
        with pytest.raises(NotFound):
            service.retire(hotline, account, template.id)
    with pytest.raises(Refused):
        service.save(hotline, staff.supervisor, Draft("Từ chối", BODY, Status.REJECTED))
    service.retire(hotline, staff.supervisor, own.id)
    with hotline.database.reading() as session:
        assert own.id not in {one.id for one in service.listed(session, staff.alice)}


def test_a_template_is_kept_after_a_preview_and_stands_filled_beside_the_answer(
    road: Road, staff: Staff, log_in: Log
) -> None:
    supervisor = log_in(staff.supervisor)
    typed = {"title": "Đã sửa", "body": BODY, "status": "answered", "topic_slug": "street-lighting"}
    previewed = post_form(supervisor, "/replies/new", "/replies/new", **typed, preview="1").get_data(as_text=True)
    assert "sẽ sửa Đèn đường hư ở hẻm 285 Cách Mạng Tháng Tám trước" in previewed
    assert BODY in previewed, "and stays to be changed"
    assert "Chưa có mẫu nào" in supervisor.get("/replies").get_data(as_text=True)
    refused = post_form(supervisor, "/replies/new", "/replies/new", **(typed | {"body": "Trước {mai}."}))
    assert refused.status_code == 422
    assert 'href="#body"' in refused.get_data(as_text=True)
    assert post_form(supervisor, "/replies/new", "/replies/new", **typed).status_code == 303
    filed = road.accepted()
    shown = log_in(staff.alice).get(f"/work/{filed.ticket().id}").get_data(as_text=True)
    assert BODY not in shown
    assert "nơi bạn báo trước" in shown
    replies = re.findall(r'<textarea[^>]* name="public_text"[^>]*>(.*?)</textarea>', shown, re.DOTALL)
    assert replies == ["", ""], "nothing stands there that nobody has chosen"
    assert BUSES not in shown


def test_of_two_who_edit_one_template_the_second_sees_the_first_ones_words_and_loses_none_of_their_own(
    hotline: Hotline, staff: Staff, log_in: Log, clock: Clock
) -> None:
    one = service.save(hotline, staff.coordinator, Draft("Của thành phố", "Đã sửa.", Status.ANSWERED))
    page, browser = f"/replies/{one.id}", log_in(staff.coordinator)
    before = hidden(browser.get(page).get_data(as_text=True), "version")
    clock.forward(minutes=1)
    typed = {"title": "Của thành phố", "status": "answered", "topic_slug": ""}
    assert post_form(log_in(staff.cleared), page, page, **typed, body="Đã thay bóng.").status_code == 303
    clock.forward(minutes=1)
    mine = typed | {"body": "Đã sửa {chủ đề}.", "version": before}
    previewed = post_form(browser, page, page, **mine, preview="1").get_data(as_text=True)
    assert hidden(previewed, "version") == before
    refused = post_form(browser, page, page, **mine)
    assert refused.status_code == 409
    shown = refused.get_data(as_text=True)
    for said in ("Có người vừa sửa và lưu", "Đã thay bóng.", mine["body"] + "</textarea>"):
        assert said in shown
    with hotline.database.reading() as session:
        assert session.get_one(ReplyTemplate, one.id).body == "Đã thay bóng."
    assert post_form(browser, page, page, **mine | {"version": hidden(shown, "version")}).status_code == 303
    with hotline.database.reading() as session:
        assert session.get_one(ReplyTemplate, one.id).body == mine["body"]


def test_a_person_without_a_unit_leads_no_template_page_astray(staff: Staff, log_in: Log) -> None:
    for account in (staff.alice, staff.coordinator):
        page = log_in(account).get("/replies").get_data(as_text=True)
        assert "second_approval" not in page
