"""Pages of the installation itself."""

from flask import Blueprint, Response, current_app, jsonify, redirect, render_template, request
from werkzeug.exceptions import HTTPException

from app.accounts.views import on_site
from app.current import hotline
from app.i18n import COOKIE, LANGUAGES
from app.pages import service
from app.problems import NotFound
from models.vocabulary import SubmissionType

pages = Blueprint("pages", __name__)


@pages.get("/ngon-ngu/<to>")
def language(to: str) -> Response:
    """Remember the language a person chose and bring them back."""
    if to not in LANGUAGES:
        raise NotFound
    response = redirect(_page(request.args.get("back", "")) or "/", 303)
    response.set_cookie(COOKIE, to, max_age=365 * 86400, samesite="Lax", httponly=True, secure=hotline().settings.https)
    return response  # type: ignore[return-value]


def _page(target: str) -> str | None:
    """Return a target that is a page of ours: whatever else was put into the address is not repeated in another."""
    try:
        current_app.url_map.bind("").match(on_site(target) or "")
    except HTTPException:
        return None
    return target


@pages.get("/rieng-tu")
def privacy() -> str:
    """Say plainly what happens with what people tell us."""
    rule = hotline().files.retention[SubmissionType.REPORT]
    return render_template("pages/privacy.html", months=rule.months)


@pages.get("/healthz")
def healthz() -> Response:
    """Say that this process answers; nothing else is asked."""
    return jsonify(status="ok")


@pages.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Say whether reports can be taken and will be worked on: 200 when every part is well, else 503 and why."""
    checks = service.readiness(hotline())
    well = all(check.ok for check in checks)
    body = {check.name: {"ok": check.ok, "detail": check.detail} for check in checks}
    return jsonify(status="ready" if well else "not ready", checks=body), 200 if well else 503
