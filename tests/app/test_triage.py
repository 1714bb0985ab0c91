"""What happens to a report that was filed: where it goes by itself, and where only a person may send it."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from app.hotline import Hotline
from app.triage import jobs
from classifier.predict import Classifier
from models.outbox import OutboxEntry
from models.ticket import Ticket
from models.vocabulary import AssignmentKind, DeadlineKind, Status, SubmissionType, Urgency
from tests.app.conftest import LIGHTS, TUESDAY, Filed, Road

NOISE = "Quán karaoke hát loa kẹo kéo ồn ào tới khuya, tiếng ồn không ngủ được"
#: Plain reports that say nothing of their subject.
VAGUE = ("Hôm qua đi ngang thấy vậy đó", "chỗ này dơ quá trời luôn")
BRIBE = "Tôi tố cáo ông trưởng phòng nhận tiền hối lộ của dân để ký hồ sơ trái luật"
FIRE = "Cháy nhà rồi, đang cháy lớn có người kẹt trong đó, cứu gấp"
HOA_HUNG = "27163"


def test_a_clear_report_goes_to_the_unit_of_its_rule_with_everything_that_decided(hotline: Hotline, road: Road) -> None:
    filed = road.routed(NOISE, place_text="gần chợ, phường Hòa Hưng")
    ticket = filed.ticket()
    assert (ticket.status, ticket.topic_slug, ticket.ward_code) == (Status.ROUTED, "noise", HOA_HUNG)
    assert ticket.department_id == f"ubnd-{HOA_HUNG}"
    assert {(a.department_id, a.kind) for a in ticket.assignments} == {
        (f"ubnd-{HOA_HUNG}", AssignmentKind.LEAD),
        (f"ca-{HOA_HUNG}", AssignmentKind.COORDINATING),
    }
    assert {(a.rule_id, a.assigned_at, a.ended_at) for a in ticket.assignments} == {("tieng-on", TUESDAY, None)}
    kept = ticket.events[-1].data
    assert (kept["topic"], kept["rule"], kept["wards"], kept["place_sure"]) == ("noise", "tieng-on", [HOA_HUNG], True)
    assert kept["confidence"] > 0.5
    assert kept["because"]
    assert kept["model_version"] == model_version()


def test_the_pin_finds_the_ward_where_the_words_do_not(road: Road, hotline: Hotline) -> None:
    ward = hotline.city.wards[HOA_HUNG]
    filed = road.routed(NOISE, latitude=ward.lat, longitude=ward.lon)
    kept = filed.ticket().events[-1].data
    assert HOA_HUNG in kept["wards"]
    assert kept["place_how"] != road.routed(NOISE).ticket().events[-1].data["place_how"]


def test_what_the_machine_may_not_or_cannot_decide_awaits_a_coordinator(
    road: Road, small_classifier: Classifier
) -> None:
    vague = next(text for text in VAGUE if small_classifier.predict([text])[0].topic is None)
    cases = (
        ("Tôi khiếu nại quyết định số 12 thu hồi đất của gia đình tôi", None, "complaint"),
        ("mua bán nhà đất giá rẻ liên hệ số này", None, "invalid"),
        (vague, "phường Hòa Hưng", "unsure_topic"),
        (NOISE, None, "unsure_place"),
        (NOISE, "phường 12", "unsure_place"),
    )
    for text, place, reason in cases:
        filed = road.routed(text, place_text=place)
        ticket = filed.ticket()
        assert (ticket.status, ticket.department_id, ticket.deadlines) == (Status.NEEDS_REVIEW, None, []), text
        assert ticket.events[-1].data["reason"] == reason, text
        assert filed.kinds() == ["received", "triaged"]


def test_what_its_filer_calls_a_complaint_awaits_a_coordinator_whatever_the_machine_thinks(road: Road) -> None:
    ticket = road.in_review().ticket()
    assert (ticket.status, ticket.submission_type) == (Status.NEEDS_REVIEW, SubmissionType.COMPLAINT)
    assert ticket.events[-1].data["reason"] == "complaint"
    assert ticket.events[-1].data["submission_type"] == "phan-anh"


def test_what_its_filer_calls_a_denunciation_is_sealed_before_any_machine_has_seen_it(
    hotline: Hotline, road: Road
) -> None:
    filed = road.file(BRIBE, submission_type="to-cao")
    assert (filed.status(), filed.kinds()) == (Status.SEALED, ["received", "sealed"])
    before = facts(filed)
    road.triage()
    assert facts(filed) == before
    assert (filed.ticket().topic_slug, filed.ticket().department_id) == (None, None)
    assert owed(hotline) == []


def test_what_the_machine_takes_for_a_denunciation_is_sealed_and_its_history_says_nothing_of_it(
    hotline: Hotline, road: Road
) -> None:
    filed = road.routed(BRIBE, place_text="phường Hòa Hưng")
    ticket = filed.ticket()
    assert (ticket.status, ticket.submission_type) == (Status.SEALED, SubmissionType.DENUNCIATION)
    assert (ticket.topic_slug, ticket.ward_code, ticket.department_id, ticket.assignments) == (None, None, None, [])
    assert ticket.events[-1].data == {"by": "model", "model_version": model_version()}


def test_without_a_model_people_decide(hotline: Hotline, road: Road) -> None:
    filed = road.file()
    jobs.bench.classifier = None
    road.triage()
    ticket = filed.ticket()
    assert (ticket.status, ticket.events[-1].data) == (Status.NEEDS_REVIEW, {"reason": "no_model"})
    assert owed(hotline) == []


def test_the_deadlines_are_those_of_topic_and_calendar_from_the_moment_of_filing(hotline: Hotline, road: Road) -> None:
    """Received on Tuesday at 9: with a unit in 5 minutes, answered by Friday 17:00, the third working day after."""
    ticket = road.routed().ticket()
    assert ticket.department_id == LIGHTS
    assert {d.kind: d.due_at for d in ticket.deadlines} == {
        DeadlineKind.ACK: TUESDAY + timedelta(minutes=5),
        DeadlineKind.RESOLVE: datetime(2026, 3, 6, 10, 0, tzinfo=UTC),
    }
    assert ticket.resolve_due_at == datetime(2026, 3, 6, 10, 0, tzinfo=UTC)
    assert {d.calendar_version for d in ticket.deadlines} == {hotline.city.calendar.version[:64]}


def test_an_emergency_is_known_as_one_and_owed_a_first_action_within_the_hour(road: Road) -> None:
    ticket = road.routed(FIRE, place_text="phường Hòa Hưng").ticket()
    assert (ticket.urgency, ticket.department_id) == (Urgency.EMERGENCY, "pccc")
    due = {d.kind: d.due_at for d in ticket.deadlines}
    assert due[DeadlineKind.FIRST_ACTION] == TUESDAY + timedelta(hours=1)


def test_a_job_that_comes_twice_has_one_effect(hotline: Hotline, road: Road) -> None:
    filed = road.file()
    with hotline.database.reading() as session:
        entries = list(session.scalars(select(OutboxEntry.id)))
    jobs.triage(entries)
    before = facts(filed)
    jobs.triage(entries * 3)
    assert facts(filed) == before
    assert filed.kinds() == ["received", "triaged"]


def facts(filed: Filed) -> dict[str, object]:
    """Return every column of a ticket as it is now."""
    ticket = filed.ticket()
    return {column.key: getattr(ticket, column.key) for column in Ticket.__mapper__.column_attrs}


def owed(hotline: Hotline) -> list[int]:
    with hotline.database.reading() as session:
        return list(session.scalars(select(OutboxEntry.id).where(OutboxEntry.done_at.is_(None))))


def model_version() -> str:
    assert jobs.bench.classifier is not None
    return jobs.bench.classifier.version
