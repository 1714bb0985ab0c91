"""What webhooks are told of, what they are never told of, and the pages on which they are set up."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, func, select

from app.hotline import Hotline
from app.webhooks import service, telling
from app.webhooks.courier import Courier
from app.webhooks.message import TRIAL
from app.webhooks.outside import Post
from app.webhooks.schema import NewWebhook
from app.work import service as work
from models.audit import AuditEvent
from models.ticket import TicketEvent
from models.vocabulary import AuditKind, DeliveryOutcome
from models.webhook import Webhook, WebhookDelivery, WebhookGap
from tests.app.conftest import BUSES, LIGHTS, LIGHTS_OUT, Clock, Filed, Road, Staff, step
from tests.pages import post_form, words

Log = Callable[..., FlaskClient]
PAGE = "/admin/webhooks"
URL = "https://in.example.vn/tickets"
PERSON = {"contact_name": "Chuồnchuồn Kimkim", "contact_phone": "0987650321", "consent": True}


def test_what_happens_to_a_ticket_is_told_by_ids_and_closed_words_alone(
    hotline: Hotline, staff: Staff, road: Road
) -> None:
    make(hotline, staff)
    filed = road.routed(LIGHTS_OUT, **PERSON)
    work.accept(hotline, staff.alice, step(filed))
    work.answer(hotline, staff.alice, step(filed, "Đã thay bóng ở trụ lángchuồnnước."))
    told = messages(hotline)
    assert [one["type"] for one in told] == ["ticket.triaged", "ticket.accepted", "ticket.answered"]
    ticket = filed.ticket()
    assert {one["data"]["ticket"] for one in told} == {str(ticket.id)}
    assert [one["data"]["status"] for one in told] == ["routed", "in_progress", "answered"]
    last = told[-1]["data"]
    assert set(last) == {"event", "ticket", "status", "topic", "ward", "department"}
    assert (last["topic"], last["ward"], last["department"]) == (ticket.topic_slug, ticket.ward_code, LIGHTS)
    said = json.dumps(told, ensure_ascii=False)
    typed = (LIGHTS_OUT, "tối thui", "lángchuồnnước", "Chuồnchuồn", "987650321")
    for secret in (*typed, filed.code, filed.code.replace("-", "")):
        assert secret not in said


def test_a_sealed_report_is_never_told_of(hotline: Hotline, staff: Staff, road: Road) -> None:
    make(hotline, staff)
    road.sealed("Tôi tố cáo ông Bảy nhận tiền của dân")
    assert messages(hotline) == []
    waiting = road.file()
    assert messages(hotline) == []
    assert waiting.kinds() == ["received"]


def test_what_is_owed_of_a_report_that_is_sealed_goes_unsent(
    hotline: Hotline, staff: Staff, road: Road, clock: Clock
) -> None:
    make(hotline, staff)
    filed = road.in_review()
    assert len(messages(hotline)) > 0
    with hotline.database.transaction() as session:
        ticket = session.get_one(type(filed.ticket()), filed.ticket().id)
        ticket.submission_type = "to-cao"  # type: ignore[assignment]
    clock.forward(seconds=5)
    Courier(hotline, NoPost()).once()
    assert messages(hotline) == []


def test_a_unit_is_told_of_what_it_has_and_of_what_is_taken_from_it(hotline: Hotline, staff: Staff, road: Road) -> None:
    lights, buses = make(hotline, staff, LIGHTS), make(hotline, staff, BUSES)
    road.returned()
    assert [one["type"] for one in messages(hotline, lights)] == ["ticket.triaged", "ticket.returned"]
    assert messages(hotline, buses) == []


def test_filing_and_working_ask_nothing_of_webhooks(hotline: Hotline, staff: Staff, road: Road) -> None:
    make(hotline, staff)
    with statements(hotline) as asked:
        road.accepted()
    assert asked
    assert not [one for one in asked if "webhook" in one]


def test_each_happening_is_owed_once_however_many_relays_there_are(hotline: Hotline, staff: Staff, road: Road) -> None:
    make(hotline, staff)
    for _ in range(3):
        road.accepted()
    relays = [threading.Thread(target=telling.derive, args=(hotline,)) for _ in range(4)]
    for relay in relays:
        relay.start()
    for relay in relays:
        relay.join()
    events = [one["data"]["event"] for one in messages(hotline)]
    assert len(events) == len(set(events)) == 6


def test_what_is_committed_late_below_the_cursor_is_told_too(
    hotline: Hotline, staff: Staff, road: Road, clock: Clock
) -> None:
    """On PostgreSQL numbers are given before they are committed: a later one may be there first."""
    make(hotline, staff)
    filed = road.accepted()
    messages(hotline)
    newest = last(hotline)
    happened(hotline, filed, newest + 4)
    assert events(hotline)[-1] == newest + 4
    happened(hotline, filed, newest + 2)
    assert newest + 2 in events(hotline)
    assert gaps(hotline, newest) == [(newest + 1, newest + 1), (newest + 3, newest + 3)]
    happened(hotline, filed, newest + 3)
    assert events(hotline)[-4:].count(newest + 3) == 1
    clock.at += telling.GAP_LASTS
    happened(hotline, filed, newest + 5)
    messages(hotline)
    assert gaps(hotline, 0) == []
    assert len(events(hotline)) == len(set(events(hotline)))


def test_a_webhook_is_told_of_nothing_from_before_it_was_set_up_or_while_it_was_off(
    hotline: Hotline, staff: Staff, road: Road
) -> None:
    road.accepted()
    webhook_id = make(hotline, staff)
    assert messages(hotline) == []
    road.routed()
    assert len(messages(hotline)) == 1
    service.switch_off(hotline, webhook_id, staff.admin.id)
    assert messages(hotline) == []
    assert outcomes(hotline) == [DeliveryOutcome.SWITCHED_OFF]
    road.accepted()
    service.switch_on(hotline, webhook_id, staff.admin.id)
    assert messages(hotline) == []
    road.routed()
    assert len(messages(hotline)) == 1


def test_a_secret_is_shown_once_and_lies_encrypted(hotline: Hotline, staff: Staff, log_in: Log) -> None:
    admin = log_in(staff.admin)
    made = post_form(admin, PAGE, PAGE, name="Hộp thư phường", url=URL, department_id=LIGHTS)
    page = made.get_data(as_text=True)
    assert made.status_code == 201
    secret = re.search(r"whsec_[A-Za-z0-9+/=]{44}", page)
    assert secret
    with hotline.database.reading() as session:
        webhook = session.scalars(select(Webhook)).one()
        lines = [
            one.detail for one in session.scalars(select(AuditEvent).where(AuditEvent.kind == AuditKind.WEBHOOK_MADE))
        ]
    assert secret[0].encode() not in webhook.secret
    assert hotline.keys.webhooks.decrypt(webhook.secret).decode() == secret[0]
    assert lines == [webhook.id.hex]
    for address in (PAGE, f"{PAGE}/{webhook.id}", "/audit"):
        assert "whsec_" not in admin.get(address).get_data(as_text=True)


def test_the_page_shows_how_a_webhook_fares(hotline: Hotline, staff: Staff, road: Road, log_in: Log) -> None:
    webhook_id = make(hotline, staff)
    road.routed()
    telling.derive(hotline)
    admin, page = log_in(staff.admin), f"{PAGE}/{webhook_id}"
    assert post_form(admin, page, f"{page}/trial").status_code == 303
    shown = words(admin.get(page).get_data(as_text=True))
    assert "Tin thử" in shown
    assert "Hệ thống phân loại" in shown
    assert "Đang chờ gửi" in shown
    assert post_form(admin, page, f"{page}/trial").status_code == 303
    with hotline.database.reading() as session:
        trials = session.scalar(select(func.count()).select_from(WebhookDelivery).where(WebhookDelivery.kind == TRIAL))
    assert trials == 1
    assert post_form(admin, page, f"{page}/off").status_code == 303
    assert "Một quản trị viên đã tắt." in words(admin.get(page).get_data(as_text=True))
    assert post_form(admin, page, f"{page}/trial").status_code == 409
    assert post_form(admin, page, f"{page}/on").status_code == 303
    assert "Đang bật" in words(admin.get(PAGE).get_data(as_text=True))


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("name", "x" * 121), ("name", "x\u0000y"), ("url", ""), ("url", "http://in.example.vn"),
     ("url", "https://10.0.0.1/"), ("url", "https://in.example.vn/\u0000"), ("department_id", "dragons"),
     ("department_id", "x\u0000")],
)  # fmt: skip
def test_what_is_wrong_is_said_beside_its_field_and_what_was_typed_is_kept(
    staff: Staff, log_in: Log, field: str, value: str
) -> None:
    fields = {"name": "Hộp thư phường", "url": URL, "department_id": ""} | {field: value}
    answer = post_form(log_in(staff.admin), PAGE, PAGE, **fields)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert f'href="#{field}"' in page
    assert ("Hộp thư phường" if field != "name" else URL) in page


def test_there_are_only_so_many_webhooks(hotline: Hotline, staff: Staff, log_in: Log) -> None:
    for _ in range(service.MOST):
        make(hotline, staff)
    answer = post_form(log_in(staff.admin), PAGE, PAGE, name="x", url=URL)
    assert answer.status_code == 409
    assert "tắt bớt" in words(answer.get_data(as_text=True))


def test_a_secret_locked_with_another_key_is_told_as_such(hotline: Hotline, staff: Staff, clock: Clock) -> None:
    webhook_id = make(hotline, staff)
    service.send_trial(hotline, webhook_id)
    clock.forward(seconds=1)
    other = replace(hotline, keys=replace(hotline.keys, webhooks=hotline.keys.desk))
    Courier(other, NoPost()).once()
    assert outcomes(hotline) == [DeliveryOutcome.UNSIGNED]


class NoPost(Post):
    """A way out that must not be taken."""

    def send(self, *_: Any) -> int:
        """Fail the test."""
        raise AssertionError("something was sent")


def make(hotline: Hotline, staff: Staff, unit: str | None = None) -> Any:
    """Set a webhook up; return its id."""
    webhook_id, _secret = service.make(hotline, NewWebhook("x", URL, unit), staff.admin.id)
    return webhook_id


def messages(hotline: Hotline, webhook_id: Any = None) -> list[dict[str, Any]]:
    """Return what is owed now, in the order in which it happened."""
    telling.derive(hotline)
    query = select(WebhookDelivery).where(telling.OWED)
    if webhook_id is not None:
        query = query.where(WebhookDelivery.webhook_id == webhook_id)
    with hotline.database.reading() as session:
        return [json.loads(one.body or "") for one in session.scalars(query.order_by(WebhookDelivery.event_id))]


def events(hotline: Hotline) -> list[int]:
    """Return of which happenings something is owed."""
    return [one["data"]["event"] for one in messages(hotline)]


def outcomes(hotline: Hotline) -> list[DeliveryOutcome | None]:
    """Return what came of each message, so far."""
    with hotline.database.reading() as session:
        return list(session.scalars(select(WebhookDelivery.outcome)))


def gaps(hotline: Hotline, above: int) -> list[tuple[int, int]]:
    """Return which numbers above this one are still looked for."""
    ordered = select(WebhookGap).where(WebhookGap.first_id > above).order_by(WebhookGap.first_id)
    with hotline.database.reading() as session:
        return [(one.first_id, one.last_id) for one in session.scalars(ordered)]


def last(hotline: Hotline) -> int:
    """Return the number of the newest happening."""
    with hotline.database.reading() as session:
        return telling.last_event(session)


def happened(hotline: Hotline, filed: Filed, number: int) -> None:
    """Write a happening under a number, as a transaction would that was given it a while ago."""
    with hotline.database.transaction() as session:
        at = hotline.now()
        session.add(TicketEvent(id=number, ticket_id=filed.ticket().id, kind="progress", at=at, data={}))


@contextmanager
def statements(hotline: Hotline) -> Iterator[list[str]]:
    """Collect what the database is asked."""
    asked: list[str] = []

    def listen(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    event.listen(hotline.database.engine, "before_cursor_execute", listen)
    yield asked
    event.remove(hotline.database.engine, "before_cursor_execute", listen)
