"""Surges: told once, closed when over, whatever the relays did meanwhile."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from uuid import uuid4

from flask.testing import FlaskClient
from sqlalchemy import select

from app import surges
from app.hotline import Hotline
from app.triage.relay import Relay
from models.account import Account
from models.incident import Surge
from models.ticket import Happening, Ticket
from models.vocabulary import Channel, Status, SubmissionType, Urgency
from tests.app.conftest import Clock, Staff
from tests.pages import words

WARD, OTHER = "27163", "26743"
FLOOD = "flooding"


def test_more_than_the_weeks_before_explain_is_a_surge_and_is_told_once(hotline: Hotline, clock: Clock) -> None:
    past(hotline, clock())
    reports(hotline, 3, clock())
    assert watched(hotline) == []
    reports(hotline, 5, clock())
    (surge,) = watched(hotline)
    assert (surge.topic_slug, surge.ward_code, surge.peak, surge.ended_at) == (FLOOD, WARD, 8, None)
    assert surge.usual < 8
    clock.forward(seconds=30)
    reports(hotline, 2, clock())
    (again,) = watched(hotline)
    assert (again.id, again.peak) == (surge.id, 10)


def test_what_is_usual_at_this_hour_of_the_week_is_none(hotline: Hotline, clock: Clock) -> None:
    for week in range(1, 9):
        reports(hotline, 8, clock() - timedelta(weeks=week, minutes=30))
    reports(hotline, 8, clock())
    assert watched(hotline) == []
    clock.forward(hours=5)  # the same many at an hour that is quiet
    reports(hotline, 8, clock())
    assert len(watched(hotline)) == 1


def test_a_hotline_without_a_past_knows_no_surge(hotline: Hotline, clock: Clock) -> None:
    reports(hotline, 50, clock())
    assert watched(hotline) == []


def test_denunciations_and_what_is_not_understood_count_for_nothing(hotline: Hotline, clock: Clock) -> None:
    past(hotline, clock())
    reports(hotline, 9, clock(), status=Status.SEALED, submission_type=SubmissionType.DENUNCIATION)
    reports(hotline, 9, clock(), status=Status.REFERRED, submission_type=SubmissionType.DENUNCIATION)
    reports(hotline, 9, clock(), topic_slug=None)
    reports(hotline, 9, clock(), ward_code=None)
    assert watched(hotline) == []
    reports(hotline, 9, clock(), status=Status.MERGED)  # people, not things, make a surge
    assert len(watched(hotline)) == 1


def test_a_surge_ends_when_it_has_been_over_for_an_hour_and_another_may_begin(hotline: Hotline, clock: Clock) -> None:
    past(hotline, clock())
    reports(hotline, 9, clock())
    (surge,) = watched(hotline)
    clock.forward(minutes=59)
    assert watched(hotline)[0].last_seen_at == clock()
    clock.forward(minutes=59)
    assert watched(hotline)[0].ended_at is None
    clock.forward(days=3)  # no relay ran; it ended when it ended
    (over,) = watched(hotline)
    assert over.ended_at == over.last_seen_at + timedelta(hours=1)
    reports(hotline, 9, clock())
    assert [one.ended_at is None for one in watched(hotline)] == [False, True]
    assert over.id == surge.id


def test_two_relays_at_the_same_instant_note_a_surge_once(hotline: Hotline, clock: Clock) -> None:
    past(hotline, clock())
    reports(hotline, 9, clock())
    started = Barrier(2)

    def watch() -> int:
        with hotline.database.transaction() as session:
            # SQLite lets one in at a time, PostgreSQL both
            if not hotline.settings.is_sqlite:
                started.wait(10)
            return surges.watch(session, clock(), hotline.city.incidents.surge)

    with ThreadPoolExecutor(2) as pool:
        assert [done.result() for done in [pool.submit(watch), pool.submit(watch)]] == [1, 1]
    assert len(watched(hotline)) == 1


def test_the_relay_looks_and_coordinators_are_told_on_their_page_and_in_the_api(
    hotline: Hotline,
    clock: Clock,
    staff: Staff,
    client: FlaskClient,
    log_in: Callable[[Account], FlaskClient],
    bearer: Callable[[Account], dict[str, str]],
) -> None:
    past(hotline, clock())
    reports(hotline, 9, clock())
    Relay(hotline)._tidy()
    shown = words(log_in(staff.coordinator).get("/review").get_data(as_text=True))
    assert "Đang tăng bất thường" in shown
    assert "Ngập nước, triều cường , Phường Hòa Hưng : 9 phản ánh trong một giờ" in shown
    answer = client.get("/api/v1/surges", headers=bearer(staff.coordinator))
    (told,) = answer.json["surges"]  # type: ignore[index]
    assert (told["topic"]["id"], told["ward"]["id"], told["peak"]) == (FLOOD, WARD, 9)


def past(hotline: Hotline, now: datetime) -> None:
    """Let the hotline have existed for ten weeks, with a report elsewhere."""
    reports(hotline, 1, now - timedelta(weeks=10), ward_code=OTHER)


def reports(
    hotline: Hotline,
    count: int,
    at: datetime,
    *,
    status: Status = Status.ROUTED,
    topic_slug: str | None = FLOOD,
    ward_code: str | None = WARD,
    submission_type: SubmissionType = SubmissionType.REPORT,
) -> None:
    """Write reports as triage leaves them."""
    with hotline.database.transaction() as session:
        for _ in range(count):
            ticket = Ticket(
                code_hash=uuid4().hex, channel=Channel.WEB, text="Ngập quá", search_text="ngap qua", received_at=at,
                urgency=Urgency.NORMAL, topic_slug=topic_slug, ward_code=ward_code, submission_type=submission_type,
                _status=status,
            )  # fmt: skip
            ticket.happened(Happening("received", at))
            session.add(ticket)


def watched(hotline: Hotline) -> list[Surge]:
    """Let a relay look now; return every surge there was, the oldest first."""
    with hotline.database.transaction() as session:
        surges.watch(session, hotline.now(), hotline.city.incidents.surge)
    with hotline.database.reading() as session:
        return list(session.scalars(select(Surge).order_by(Surge.began_at)))
