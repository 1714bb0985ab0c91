"""`/metrics`, for whoever has the token of the settings, or one that an account made for it."""

import hmac

from flask import Blueprint, Response, request
from prometheus_client import CONTENT_TYPE_LATEST

from app.accounts import tokens
from app.current import hotline
from app.monitoring import service
from app.problems import NotFound, OutOfScope
from models.vocabulary import Role, Scope

monitoring = Blueprint("monitoring", __name__)


@monitoring.get("/metrics")
def metrics() -> Response:
    """Return the figures; without a token there is no such page."""
    token = hotline().settings.metrics_token
    said = request.headers.get("Authorization", "")
    if token is None or not hmac.compare_digest(said.encode(), f"Bearer {token}".encode()):
        _insist_on_own_token(said)
    return Response(service.exposition(hotline()), content_type=CONTENT_TYPE_LATEST)


def _insist_on_own_token(said: str) -> None:
    """Raise `NotFound` unless an administrator or auditor made a token for this: it counts the whole city's reports."""
    kind, _, token = said.partition(" ")
    if kind.lower() != "bearer" or not token.startswith(tokens.PREFIX):
        raise NotFound
    try:
        account = tokens.account_of(hotline(), token.strip(), Scope.METRICS)
    except OutOfScope:
        raise NotFound from None
    if account is None or account.role not in {Role.ADMIN, Role.AUDITOR}:
        raise NotFound
