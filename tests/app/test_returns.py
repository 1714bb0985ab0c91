"""What comes back, counted by what had sent it there."""

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.coordination import service as coordination
from app.hotline import Hotline
from app.problems import NotFound, Refused
from app.returns import service as returns
from app.returns.schema import Period, parse_period
from app.returns.service import Line
from app.review import service as review
from app.work import service as work
from app.work.returning import Why
from models.account import Account
from models.ticket import Ticket
from models.vocabulary import SubmissionType
from tests.app.conftest import BUSES, LIGHTS, LIGHTS_OUT, Clock, Filed, Road, Staff, step
from tests.pages import words

Log = Callable[[Account], FlaskClient]
TODAY = date(2026, 3, 3)
NOW = Period(TODAY, TODAY)
WORDS = "Bà Sáu nói trụ này của phường."


def test_returns_are_counted_by_topic_rule_unit_reason_and_where_they_went(
    hotline: Hotline, road: Road, staff: Staff
) -> None:
    for _ in range(2):
        back(hotline, staff, road.routed(), Why("wrong-unit", BUSES))
    back(hotline, staff, road.routed(), Why("private-land"))
    accepted = road.routed()
    back(hotline, staff, accepted, Why("private-land", BUSES))
    review.route(hotline, staff.coordinator, step(accepted), review.Choice("street-lighting", "ubnd-27163"))
    road.accepted()
    found = report(hotline, staff.coordinator)
    line = partial(Line, topic="street-lighting", rule="den-duong", unit=LIGHTS, kind="lead", routed=5)
    assert found.lines == [
        line(reason="wrong-unit", to=BUSES, n=2),
        line(reason="private-land", to="", n=1),
        line(reason="private-land", to=BUSES, n=1),
    ]
    assert found.lines[0].share == pytest.approx(0.4)
    assert found.after is None


def test_where_a_ticket_was_taken_up_counts_more_than_what_was_proposed(
    hotline: Hotline, road: Road, staff: Staff
) -> None:
    filed = road.routed()
    back(hotline, staff, filed, Why("wrong-unit", "pccc"))
    review.route(hotline, staff.coordinator, step(filed), review.Choice("street-lighting", BUSES))
    assert [line.to for line in report(hotline, staff.coordinator).lines] == ["pccc"]
    work.accept(hotline, staff.bob, step(filed))
    assert [line.to for line in report(hotline, staff.coordinator).lines] == [BUSES]


def test_a_topic_that_was_corrected_afterwards_counts_as_what_it_was_taken_for(
    hotline: Hotline, road: Road, staff: Staff
) -> None:
    filed = road.routed()
    back(hotline, staff, filed, Why("wrong-unit", BUSES))
    review.route(hotline, staff.coordinator, step(filed), review.Choice("public-transport", BUSES))
    (line,) = report(hotline, staff.coordinator).lines
    assert (line.topic, line.n, line.routed) == ("street-lighting", 1, 1)


def test_three_returns_of_one_kind_stand_on_top_with_their_tickets_and_the_line_of_their_rule(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log
) -> None:
    coordinator = log_in(staff.coordinator)
    tickets = []
    for number in range(3):
        page = coordinator.get("/returns").get_data(as_text=True)
        assert "cùng một lý do:" not in page, number
        filed = road.routed()
        back(hotline, staff, filed, Why("ward-level"))
        tickets.append(filed.ticket().id)
    page = coordinator.get("/returns").get_data(as_text=True)
    assert "3 phiếu này bị trả lại vì cùng một lý do: Thuộc phường, xã" in page
    rule = next(rule for rule in hotline.city.rules.ordered if rule.id == "den-duong")
    assert f"rules.yaml:{rule.line}" in page
    assert rule.because in page
    for ticket_id in tickets:
        assert f'href="/work/{ticket_id}"' in page
    (group,) = report(hotline, staff.coordinator).groups
    assert {ticket_id for ticket_id, _ in group.tickets} == set(tickets)


def test_nothing_of_what_people_wrote_or_who_they_are_is_in_it(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log
) -> None:
    for _ in range(3):
        back(hotline, staff, road.routed(contact_phone="0901234567", consent=True), Why("other"), WORDS)
    page = words(log_in(staff.coordinator).get("/returns").get_data(as_text=True))
    assert "Lý do khác" in page
    for secret in (LIGHTS_OUT[:20], WORDS, "0901", staff.alice.display_name):
        assert secret not in page


def test_a_sealed_ticket_is_not_counted(hotline: Hotline, road: Road, staff: Staff) -> None:
    filed = road.routed()
    back(hotline, staff, filed, Why("ward-level"))
    assert len(report(hotline, staff.cleared).lines) == 1
    with hotline.database.transaction() as session:
        session.get_one(Ticket, filed.ticket().id).submission_type = SubmissionType.DENUNCIATION
    for account in (staff.coordinator, staff.cleared, staff.auditor, staff.supervisor):
        assert report(hotline, account).lines == []


def test_a_supervisor_sees_what_the_own_unit_gave_back_and_links_to_none_it_has_lost(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log
) -> None:
    gone = [road.routed() for _ in range(3)]
    for filed in gone:
        back(hotline, staff, filed, Why("wrong-unit", BUSES))
        review.accept_proposal(hotline, staff.coordinator, step(filed))
        work.send_back(hotline, staff.bob, step(filed), Why("private-land"))
    assert {line.unit for line in report(hotline, staff.auditor).lines} == {LIGHTS, BUSES}
    assert {line.unit for line in report(hotline, staff.supervisor).lines} == {LIGHTS}
    page = log_in(staff.supervisor).get("/returns").get_data(as_text=True)
    assert "3 phiếu này" in page
    assert not any(str(filed.ticket().id) in page for filed in gone)
    for account in (staff.alice, staff.admin, staff.call_taker):
        with pytest.raises(NotFound):
            report(hotline, account)


def test_parts_that_helpers_gave_back_are_counted_apart(hotline: Hotline, road: Road, staff: Staff) -> None:
    filed = road.accepted()
    coordination.ask_unit(hotline, staff.alice, step(filed, "Nhờ xem."), BUSES)
    coordination.return_part(hotline, staff.bob, step(filed), Why("wrong-unit"))
    (line,) = report(hotline, staff.coordinator).lines
    assert (line.kind, line.unit, line.rule, line.n, line.routed) == ("coordinating", BUSES, "", 1, 1)


def test_the_period_is_of_days_in_the_city_first_and_last_included(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock
) -> None:
    """Routed on Tuesday at nine in the evening UTC, which is Wednesday morning in the city."""
    clock.forward(hours=19)
    back(hotline, staff, road.routed(), Why("ward-level"))
    wednesday = TODAY + timedelta(days=1)
    seen = [
        len(report(hotline, staff.coordinator, Period(day, day)).lines)
        for day in (TODAY, wednesday, wednesday + timedelta(days=1))
    ]
    assert seen == [0, 1, 0]


def test_the_table_is_paged_without_losing_a_line(
    hotline: Hotline, road: Road, staff: Staff, monkeypatch: pytest.MonkeyPatch, log_in: Log
) -> None:
    monkeypatch.setattr(returns, "PAGE", 2)
    for reason in ("ward-level", "ward-level", "wrong-unit", "private-land", "duplicate", "city-level"):
        back(hotline, staff, road.routed(), Why(reason))
    seen: list[tuple[str, int]] = []
    after = None
    for _ in range(3):
        found = report(hotline, staff.coordinator, NOW, after)
        seen += [(line.reason, line.n) for line in found.lines]
        after = found.after
    assert after is None
    assert seen == [("ward-level", 2), ("city-level", 1), ("duplicate", 1), ("private-land", 1), ("wrong-unit", 1)]
    browser = log_in(staff.coordinator)
    for strange in ("x", "1~a", "-1~a~b~c~d~e~f", "1~a~b~c~d~e~f\0", "~~~~~~"):
        assert browser.get("/returns", query_string={"after": strange}).status_code == 404


def test_a_period_that_cannot_be_meant_is_refused_beside_its_field(
    staff: Staff, log_in: Log, client: FlaskClient, bearer: Callable[[Account], dict[str, str]]
) -> None:
    browser, headers = log_in(staff.coordinator), bearer(staff.coordinator)
    for asked, field in (
        ({"from": "hôm qua"}, "from"),
        ({"to": "2026-02-30"}, "to"),
        ({"from": "2026-03-02", "to": "2026-03-01"}, "to"),
        ({"from": "0001-01-01"}, "from"),
        ({"to": "9999-12-31"}, "to"),
    ):
        page = browser.get("/returns", query_string=asked)
        assert page.status_code == 422, asked
        assert f'href="#{field}"' in page.get_data(as_text=True)
        assert f'value="{asked[field]}"' in page.get_data(as_text=True)
        told = client.get("/api/v1/returns", query_string=asked, headers=headers)
        assert (told.status_code, [e["field"] for e in told.get_json()["errors"]]) == (422, [field])
    with pytest.raises(Refused):
        parse_period({"from": "x", "to": "y"}, TODAY)
    assert parse_period({}, TODAY) == Period(TODAY - timedelta(days=90), TODAY)


def back(hotline: Hotline, staff: Staff, filed: Filed, why: Why, typed: str = "") -> None:
    work.send_back(hotline, staff.alice, step(filed, typed), why)


def report(hotline: Hotline, account: Account, period: Period = NOW, after: str | None = None) -> Any:
    with hotline.database.reading() as session:
        return returns.report(hotline, session, account, period, after)
