"""The administrators' pages of models and of the installation's health."""

from collections.abc import Callable

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app import doctor, errors
from app.accounts.session import required
from app.admin import models as service
from app.current import hotline, staff
from app.intake.views import grouped_errors
from app.problems import Problem, Refused
from models.vocabulary import Role

admin_system = Blueprint("admin_system", __name__, url_prefix="/admin")

administrators = required(Role.ADMIN)


@admin_system.get("/models")
@administrators
def models() -> str:
    """Show the trained models, which one is in service, and which were before."""
    return _page()


@admin_system.get("/models/cards/<version>")
@administrators
def model(version: str) -> str:
    """Show a model's card."""
    return render_template("admin/model.html", version=version, card=service.card_of(hotline(), version))


@admin_system.post("/models/promote")
@administrators
def promote() -> AnyResponse:
    """Put a model into service."""
    return _do(lambda: service.promote(hotline(), request.form.get("version", "")[:200], staff().id))


@admin_system.post("/models/roll-back")
@administrators
def roll_back() -> AnyResponse:
    """Put the model back that was in service before."""
    return _do(lambda: service.roll_back(hotline(), staff().id))


def _do(act: Callable[[], None]) -> AnyResponse:
    try:
        act()
    except Refused as refused:
        return Response(_page(refused.problems), errors.status_of(refused))
    return redirect(url_for("admin_system.models"), 303)


def _page(problems: tuple[Problem, ...] = ()) -> str:
    found, before = service.models(hotline()), service.history(hotline())
    with hotline().database.reading() as session:
        promotions = service.promotions(session)
    context = {"models": found, "history": before, "promotions": promotions, "folder": hotline().settings.models}
    return render_template("admin/models.html", **context, errors=grouped_errors(problems))


@admin_system.get("/health")
@administrators
def health() -> str:
    """Show every check of `langnghe doctor`, what is wrong first."""
    checks = sorted(doctor.checks(hotline()), key=lambda check: check.ok)
    return render_template("admin/health.html", checks=checks, wrong=sum(not check.ok for check in checks))
