"""The API keeps to its own description: made-up requests for every operation, answers held against the document."""

from collections.abc import Callable
from typing import Any

import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from models.account import Account
from tests.app.conftest import Road, Staff

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
#: Requests made up for an operation, by each kind of caller.
REQUESTS = 3


def test_no_request_breaks_the_api_and_no_answer_is_undeclared(
    app: Flask, road: Road, staff: Staff, bearer: Callable[[Account], dict[str, str]]
) -> None:
    """Whatever is sent, nothing is a 5xx, and status, content type and shape are among those of the document."""
    tickets = [str(filed.ticket().id) for filed in (road.routed(), road.in_review(), road.sealed())]
    callers = [{}, bearer(staff.alice), bearer(staff.coordinator), bearer(staff.cleared), bearer(staff.call_taker)]
    for found in schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app).get_all_operations():
        operation = found.ok()  # type: ignore[union-attr]
        for caller in callers:
            _try(operation, caller, tickets)


def _try(operation: Any, caller: dict[str, str], tickets: list[str]) -> None:
    @settings(
        max_examples=REQUESTS, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(case=operation.as_strategy(), ticket=st.sampled_from(tickets))
    def holds(case: Any, ticket: str) -> None:
        if "ticket_id" in case.path_parameters:
            case.path_parameters["ticket_id"] = ticket
        answer = case.call(headers={**case.headers, **caller, "Accept-Encoding": "identity"})
        case.validate_response(answer, checks=CHECKS)

    holds()
