"""`/metrics`, for whoever has the token of the settings."""

import hmac

from flask import Blueprint, Response, request
from prometheus_client import CONTENT_TYPE_LATEST

from app.current import hotline
from app.monitoring import service
from app.problems import NotFound

monitoring = Blueprint("monitoring", __name__)


@monitoring.get("/metrics")
def metrics() -> Response:
    """Return the figures; without the token there is no such page."""
    token = hotline().settings.metrics_token
    said = request.headers.get("Authorization", "")
    if token is None or not hmac.compare_digest(said.encode(), f"Bearer {token}".encode()):
        raise NotFound
    return Response(service.exposition(hotline()), content_type=CONTENT_TYPE_LATEST)
