"""Bearer tokens of the API: for so much, for so long, shown once, and taken back."""

import re
from collections.abc import Callable
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

from app.accounts import tokens
from app.accounts.tokens import NewToken
from app.api.openapi import OPERATIONS, Operation, operation_of
from app.hotline import Hotline
from models.account import Account, ApiToken
from models.vocabulary import Scope
from tests.app.conftest import LIGHTS_OUT, Clock, Road, Staff
from tests.pages import post_form, words

Log = Callable[..., FlaskClient]
ME = "/accounts/me"
REPORT = {"text": LIGHTS_OUT}


def test_a_token_is_made_by_its_owner_shown_this_once_and_acts_as_them(
    hotline: Hotline, client: FlaskClient, staff: Staff, log_in: Log
) -> None:
    alice = log_in(staff.alice)
    answer = post_form(alice, ME, f"{ME}/tokens", name="Bản đồ", scopes=["read", "work"], days="30")
    assert answer.status_code == 201
    (token,) = set(re.findall(r"ln_[\w-]{43}", answer.get_data(as_text=True)))
    assert token not in alice.get(ME).get_data(as_text=True)
    assert client.get("/api/v1/tickets", headers=bearing(token)).status_code == 200
    with hotline.database.reading() as session:
        kept = session.scalars(select(ApiToken)).one()
    assert (kept.name, kept.account_id, kept.scopes) == ("Bản đồ", staff.alice.id, "read work")
    assert (kept.expires_at - kept.created_at).days == 30
    assert token not in kept.token_hash


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"days": "30"}, "scopes"), ({"scopes": ["king"], "days": "30"}, "scopes"), ({"scopes": ["read"]}, "days"),
     ({"scopes": ["read"], "days": "36500"}, "days"), ({"scopes": ["read"], "days": "30", "name": "x" * 121}, "name")],
)  # fmt: skip
def test_a_token_has_a_scope_and_an_end(
    hotline: Hotline, staff: Staff, log_in: Log, fields: dict[str, object], field: str
) -> None:
    refused = post_form(log_in(staff.alice), ME, f"{ME}/tokens", **fields)
    assert refused.status_code == 422
    assert f'href="#{field}"' in refused.get_data(as_text=True)
    with hotline.database.reading() as session:
        assert session.scalars(select(ApiToken)).all() == []


def test_every_route_of_the_api_takes_only_tokens_of_its_scope(
    app: Flask, hotline: Hotline, staff: Staff, road: Road
) -> None:
    """Injected: each operation with a token of each scope. Expected: 403 with the scope that is needed, but for one.

    Without `_let_in` in `app.api.views` a token made for reading works on tickets.
    """
    made = {scope: token(hotline, staff.coordinator, scope) for scope in Scope}
    client = app.test_client()
    ticket_id = str(road.in_review().ticket().id)
    scoped = [operation for operation in OPERATIONS if operation.scope is not None]
    assert len(scoped) > 30
    for operation in scoped:
        path = operation.path.replace("{ticket_id}", ticket_id)
        for scope, value in made.items():
            answer = client.open(path, method=operation.method.upper(), headers=bearing(value), json={})
            if scope is operation.scope:
                assert answer.status_code != 403, (operation, scope)
                continue
            assert answer.status_code == 403, (operation, scope)
            assert answer.get_json()["errors"][0]["code"] == "token_scope"
            assert operation.scope is not None
            assert operation.scope.value in answer.get_json()["errors"][0]["en"]


def test_there_is_no_operation_without_a_scope_and_the_document_says_which(app: Flask, client: FlaskClient) -> None:
    """A route that says nothing of a scope cannot even be written; one that no operation describes is found here."""
    with pytest.raises(TypeError):
        Operation("get", "/api/v1/new")  # type: ignore[call-arg]
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("api.") and rule.endpoint not in {"api.openapi", "api.docs"}:
            assert operation_of(app.view_functions[rule.endpoint]) is not None, rule.endpoint
    described = client.get("/api/v1/openapi.json").get_json()["paths"]
    for operation in OPERATIONS:
        security = described[operation.path][operation.method].get("security")
        needed = [{"bearer": [operation.scope.value]}] if operation.scope else None
        assert security == ([*needed, {}] if needed and operation.token_optional else needed), operation


def test_a_token_ends_by_itself(client: FlaskClient, hotline: Hotline, staff: Staff, clock: Clock) -> None:
    value = token(hotline, staff.alice, Scope.READ, days=30)
    clock.forward(days=29, hours=23)
    assert client.get("/api/v1/tickets", headers=bearing(value)).status_code == 200
    clock.forward(hours=1)
    assert client.get("/api/v1/tickets", headers=bearing(value)).status_code == 401


def test_a_token_is_taken_back_by_its_owner_and_by_an_administrator_and_by_nobody_else(
    client: FlaskClient, hotline: Hotline, staff: Staff, log_in: Log
) -> None:
    mine, other = token(hotline, staff.alice, Scope.READ), token(hotline, staff.alice, Scope.READ)
    with hotline.database.reading() as session:
        ids = [str(one.id) for one in tokens.of(session, staff.alice.id)]
    bob, alice, admin = log_in(staff.bob), log_in(staff.alice), log_in(staff.admin)
    for token_id in (*ids, str(uuid4()), "x"):
        assert post_form(bob, ME, f"{ME}/tokens/revoke", token_id=token_id).status_code == 404
    assert post_form(alice, ME, f"{ME}/tokens/revoke", token_id=ids[0]).status_code == 303
    page = f"/admin/accounts/{staff.alice.id}"
    revoke = "/admin/accounts/revoke-token"
    wrong = post_form(admin, page, revoke, account_id=str(staff.bob.id), token_id=ids[1])
    assert wrong.status_code == 404
    fields = {"account_id": str(staff.alice.id), "token_id": ids[1]}
    assert post_form(admin, page, revoke, **fields).status_code == 303
    for value in (mine, other):
        assert client.get("/api/v1/tickets", headers=bearing(value)).status_code == 401
    assert words(alice.get(ME).get_data(as_text=True)).count("Đã thu hồi") == 2


def test_last_use_is_shown_and_written_at_most_once_a_minute(
    client: FlaskClient, hotline: Hotline, staff: Staff, clock: Clock, log_in: Log
) -> None:
    value, written = token(hotline, staff.alice, Scope.READ), list[str]()
    alice = log_in(staff.alice)
    assert "chưa dùng" in words(alice.get(ME).get_data(as_text=True))

    @event.listens_for(hotline.database.engine, "before_cursor_execute")
    def watch(_c: object, _k: object, statement: str, *_more: object) -> None:
        if statement.upper().startswith("UPDATE API_TOKEN"):
            written.append(statement)

    for _ in range(6):
        assert client.get("/api/v1/tickets", headers=bearing(value)).status_code == 200
        clock.forward(seconds=20)
    assert len(written) == 2
    with hotline.database.reading() as session:
        (kept,) = tokens.of(session, staff.alice.id)
    assert kept.last_used_at is not None
    assert (clock.at - kept.last_used_at).total_seconds() == 60
    assert "chưa dùng" not in words(alice.get(ME).get_data(as_text=True))


def test_a_token_of_metrics_reads_the_figures_where_its_account_may(
    client: FlaskClient, hotline: Hotline, staff: Staff
) -> None:
    for account, scope, status in (
        (staff.admin, Scope.METRICS, 200),
        (staff.auditor, Scope.METRICS, 200),
        (staff.admin, Scope.READ, 404),
        (staff.alice, Scope.METRICS, 404),
    ):
        headers = bearing(token(hotline, account, scope))
        assert client.get("/metrics", headers=headers).status_code == status
    assert client.get("/metrics", headers=bearing("ln_made_up")).status_code == 404


def test_a_citizen_files_without_a_token_and_a_program_with_one_for_filing(
    client: FlaskClient, hotline: Hotline, staff: Staff
) -> None:
    def post(headers: dict[str, str]) -> int:
        return client.post(
            "/api/v1/reports", json=REPORT, headers={**headers, "Idempotency-Key": uuid4().hex}
        ).status_code

    assert post({}) == 201
    assert post(bearing(token(hotline, staff.call_taker, Scope.FILE))) == 201
    assert post(bearing(token(hotline, staff.call_taker, Scope.READ))) == 403
    assert post(bearing("ln_unknown")) == 401


def token(hotline: Hotline, account: Account, scope: Scope, days: int = 90) -> str:
    with hotline.database.transaction() as session:
        return tokens.new_token(hotline, session, account, NewToken("test", (scope,), days))


def bearing(value: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {value}"}
