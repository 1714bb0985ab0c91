"""The web application: blueprints by asker, one error table, one set of headers."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from flask import Flask, current_app, request
from flask_login import LoginManager
from flask_wtf.csrf import CSRFError, CSRFProtect
from sqlalchemy import select
from sqlalchemy.orm import selectinload
from werkzeug.middleware.proxy_fix import ProxyFix

from app import access, errors, i18n, logs, sanity, wall, wording
from app.accounts.session import StaffMember
from app.accounts.views import accounts
from app.admin.views import admin
from app.api.views import api
from app.coordination.views import coordination
from app.current import KEY, THROTTLE, may_ask, visitor
from app.current import hotline as current_hotline
from app.desk.views import desk
from app.hotline import Hotline
from app.icons import icon
from app.intake.views import intake
from app.knowledge.views import knowledge, questions
from app.letters.views import letters
from app.monitoring.views import monitoring
from app.notices.views import notices, unseen_notices
from app.pages.views import pages
from app.praise.views import praise
from app.returns.views import returns
from app.review.views import review
from app.sealed.views import sealed
from app.throttle import Throttle
from app.tracking.views import tracking
from app.units.views import units
from app.work.views import work
from models.account import Account
from models.outbox import InstallationMark
from models.vocabulary import Role

#: The installation holds invented reports.
DEMO_MARK: Final = "demo"
#: Pages on which staff are citizens like any other: what they see there is by a code, or public.
FOR_CITIZENS: Final = frozenset({"intake", "tracking", "questions", "pages"})


def create_app(hotline: Hotline) -> Flask:
    """Build the application for one installation."""
    app = Flask("app")
    settings = hotline.settings
    app.extensions[KEY] = hotline
    app.extensions[THROTTLE] = Throttle(settings)
    app.config.update(
        SECRET_KEY=hotline.keys.web,
        SESSION_COOKIE_NAME="__Host-staff" if settings.https else "staff",
        SESSION_COOKIE_SECURE=settings.https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(hours=12),
        WTF_CSRF_TIME_LIMIT=12 * 3600,
        WTF_CSRF_SSL_STRICT=False,
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(days=30),
    )
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, settings.trusted_proxies, settings.trusted_proxies)  # type: ignore[method-assign]
    app.before_request(wall.reads_for_nobody)
    app.teardown_request(lambda _error: wall.reads_for_nobody())
    logs.register(app)
    sanity.register(app)
    errors.register(app)
    _logins(app)
    csrf = CSRFProtect(app)
    # No cookie gives a citizen or a program any power: the form token, the code or the bearer token does.
    for blueprint in (intake, tracking, api):
        csrf.exempt(blueprint)
    decide = (review, returns, sealed, letters, praise, knowledge)
    staff = (accounts, desk, work, coordination, notices, admin, units)
    for blueprint in (intake, tracking, questions, api, *decide, *staff, pages, monitoring):
        app.register_blueprint(blueprint)
    app.register_error_handler(CSRFError, lambda _e: errors.answer(403))
    _templates(app, hotline)
    hotline.seals.name_what_is_missing()
    hotline.contact_keys.name_what_is_missing()
    return app


def _logins(app: Flask) -> None:
    manager = LoginManager(app, add_context_processor=False)  # its own asks who is logged in on every page
    manager.login_view = "accounts.login"
    manager.login_message = ""
    manager.session_protection = None  # an address that changes on the road must not end a session

    @manager.user_loader  # type: ignore[untyped-decorator]
    def load(key: str) -> StaffMember | None:
        """Return who a session belongs to, unless it began before the last password change or logout."""
        account_id, _, epoch = key.partition(":")
        with current_hotline().database.reading() as session:
            account = session.scalar(
                select(Account).where(Account.id == UUID(account_id)).options(selectinload(Account.department))
            )
        if account is None or account.disabled or str(account.session_epoch) != epoch:
            return None
        if request.blueprint not in FOR_CITIZENS:
            wall.reads_for(account)
        return StaffMember(account)


def _templates(app: Flask, hotline_: Hotline) -> None:
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(i18n.gettext, i18n.ngettext, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        label=i18n.label,
        icon=icon,
        due_tag=lambda due_at, paused: wording.due_tag(due_at, hotline_.now(), paused=bool(paused)),
        deadline_words=wording.deadline_words,
        role_words=wording.role_words,
        kind_words=wording.kind_words,
        unseen_notices=unseen_notices,
    )
    app.jinja_env.filters.update(
        moment=wording.moment,
        day=wording.day,
        full_day=wording.full_day,
        calendar_day=wording.calendar_day,
        short_day=wording.short_day,
        iso=wording.iso,
        date=wording.date_words,
        status_words=wording.status_words,
        headline=wording.headline,
        type_words=wording.type_words,
        channel_words=wording.channel_words,
        urgency_words=wording.urgency_words,
        stage_words=wording.stage_words,
        calendar_source_words=wording.calendar_source_words,
    )
    app.context_processor(lambda: _common(hotline_))


def _common(hotline_: Hotline) -> dict[str, Any]:
    account = visitor()
    may_know = account is not None and (access.may_unseal(account) or account.role is Role.AUDITOR)
    return {"lang": i18n.language(), "account": account, "knows_sealed": may_know, "demo": _is_demo(hotline_)}


def _is_demo(hotline_: Hotline) -> bool:
    """Whether the reports are invented: asked once a process, and again until the database answers."""
    known = current_app.extensions.get("is_demo")
    if known is None:
        if not may_ask():
            return False
        try:
            with hotline_.database.reading() as session:
                known = session.get(InstallationMark, DEMO_MARK) is not None
        except Exception as error:
            if not errors.is_away(error):
                raise
            return False
        current_app.extensions["is_demo"] = known
    return bool(known)
