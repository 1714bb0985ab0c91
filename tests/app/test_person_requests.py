"""The page on which staff answer a person who asks for their data: found by number, given out, erased, on record."""

import json
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.consistency import violations
from app.hotline import Hotline
from app.persons import holds, service
from app.persons.erasure import Asked
from app.review import service as review
from app.sealed import service as sealed
from classifier.redact import MASK
from models.account import Account
from models.audit import AuditEvent
from models.person import Erasure
from models.vocabulary import AuditKind, ErasureCause, SubmissionType
from tests.app.conftest import Filed, Road, Staff, step
from tests.pages import hidden, post_form, words

Log = Callable[[Account], FlaskClient]
PAGE = "/admin/persons"
NAME = "Trần Thị Bông"
TYPED = "0901 234 512"
PHONE = "+84901234512"
LEFT: dict[str, Any] = {"contact_name": NAME, "contact_phone": TYPED, "consent": True}
WHY = "Đơn ngày 2/3, đã đối chiếu căn cước."
SURE = {"phone": TYPED, "reason": WHY, "sure": "1"}


def test_a_number_is_found_with_how_many_cases_and_which_are_held_and_none_of_their_words(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log
) -> None:
    first, held = road.routed(**LEFT), road.routed(**LEFT)
    other = road.routed(contact_phone="0912345678", consent=True)
    hold(hotline, staff, held)
    sealed_one = road.sealed(**LEFT)
    found = post_form(log_in(staff.admin), PAGE, PAGE, phone=TYPED)
    shown = found.get_data(as_text=True)
    assert found.status_code == 200
    assert "2 phiếu để lại số này" in shown
    assert "1 phiếu đang giữ theo luật" in words(shown)
    assert "Tòa yêu cầu." in shown
    for one in (first, held):
        assert str(one.ticket().id) in shown
        assert one.ticket().text not in shown
    for one in (other, sealed_one):
        assert str(one.ticket().id) not in shown
    assert NAME not in shown
    assert records(hotline) == [(AuditKind.PERSON_FOUND, staff.admin.id, "2 tickets")]


def test_the_number_is_in_no_address_of_any_step(road: Road, staff: Staff, log_in: Log) -> None:
    road.routed(**LEFT)
    admin = log_in(staff.admin)
    shown = post_form(admin, PAGE, PAGE, phone=TYPED).get_data(as_text=True)
    asked = post_form(admin, PAGE, f"{PAGE}/ask-erase", phone=TYPED).get_data(as_text=True)
    for page in (shown, asked):
        assert 'method="get"' not in page
        for attribute in ('href="', 'action="'):
            assert all("234" not in part.partition('"')[0] for part in page.split(attribute)[1:])
    assert admin.get(PAGE, query_string={"phone": TYPED}).get_data(as_text=True).count(TYPED) == 0


@pytest.mark.parametrize(("typed", "said"), [("113", "chưa đúng"), ("", "cho biết"), ("<b>0901", "chưa đúng")])
@pytest.mark.parametrize("action", ["", "/export", "/ask-erase", "/erase"])
def test_what_is_no_number_comes_back_to_be_mended_and_leaves_no_record(
    hotline: Hotline, staff: Staff, log_in: Log, action: str, typed: str, said: str
) -> None:
    refused = post_form(log_in(staff.admin), PAGE, PAGE + action, phone=typed, reason=WHY, sure="1")
    page = refused.get_data(as_text=True)
    assert refused.status_code == 422
    assert f'value="{typed.replace("<", "&lt;").replace(">", "&gt;")}"' in page
    assert 'href="#phone"' in page
    assert said in page
    assert records(hotline) == []


def test_all_that_is_kept_goes_out_as_one_file_that_nobody_keeps_a_copy_of(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log
) -> None:
    filed = road.routed(**LEFT)
    road.sealed(**LEFT)
    sent = post_form(log_in(staff.admin), PAGE, f"{PAGE}/export", phone=TYPED)
    assert sent.status_code == 200
    assert sent.mimetype == "application/json"
    assert sent.headers["Cache-Control"] == "no-store"
    assert sent.headers["Content-Disposition"] == 'attachment; filename="du-lieu-ca-nhan-2026-03-03-0900.json"'
    kept = json.loads(sent.data)
    assert kept["phone"] == PHONE
    (case,) = kept["tickets"]
    assert (case["id"], case["contact"]["name"]) == (str(filed.ticket().id), NAME)
    event = filed.ticket().events[-1]
    assert (event.kind, event.actor_id) == ("contact_exported", staff.admin.id)
    assert records(hotline) == [(AuditKind.PERSON_EXPORTED, staff.admin.id, "1 tickets")]


def test_erasing_asks_once_more_with_a_reason_and_leaves_what_is_held(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log
) -> None:
    first, held = road.routed(**LEFT), road.routed(**LEFT)
    hold(hotline, staff, held)
    secret = road.sealed(**LEFT)
    admin = log_in(staff.admin)
    asked = post_form(admin, PAGE, f"{PAGE}/ask-erase", phone=TYPED).get_data(as_text=True)
    assert "1 phiếu sẽ không còn người này" in asked
    assert hidden(asked, "phone") == TYPED
    assert first.contact() is not None, "asking erases nothing"
    done = post_form(admin, PAGE, f"{PAGE}/erase", **SURE)
    assert done.status_code == 200
    said = words(done.get_data(as_text=True))
    assert "Đã xóa người này khỏi 1 phiếu" in said
    assert "Tòa yêu cầu." in said
    assert TYPED not in said
    assert first.contact() is None
    assert held.contact() is not None
    event = first.ticket().events[-1]
    assert (event.kind, event.actor_id, event.internal_text) == ("person_erased", staff.admin.id, WHY)
    with hotline.database.reading() as session:
        (erased,) = session.scalars(select(Erasure))
        assert (erased.cause, erased.account_id) == (ErasureCause.REQUEST, staff.admin.id)
        assert violations(session) == []
    opened = sealed.open_for(hotline, staff.cleared, secret.ticket().id, "Xem còn nguyên không.")
    assert NAME in str(opened.content.contact), "the vault's law is another"
    assert (AuditKind.PERSON_ERASED, staff.admin.id, "2 tickets") in records(hotline)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"reason": ""}, {"reason"}), ({"reason": "vì"}, {"reason"}), ({"sure": ""}, {"sure"}),
        ({"reason": "x" * 301}, {"reason"}), ({"reason": "", "sure": ""}, {"reason", "sure"}),
    ],
)  # fmt: skip
def test_without_reason_or_confirmation_nothing_goes_and_what_was_typed_comes_back(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log, fields: dict[str, str], wrong: set[str]
) -> None:
    filed = road.routed(**LEFT)
    refused = post_form(log_in(staff.admin), PAGE, f"{PAGE}/erase", **(SURE | fields))
    page = refused.get_data(as_text=True)
    assert refused.status_code == 422
    assert {name for name in ("reason", "sure", "phone") if f'href="#{name}"' in page} == wrong
    assert hidden(page, "phone") == TYPED
    assert (SURE | fields)["reason"] in page
    assert filed.contact() is not None
    assert AuditKind.PERSON_ERASED not in {kind for kind, _, _ in records(hotline)}


def test_a_reason_that_names_the_person_is_masked_with_the_rest(hotline: Hotline, road: Road, staff: Staff) -> None:
    """Without `hide(why)` in `erasure.erase` the reason keeps what the erasure removes."""
    filed = road.routed(**LEFT)
    why = f"{NAME} gọi từ {TYPED} xin xóa."
    service.erase(hotline, PHONE, service.checked(Asked(staff.admin.id, why)))
    kept = filed.ticket().events[-1].internal_text
    assert kept is not None
    assert MASK in kept
    for secret in (NAME, "234 512"):
        assert secret not in kept


def test_a_case_that_is_sealed_between_the_look_and_the_erasure_stays_whole(
    hotline: Hotline, road: Road, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Injected: a coordinator seals a case right after it was found. Expected: it is in the vault with its contact.

    Without the second look under lock in `service.erase` an erasure is written of what the vault keeps.
    """
    filed = road.routed(submission_type="khieu-nai", **LEFT)
    real, begun = hotline.database.transaction, []

    def transaction() -> AbstractContextManager[Session]:
        begun.append(1)
        if len(begun) == 2:  # found and noted; now the first case
            monkeypatch.setattr(hotline.database, "transaction", real)
            review.seal(hotline, staff.coordinator, step(filed, "Tố cáo cán bộ."))
        return real()

    monkeypatch.setattr(hotline.database, "transaction", transaction)
    assert service.erase(hotline, PHONE, Asked(staff.admin.id, WHY)) == (0, [])
    assert filed.ticket().submission_type is SubmissionType.DENUNCIATION
    assert "person_erased" not in filed.kinds()
    opened = sealed.open_for(hotline, staff.cleared, filed.ticket().id, "Xem còn nguyên không.")
    assert NAME in str(opened.content.contact)


def test_nobody_but_an_administrator_finds_the_page_and_the_overview_leads_there(staff: Staff, log_in: Log) -> None:
    for name, account in staff.accounts.items():
        assert log_in(account).get(PAGE).status_code == (200 if name == "admin" else 404), name
    assert f'href="{PAGE}"' in log_in(staff.admin).get("/admin").get_data(as_text=True)


def test_a_forged_post_erases_and_gives_out_nothing(hotline: Hotline, road: Road, staff: Staff, log_in: Log) -> None:
    """Injected: each step without a token and with another session's. Expected: 403, nothing gone, nothing on record.

    Without `CSRFProtect` in `app.web` the contact goes.
    """
    filed = road.routed(**LEFT)
    stranger = hidden(log_in(staff.alice).get("/work").get_data(as_text=True), "csrf_token")
    admin = log_in(staff.admin)
    for action in ("", "/export", "/ask-erase", "/erase"):
        for token in ({}, {"csrf_token": stranger}):
            assert admin.post(PAGE + action, data=SURE | token).status_code == 403
    assert filed.contact() is not None
    assert records(hotline) == []


def test_the_record_has_a_topic_for_it_and_shows_no_number(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log
) -> None:
    road.routed(**LEFT)
    post_form(log_in(staff.admin), PAGE, PAGE, phone=TYPED)
    service.export(hotline, PHONE)
    shown = words(log_in(staff.auditor).get("/audit?topic=persons").get_data(as_text=True))
    assert "Tìm dữ liệu của một người 1 tickets — admin" in shown
    assert "Xuất dữ liệu của một người 1 tickets — —" in shown, "the command line is on record too, as nobody's account"
    assert "234" not in shown.partition("Lúc Việc gì")[2]


def test_no_log_holds_the_number_the_name_or_the_reason(
    road: Road, staff: Staff, log_in: Log, caplog: pytest.LogCaptureFixture
) -> None:
    road.routed(**LEFT)
    admin = log_in(staff.admin)
    caplog.set_level(logging.DEBUG)
    for action in ("", "/export", "/ask-erase", "/erase"):
        assert post_form(admin, PAGE, PAGE + action, **SURE).status_code == 200
    for secret in (TYPED, PHONE, "901234512", NAME, WHY):
        assert secret not in caplog.text


def hold(hotline: Hotline, staff: Staff, filed: Filed) -> None:
    holds.place_by(hotline, staff.cleared, filed.ticket().id, "Tòa yêu cầu.", "")


def records(hotline: Hotline) -> list[tuple[AuditKind, object, str | None]]:
    """Return what the record says of persons."""
    kinds = (AuditKind.PERSON_FOUND, AuditKind.PERSON_EXPORTED, AuditKind.PERSON_ERASED)
    with hotline.database.reading() as session:
        lines = session.scalars(select(AuditEvent).where(AuditEvent.kind.in_(kinds)).order_by(AuditEvent.id))
        return [(line.kind, line.actor_id, line.detail) for line in lines]
