"""The administrators' pages of webhooks."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app import errors
from app.accounts.session import required
from app.current import hotline, staff
from app.intake.views import grouped_errors
from app.problems import Problem, Refused
from app.units.today import open_units
from app.webhooks import service
from app.webhooks.message import TRIAL
from app.webhooks.schema import parse_webhook
from models.vocabulary import Role

webhooks = Blueprint("webhooks", __name__, url_prefix="/admin/webhooks")

administrators = required(Role.ADMIN)


@webhooks.get("")
@administrators
def listed() -> str:
    """Show which systems are told of tickets, and how each fares."""
    return _list()


@webhooks.post("")
@administrators
def create() -> AnyResponse:
    """Set a webhook up; its secret is shown this once."""
    try:
        new = parse_webhook(request.form, hotline().settings.webhook_networks)
        webhook_id, secret = service.make(hotline(), new, staff().id)
    except Refused as refused:
        return Response(_list(refused.problems, values=request.form.to_dict()), errors.status_of(refused))
    return Response(_one(webhook_id, secret=secret), 201)


@webhooks.get("/<uuid:webhook_id>")
@administrators
def webhook(webhook_id: UUID) -> str:
    """Show one webhook and what it was told of late."""
    return _one(webhook_id)


@webhooks.post("/<uuid:webhook_id>/trial")
@administrators
def send_trial(webhook_id: UUID) -> AnyResponse:
    """Send a message without a ticket."""
    return _do(webhook_id, lambda: service.send_trial(hotline(), webhook_id))


@webhooks.post("/<uuid:webhook_id>/off")
@administrators
def switch_off(webhook_id: UUID) -> AnyResponse:
    """Tell it nothing more."""
    return _do(webhook_id, lambda: service.switch_off(hotline(), webhook_id, staff().id))


@webhooks.post("/<uuid:webhook_id>/on")
@administrators
def switch_on(webhook_id: UUID) -> AnyResponse:
    """Tell it what happens from now on."""
    return _do(webhook_id, lambda: service.switch_on(hotline(), webhook_id, staff().id))


def _do(webhook_id: UUID, act: Callable[[], None]) -> AnyResponse:
    try:
        act()
    except Refused as refused:
        return Response(_one(webhook_id, refused.problems), errors.status_of(refused))
    return redirect(url_for("webhooks.webhook", webhook_id=webhook_id), 303)


def _list(problems: tuple[Problem, ...] = (), values: dict[str, str] | None = None) -> str:
    with hotline().database.reading() as session:
        return render_template(
            "webhooks/list.html",
            standings=service.all_webhooks(session),
            departments=session.scalars(open_units(hotline())).all(),
            errors=grouped_errors(problems),
            values=values or {},
        )


def _one(webhook_id: UUID, problems: tuple[Problem, ...] = (), **more: Any) -> str:
    with hotline().database.reading() as session:
        context: dict[str, Any] = {
            "webhook": service.find(session, webhook_id),
            "deliveries": service.deliveries(session, webhook_id),
            "trial": TRIAL,
            "now": hotline().now(),
            "secret": None,
            "errors": grouped_errors(problems),
        }
        return render_template("webhooks/webhook.html", **(context | more))
