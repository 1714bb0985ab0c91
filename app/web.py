"""The web application: blueprints by asker, one error table, one set of headers."""

from datetime import timedelta
from typing import Any, Final

from flask import Flask, request
from flask_login import LoginManager
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from app import access, assets_served, errors, i18n, logs, sanity, wall, wording
from app.accounts import staff_sessions
from app.accounts.own_views import own
from app.accounts.provider import PROVIDER, provider_of
from app.accounts.session import StaffMember
from app.accounts.views import accounts, member_of
from app.admin.account_views import admin_accounts
from app.admin.exchange_views import admin_exchanges
from app.admin.rule_views import admin_rules
from app.admin.system_views import admin_system
from app.admin.views import admin
from app.api.views import api
from app.audit.views import audit
from app.board.views import board
from app.coordination.views import coordination
from app.current import FIGURES, KEY, PRESENCE, THROTTLE, visitor
from app.current import hotline as current_hotline
from app.demonstration import is_demonstration
from app.desk.views import desk
from app.hotline import Hotline
from app.icons import icon
from app.intake.views import intake
from app.knowledge.views import knowledge, questions
from app.letters.views import letters
from app.maps.service import PublicFigures
from app.maps.views import maps
from app.model_in_service import ModelInService
from app.monitoring.views import monitoring
from app.notices.views import notices, unseen_notices
from app.offline.views import offline
from app.pages.views import pages
from app.persons.views import persons
from app.praise.views import praise
from app.replies.views import replies
from app.returns.views import returns
from app.review.views import review
from app.sealed.views import sealed
from app.suggest.views import MODEL, suggest
from app.throttle import Throttle
from app.tracking.views import tracking
from app.units.views import units
from app.webhooks.views import webhooks
from app.work.lists import work
from app.work.presence import Presence
from app.work.steps import steps
from models.vocabulary import Role

#: Pages on which staff are citizens like any other: what they see there is by a code, or public.
FOR_CITIZENS: Final = frozenset({"intake", "tracking", "suggest", "offline", "questions", "maps", "pages"})


def create_app(hotline: Hotline, model: ModelInService | None = None) -> Flask:
    """Build the application for one installation; `model` is one that was loaded before this process was forked."""
    app = Flask("app")
    settings = hotline.settings
    app.extensions[KEY] = hotline
    app.extensions[THROTTLE] = Throttle(settings)
    app.extensions[MODEL] = model or ModelInService(settings.models)
    app.extensions[FIGURES] = PublicFigures(hotline)
    app.extensions[PRESENCE] = Presence(settings)
    app.extensions[PROVIDER] = provider_of(hotline)
    app.config.update(
        SECRET_KEY=hotline.keys.web,
        SESSION_COOKIE_NAME="__Host-staff" if settings.https else "staff",
        SESSION_COOKIE_SECURE=settings.https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(seconds=settings.session_life),
        WTF_CSRF_TIME_LIMIT=int(settings.session_life),
        WTF_CSRF_SSL_STRICT=False,
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(days=30),
    )
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, settings.trusted_proxies, settings.trusted_proxies)  # type: ignore[method-assign]
    app.before_request(wall.reads_for_nobody)
    app.teardown_request(lambda _error: wall.reads_for_nobody())
    logs.register(app)
    assets_served.register(app)
    sanity.register(app, settings.map_host)
    errors.register(app)
    _logins(app)
    csrf = CSRFProtect(app)
    # No cookie gives a citizen or a program any power: the form token, the code or the bearer token does.
    for blueprint in (intake, tracking, suggest, api):
        csrf.exempt(blueprint)
    decide = (review, returns, replies, sealed, letters, praise, knowledge, board)
    administer = (admin, admin_accounts, admin_rules, admin_system, admin_exchanges, units, webhooks, persons)
    staff = (accounts, own, desk, work, steps, coordination, notices, audit, *administer)
    citizens = (intake, tracking, suggest, offline, questions, maps)
    for blueprint in (*citizens, api, *decide, *staff, pages, monitoring):
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
        """Return who a session belongs to, unless it is over."""
        sitting = staff_sessions.find(current_hotline(), key)
        if sitting is None:
            return None
        if request.blueprint not in FOR_CITIZENS:
            wall.reads_for(sitting.account)
        return member_of(sitting)


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
        map_tiles=hotline_.settings.map_tiles,
        map_attribution=hotline_.settings.map_attribution,
    )
    app.jinja_env.filters.update(
        moment=wording.moment,
        day=wording.day,
        full_day=wording.full_day,
        calendar_day=wording.calendar_day,
        short_day=wording.short_day,
        iso=wording.iso,
        number=wording.number,
        date=wording.date_words,
        status_words=wording.status_words,
        headline=wording.headline,
        type_words=wording.type_words,
        channel_words=wording.channel_words,
        urgency_words=wording.urgency_words,
        stage_words=wording.stage_words,
        reply_words=wording.reply_words,
        photo_words=wording.photo_words,
        calendar_source_words=wording.calendar_source_words,
        login_method_words=wording.login_method_words,
        outcome_words=wording.outcome_words,
        event_words=wording.event_words,
    )
    app.context_processor(lambda: _common(hotline_))


def _common(hotline_: Hotline) -> dict[str, Any]:
    account = visitor()
    may_know = account is not None and (access.may_unseal(account) or account.role is Role.AUDITOR)
    return {
        "lang": i18n.language(),
        "account": account,
        "knows_sealed": may_know,
        "demo": is_demonstration(hotline_),
        "phone": hotline_.files.phone,
    }
