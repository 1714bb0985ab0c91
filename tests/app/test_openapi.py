"""The OpenAPI document: of every route, of nothing else, and true of what the routes say."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.api.openapi import OPERATIONS, Operation
from app.desk import calls
from app.hotline import Hotline
from app.replies import service as replies
from models.account import Account
from tests.app.conftest import BUSES, LIGHTS, LIGHTS_OUT, Clock, Filed, Road, Staff

PIN: Final = {"latitude": 10.77, "longitude": 106.68}
#: Routes of the API that are not operations: the document itself, as JSON and as a page.
ABOUT_THE_API: Final = {"/api/v1/", "/api/v1/openapi.json"}


@dataclass
class Program:
    """A program that uses the API, holds each answer against the document, and remembers what it used."""

    client: FlaskClient
    document: Mapping[str, Any]
    used: set[tuple[str, str]] = field(default_factory=set)

    def call(self, method: str, path: str, *, expected: int, **arguments: Any) -> Any:
        """Send a request, check the answer, and return its body."""
        known = re.sub(r"/(tickets|sealed)/[0-9a-f-]{36}", r"/\1/{ticket_id}", path)
        operation = next(o for o in OPERATIONS if (o.method, o.path) == (method, known))
        answer = self.client.open(path, method=method.upper(), **arguments)
        assert answer.status_code == expected, answer.get_data(as_text=True)
        self.used.add((method, known))
        return self._checked(operation, answer)

    def _checked(self, operation: Operation, answer: TestResponse) -> Any:
        described = self.document["paths"][operation.path][operation.method]["responses"][str(answer.status_code)]
        if answer.status_code == 204:
            assert "content" not in described
            return None
        ((kind, content),) = described["content"].items()
        assert answer.mimetype == kind
        assert operation.answer is not None
        assert content["schema"]["$ref"].endswith(f"/{operation.answer.__name__}")
        operation.answer.model_validate_json(answer.get_data())
        return answer.get_json()


@pytest.fixture
def program(client: FlaskClient) -> Program:
    """Return a program that has read the document."""
    return Program(client, client.get("/api/v1/openapi.json").get_json())


def test_the_document_is_of_every_route_and_of_nothing_else(app: Flask, program: Program) -> None:
    described = {
        (method, path)
        for path, operations in program.document["paths"].items()
        for method in operations
        if method != "parameters"
    }
    routes = {
        (method.lower(), re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/") and rule.rule not in ABOUT_THE_API
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert described == routes


def test_every_reference_of_the_document_leads_somewhere(program: Program) -> None:
    references = set(re.findall(r"'\$ref': '(#[^']+)'", str(program.document)))
    assert len(references) > 10
    for reference in references:
        found: Any = program.document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        assert found["title"]


def test_every_operation_does_what_the_document_says(  # noqa: PLR0915 - one life of a report, step by step
    program: Program,
    hotline: Hotline,
    road: Road,
    staff: Staff,
    clock: Clock,
    bearer: Callable[[Account], dict[str, str]],
) -> None:
    """A program alone brings reports from filing to the rating, over every operation there is."""
    people = {name: bearer(staff.accounts[name]) for name in ("alice", "bob", "coordinator")}
    alice, coordinator = people["alice"], people["coordinator"]

    def filed(**fields: str | float) -> dict[str, Any]:
        key = {"Idempotency-Key": uuid4().hex}
        body = {"text": LIGHTS_OUT, **fields}
        return dict(program.call("post", "/api/v1/reports", expected=201, json=body, headers=key))

    def step(report: Mapping[str, str], name: str, headers: dict[str, str], **body: object) -> Any:
        ticket = Filed(report["code"], hotline).ticket()
        path = f"/api/v1/tickets/{ticket.id}/{name}"
        gone = name in {"return", "return-part", "seal"}
        body_ = {"version": ticket.version, **body}
        return program.call("post", path, expected=204 if gone else 200, json=body_, headers=headers)

    report, doubtful, wrong, refused, secret = (
        filed(contact_phone="0901234512", consent=True),
        *(filed(submission_type="khieu-nai") for _ in range(4)),
    )
    complaint, thanks, false_alarm = (filed(submission_type=kind) for kind in ("khieu-nai", "khen-ngoi", "to-cao"))
    road.triage()
    queue = program.call("get", "/api/v1/tickets", expected=200, headers=alice)
    assert [ticket["department"] for ticket in queue["tickets"]] == [LIGHTS]
    ticket_id = queue["tickets"][0]["id"]
    assert program.call("get", f"/api/v1/tickets/{ticket_id}", expected=200, headers=alice)["actions"] == [
        "accept",
        "assign",
        "correct-topic",
        "involve",
        "note",
        "return",
    ]
    assert step(report, "accept", alice)["status"] == "in_progress"
    assert step(report, "assign", alice, assignee=None)["assignee"] is None
    step(report, "ask", alice, public_text="Trụ số mấy vậy bạn?")
    code = {"code": report["code"]}
    assert program.call("post", "/api/v1/track", expected=200, json=code)["question"] == "Trụ số mấy vậy bạn?"
    told = code | {"message": "Trụ số bốn."}
    program.call("post", "/api/v1/track/information", expected=200, json=told)
    step(report, "answer", alice, public_text="Đã thay bóng mới.")
    again = code | {"message": "Tối qua lại tắt."}
    assert program.call("post", "/api/v1/track/reopen", expected=200, json=again)["status"] == "reopened"
    step(report, "accept", alice)
    second_person(hotline, partial(step, report), alice, bearer(staff.supervisor), staff)
    reach_and_erase(program, ticket_id, alice, code)
    stars = code | {"rating": 5, "comment": "Sáng rồi."}
    assert program.call("post", "/api/v1/track/rating", expected=200, json=stars)["status"] == "closed"
    assert slow_road(program, step, filed, road, clock, alice, bearer(staff.supervisor)) == ["approved", "refused"]
    assert len(program.call("get", "/api/v1/review", expected=200, headers=coordinator)["tickets"]) == 6
    choice = {"topic_slug": "street-lighting", "department_id": LIGHTS, "reason": "Đã gọi hỏi."}
    assert step(doubtful, "route", coordinator, **choice)["department"] == LIGHTS
    helped_and_returned(program, partial(step, doubtful), people)
    step(wrong, "refer", coordinator, public_text="Bạn nộp đơn ở Ban Tiếp công dân.")
    step(refused, "reject", coordinator, public_text="Tin này không phải phản ánh.")
    step(secret, "seal", coordinator, reason="Tố cáo cán bộ.")
    guide(program, complaint, partial(step, complaint, "letter", coordinator))
    assert step(thanks, "forward", coordinator, department_id=LIGHTS)["status"] == "closed"
    unseal(hotline, program, secret, false_alarm, bearer(staff.cleared))
    one, two = filed(**PIN), filed(**PIN)
    road.triage()
    join_and_part(hotline, program, one, two, lambda name, **body: step(two, name, coordinator, **body))
    assert program.call("get", "/api/v1/surges", expected=200, headers=coordinator) == {"surges": []}
    units = program.call("get", "/api/v1/units", expected=200, headers=bearer(staff.admin))["units"]
    assert LIGHTS in {unit["id"] for unit in units}
    rings(program, hotline)
    assert program.call("get", "/api/v1/map", expected=200)["total"] is None
    assert program.used == {(operation.method, operation.path) for operation in OPERATIONS}


def rings(program: Program, hotline: Hotline) -> None:
    """Announce a call as a telephone exchange does, with nobody there to take it."""
    exchange = {"Authorization": f"Bearer {calls.add_exchange(hotline, 'Asterisk')}"}
    call = {"call_id": "1700000000.42", "number": "0901234567", "extension": "101"}
    noticed = program.call("post", "/api/v1/calls", expected=200, json=call, headers=exchange)
    assert (noticed["state"], noticed["extension"]) == ("waiting", None)


def reach_and_erase(program: Program, ticket_id: str, alice: dict[str, str], code: dict[str, str]) -> None:
    """See a contact whole for a reason, and have its citizen erase it."""
    why, path = {"reason": "Gọi hỏi số trụ."}, f"/api/v1/tickets/{ticket_id}/contact"
    assert program.call("post", path, expected=200, json=why, headers=alice)["phone"] == "+84901234512"
    assert program.call("post", "/api/v1/track/erase-contact", expected=200, json=code)["can_erase"] is False


def helped_and_returned(program: Program, step: Callable[..., Any], people: Mapping[str, dict[str, str]]) -> None:
    """Bring a ticket of alice's through a helper's hands and back before the coordinator, who does as is proposed."""
    helped = step("involve", people["alice"], department=BUSES, request="Trụ đèn ở trạm xe buýt.")
    assert [part["department"] for part in helped["parts"]] == [BUSES]
    assert [
        one["ticket"]["id"]
        for one in program.call("get", "/api/v1/parts", expected=200, headers=people["bob"])["parts"]
    ] == [helped["id"]]
    told = step("contribute", people["bob"], contribution="Trạm này bên chúng tôi đã sửa.", done=True)
    assert told["actions"] == ["contribute", "note", "return-part"]
    step("release-part", people["coordinator"], department=BUSES, reason="Đã đủ.")
    step("involve", people["alice"], department=BUSES, request="Xem lại giúp.")
    step("return-part", people["bob"], reason_code="wrong-unit")
    step("return", people["alice"], reason_code="ward-level", proposed_department="ubnd-26506")
    path = f"/api/v1/tickets/{helped['id']}"
    returned = program.call("get", path, expected=200, headers=people["coordinator"])
    assert returned["proposal"] == {"department": "ubnd-26506", "by": LIGHTS, "reason_code": "ward-level"}
    assert step("accept-proposal", people["coordinator"])["department"] == "ubnd-26506"
    found = program.call("get", "/api/v1/returns", expected=200, headers=people["coordinator"])
    assert [line["unit"] for line in found["lines"]] == [BUSES, LIGHTS]
    by = {"by": "channel"}
    whole = program.call("get", "/api/v1/figures", expected=200, headers=people["coordinator"], query_string=by)
    assert (whole["by"], whole["figures"]["received"]) == ("channel", 0)  # no relay has tallied yet


def second_person(
    hotline: Hotline, step: Callable[..., Any], alice: dict[str, str], supervisor: dict[str, str], staff: Staff
) -> None:
    """Write a note, correct the topic, and let a second person give an answer back before it is approved."""
    replies.ask_for_second(hotline, staff.supervisor, wanted=True)
    assert step("note", alice, note="Gọi trước khi tới.")["history"][-1]["internal_text"] == "Gọi trước khi tới."
    assert step("correct-topic", alice, topic="noise", reason="Là tiếng máy.")["topic"] == "noise"
    waits = step("answer", alice, public_text="Đã thay cả bộ.")
    assert (waits["status"], waits["waiting_answer"]["text"]) == ("in_progress", "Đã thay cả bộ.")
    assert "approve-answer" not in waits["actions"]
    step("take-back", alice)
    step("answer", alice, public_text="Đã thay cả bộ đèn.")
    assert step("give-back-answer", supervisor, note="Ghi rõ ngày.")["waiting_answer"]["note"] == "Ghi rõ ngày."
    step("answer", alice, public_text="Đã thay cả bộ đèn ngày 3/3.")
    assert step("approve-answer", supervisor)["status"] == "answered"
    replies.ask_for_second(hotline, staff.supervisor, wanted=False)


def guide(program: Program, complaint: Mapping[str, str], send: Callable[..., Any]) -> None:
    """Send a complainant a letter, and read it as they do."""
    send(department_id="tiep_cong_dan", body="Bạn nộp đơn ở Ban Tiếp công dân.")
    code = {"code": complaint["code"]}
    (letter,) = program.call("post", "/api/v1/track", expected=200, json=code)["letters"]
    assert (letter["department"]["id"], letter["body"]) == ("tiep_cong_dan", "Bạn nộp đơn ở Ban Tiếp công dân.")


def join_and_part(
    hotline: Hotline, program: Program, one: Mapping[str, str], two: Mapping[str, str], step: Callable[..., Any]
) -> None:
    """Merge a report into another of the same thing and split it off again, as a program does."""
    other = str(Filed(one["code"], hotline).ticket().id)
    assert step("link", other=other)["status"] == "merged"
    (near,) = program.call("post", "/api/v1/reports/nearby", expected=200, json=PIN)["incidents"]
    assert near["reports"] == 2
    assert program.call("post", "/api/v1/track", expected=200, json={"code": two["code"]})["follows"] == "routed"
    assert step("split")["status"] == "needs_review"


def unseal(
    hotline: Hotline, program: Program, secret: Mapping[str, str], other: Mapping[str, str], cleared: dict[str, str]
) -> None:
    """Refer a denunciation and release a false alarm, as a program does."""
    assert len(program.call("get", "/api/v1/sealed", expected=200, headers=cleared)["tickets"]) == 2
    why = {"reason": "Xem để chuyển nơi xác minh."}
    for report, step, body in (
        (secret, "refer", {"department_id": "tiep_cong_dan", "redacted_text": "Cán bộ nhận tiền."}),
        (other, "release", {"submission_type": "phan-anh", "reason": "Chỉ là đèn tắt."}),
    ):
        path = f"/api/v1/sealed/{Filed(report['code'], hotline).ticket().id}"
        opened = program.call("post", f"{path}/open", expected=200, json=why, headers=cleared)
        assert opened["text"] == LIGHTS_OUT
        (read,) = program.call("get", path, expected=200, headers=cleared)["reads"]
        assert read["reason"] == why["reason"]
        program.call(
            "post", f"{path}/{step}", expected=200, json=body | {"version": opened["version"]}, headers=cleared
        )


def test_a_person_can_read_the_document_as_a_page(client: FlaskClient, program: Program) -> None:
    page = client.get("/api/v1/").get_data(as_text=True)
    for path in program.document["paths"]:
        assert path in page


def slow_road(
    program: Program,
    step: Callable[..., Any],
    filed: Callable[..., Any],
    road: Road,
    clock: Clock,
    alice: dict[str, str],
    supervisor: dict[str, str],
) -> list[str]:
    """Ask for more time twice, report progress on a ticket that is late, read notices; return what was decided."""
    decided = []
    for decision, more in (("approve-extension", {}), ("refuse-extension", {"reason": "Làm kịp mà."})):
        slow = filed()
        road.triage()
        step(slow, "accept", alice)
        assert step(slow, "ask-extension", alice, days=3, reason="Chờ vật tư.")["extension"]["state"] == "asked"
        decided.append(step(slow, decision, supervisor, **more)["extension"]["state"])
    clock.forward(days=10)
    assert (
        step(slow, "progress", alice, public_text="Mai có vật tư.", committed_on="2026-03-20")["owes_progress"] is False
    )
    told = program.call("get", "/api/v1/notices", expected=200, headers=supervisor)
    assert [notice["stage"] for notice in told["notices"]] == ["extension", "extension"]
    return decided
