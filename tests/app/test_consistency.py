"""The laws that `langnghe check` looks after: each, when broken, is named with the ticket that breaks it."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.consistency import _incident_laws, _laws, assert_consistent, violations
from app.coordination import service as coordination
from app.hotline import Hotline
from app.review import service as review
from app.work import service as work
from app.work.returning import Why
from models.vocabulary import Status
from tests.app.conftest import BUSES, LIGHTS, Filed, Road, step

EVENT = "insert into ticket_event (ticket_id, at, kind, data, from_status, to_status) select id, received_at, "
ASSIGN = "insert into assignment (ticket_id, department_id, kind, assigned_at) select id, "
PART = (
    "insert into part (assignment_id, due_at, calendar_version) select id, assigned_at, '' from assignment where kind ="
)
BACK = (
    "insert into ticket_return (ticket_id, assignment_id, at, reason_code)"
    " select ticket_id, id, assigned_at, 'other' from assignment"
)
OWED = "ticket_id, kind, created_at, due_at, attempts, done_at"
TELL = (
    "insert into notice (ticket_id, deadline_id, term, stage, audience, due_at, at, skipped) "
    "select d.ticket_id, d.id, 0, '{}', '{}', d.due_at, {}, false from deadline d, ticket where kind <> 'first_action' "
    "and kind = (select min(kind) from deadline)"
)
OWE = "insert into deadline (ticket_id, kind, due_at, calendar_version) select id, 'ack', received_at, 'v' from ticket"
LONGER = "update deadline set term = 1 where kind = 'resolve'"
LATER = "'2030-01-01 00:00:00'"
ALONE = (
    "insert into incident (id, opened_at, last_report_at, reports) select id, received_at, received_at, 1 from ticket"
)
PAST = "insert into past_deadline (ticket_id, kind, due_at, ended_at) "
WAIT = "insert into waiting_answer (ticket_id, body, written_by, written_at) "
SHOW = "insert into attachment (id, ticket_id, position, media_type, size, sha256, width, height, shows) "
FOUND = "what staff may see can be found, and nothing else"
FIND = "insert into ticket_search (ticket_id, words) select id, ' den ' from ticket"
END_LEAD = "update assignment set ended_at = assigned_at"
#: (where the ticket stands on its road, what is done behind the program's back, the laws that are broken by it)
BREAKS = (
    ("routed", EVENT + "'received', '{}', null, null from ticket", ["a ticket has exactly one received event"]),
    ("routed", EVENT + "'triaged', '{}', null, null from ticket", ["a ticket was triaged at most once"]),
    ("file", "delete from outbox_entry",
     ["a ticket has exactly one triage job", "a ticket still to be understood has a job that is owed"]),
    ("routed", f"insert into outbox_entry ({OWED}) select {OWED} from outbox_entry",
     ["a ticket has exactly one triage job"]),
    ("file", "update outbox_entry set done_at = created_at",
     ["a ticket still to be understood has a job that is owed"]),
    ("file", "update outbox_entry set given_up_at = created_at",
     ["a ticket still to be understood has a job that is owed"]),
    ("routed", END_LEAD, ["a ticket with a department has that one lead"]),
    ("routed", f"update ticket set department_id = '{BUSES}'", ["a ticket with a department has that one lead"]),
    ("in_review", ASSIGN + f"'{LIGHTS}', 'lead', received_at from ticket",
     ["a ticket without a department has no lead"]),
    ("routed", ASSIGN + f"'{BUSES}', 'coordinating', received_at from ticket",
     ["who helps, and they alone, have a part"]),
    ("routed", PART + " 'lead'", ["who helps, and they alone, have a part"]),
    ("routed", ASSIGN + f"'{LIGHTS}', 'coordinating', received_at from ticket; {PART} 'coordinating'",
     ["who leads does not help"]),
    ("in_review", ASSIGN + f"'{LIGHTS}', 'coordinating', received_at from ticket; {PART} 'coordinating'",
     ["a ticket that nobody leads has no helpers"]),
    ("returned", "delete from ticket_return", ["a ticket came back as often as it says"]),
    ("routed", "update ticket set returns = 1", ["a ticket came back as often as it says"]),
    ("routed", f"{BACK}; update ticket set returns = 1", ["what a unit gave back it has no more"]),
    ("routed", f"{END_LEAD}; update ticket set department_id = null",
     ["a ticket that awaits a department has one"]),
    ("routed", "update ticket set status = 'in_progress'", ["the status is where the last move led"]),
    ("routed", EVENT + "'answered', '{}', 'routed', 'answered' from ticket; update ticket set status = 'answered'",
     ["every move is one that the status table allows"]),
    ("sealed", "delete from sealed_content", ["a denunciation is in the vault"]),
    ("sealed", "update ticket set submission_type = 'phan-anh'; update ticket set status = 'closed'",
     ["only denunciations are in the vault", "the status is where the last move led", FOUND]),
    ("routed", "delete from ticket_search", [FOUND]),
    ("file", FIND, [FOUND]),
    ("sealed", FIND, [FOUND]),
    ("sealed", "update ticket set place_text = 'hẻm 285'", ["what a denunciation says is nowhere but in the vault"]),
    ("sealed", ASSIGN.replace("kind,", "kind, rule_id, ended_at,")
     + f"'{LIGHTS}', 'lead', 'den-duong', received_at, received_at from ticket",
     ["what a denunciation says is nowhere but in the vault"]),
    ("sealed", "insert into contact (ticket_id, phone, consented_at) select id, '1', received_at from ticket",
     ["what a denunciation says is nowhere but in the vault"]),
    ("sealed", EVENT.replace("data,", "data, internal_text,") + "'x', '{}', 'ông Bảy', null, null from ticket",
     ["what a denunciation says is nowhere but in the vault"]),
    ("accepted", EVENT + "'accepted', '{}', 'routed', 'in_progress' from ticket",
     ["every move begins where the one before it led"]),
    ("accepted", EVENT + "'answered', '{}', null, 'in_progress' from ticket",
     ["every move begins where the one before it led"]),
    ("routed", "update ticket set resolve_due_at = received_at", ["a ticket shows the date of its deadline"]),
    ("accepted", "update deadline set paused_at = due_at where kind = 'resolve'",
     ["a clock stands still only while a citizen is asked"]),
    ("accepted", f"{EVENT}'extended', '{{}}', null, null from ticket; {LONGER}",
     ["more time that was granted was told its citizen once"]),
    ("accepted", LONGER,
     ["a deadline has as many terms as extensions were granted and answers reopened"]),
    ("accepted", PAST + "select ticket_id, kind, due_at, due_at from deadline where kind = 'resolve'",
     ["a deadline has as many terms as extensions were granted and answers reopened",
      "something was promised before only where a ticket was reopened"]),
    ("routed", "update ticket set assignee_id = (select id from account where username = 'bob')",
     ["who has a ticket is of its unit"]),
    ("routed", WAIT + "select ticket.id, 'x', account.id, received_at from ticket, account where username = 'alice'",
     ["an answer waits only while its unit works on the ticket"]),
    ("routed", SHOW + "select id, id, 0, 'image/jpeg', 1, 'x', 1, 1, 'after' from ticket",
     ["what a unit shows is in an answer, or waits with one"]),
    ("accepted", "update deadline set committed_at = due_at where kind = 'resolve'",
     ["a date that a unit has promised is in a progress report"]),
    ("accepted", f"{TELL.format('half', 'handlers', 'received_at')}; {TELL.format('most', 'handlers', 'received_at')}",
     ["of stages that came at once one was sent"]),
    ("sealed", f"{OWE}; {TELL.format('due', 'coordinators', LATER)}",
     ["a sealed ticket is told of to nobody but cleared coordinators"]),
    ("merged", "update ticket set incident_id = null where status = 'merged'; update incident set reports = 1",
     ["a merged ticket is of an incident"]),
    ("sealed", ALONE + "; update ticket set incident_id = id",
     ["a denunciation is of no incident and proposed for none"]),
)  # fmt: skip
#: (what is done to an incident of two reports, the law that it breaks)
INCIDENT_BREAKS = (
    ("update ticket set incident_id = null where status <> 'merged'; update incident set reports = 1",
     "an incident has a lead that is not merged"),
    ("update incident set reports = 3", "an incident counts its reports"),
    ("update incident set joined_into_id = id, reports = 2",
     "an incident is joined to one that stands"),
)  # fmt: skip


@pytest.mark.parametrize(("stands", "done", "broken"), BREAKS)
def test_a_broken_law_is_named_with_the_ticket_that_breaks_it(
    hotline: Hotline, road: Road, stands: str, done: str, broken: list[str]
) -> None:
    filed: Filed = getattr(road, stands)()
    assert found(hotline) == []
    with hotline.database.transaction() as session:
        for statement in done.split("; "):
            session.execute(text(statement))
    ticket_id = filed.ticket().id
    assert found(hotline) == [f"{law}: 1 tickets, such as {ticket_id}" for law in broken]
    with pytest.raises(AssertionError, match=broken[0]), hotline.database.reading() as session:
        assert_consistent(session)


@pytest.mark.parametrize(("done", "law"), INCIDENT_BREAKS)
def test_a_broken_law_of_incidents_is_named_with_the_incident(
    hotline: Hotline, road: Road, done: str, law: str
) -> None:
    incident_id = road.merged().ticket().incident_id
    assert found(hotline) == []
    with hotline.database.transaction() as session:
        for statement in done.split("; "):
            session.execute(text(statement))
    assert found(hotline) == [f"{law}: 1 incidents, such as {incident_id}"]


def test_the_database_lets_an_incident_have_one_lead(hotline: Hotline, road: Road) -> None:
    road.merged()
    with pytest.raises(IntegrityError), hotline.database.transaction() as session:
        session.execute(text("update ticket set status = 'needs_review'"))


def test_each_law_is_broken_by_some_test() -> None:
    assert {law for law, _ in _laws()} == {law for _, _, broken in BREAKS for law in broken}
    assert {law for law, _ in _incident_laws()} == {law for _, law in INCIDENT_BREAKS}


def test_every_state_that_the_program_can_bring_about_is_sound(hotline: Hotline, road: Road) -> None:
    stands = (road.file, road.routed, road.accepted, road.asked, road.answered, road.returned, road.in_review,
              road.rejected, road.referred, road.sealed, road.merged)  # fmt: skip
    found_in = {make().status() for make in stands}
    assert found_in >= {Status.ROUTED, Status.RETURNED, Status.ANSWERED, Status.REFERRED, Status.SEALED, Status.MERGED}
    helping = [road.accepted() for _ in range(5)]
    for filed in helping:
        coordination.ask_unit(hotline, road.staff.alice, step(filed, "Nhờ xem."), BUSES)
    told, given_back, released, returned, _ = helping
    coordination.contribute(hotline, road.staff.bob, step(told, "Đã xem."), done=True)
    coordination.ask_unit(hotline, road.staff.alice, step(told, "Xem lại giúp."), BUSES)
    coordination.return_part(hotline, road.staff.bob, step(given_back), Why("wrong-unit"))
    coordination.release_part(hotline, road.staff.coordinator, step(released, "Đã đủ."), BUSES)
    work.send_back(hotline, road.staff.alice, step(returned), Why("wrong-unit", BUSES))
    review.accept_proposal(hotline, road.staff.coordinator, step(returned))
    straight = road.routed(place_text="đường Cách Mạng Tháng Tám, phường 12 quận 10")
    work.send_back(hotline, road.staff.alice, step(straight), Why("ward-level", "ubnd-27163"))
    assert straight.kinds()[-1] == "rerouted"
    assert found(hotline) == []


def found(hotline: Hotline) -> list[str]:
    with hotline.database.reading() as session:
        return violations(session)
