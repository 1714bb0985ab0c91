"""The auditors' page, which administrators read too: it shows no word of any citizen."""

from flask import Blueprint, render_template, request, url_for

from app import wording
from app.accounts.session import required
from app.audit import service
from app.audit.service import SEALED_READ, Topic
from app.current import hotline
from app.i18n import gettext as _
from app.problems import NotFound
from models.vocabulary import AuditKind, Role

audit = Blueprint("audit", __name__, url_prefix="/audit")


@audit.get("")
@required(Role.AUDITOR, Role.ADMIN)
def log() -> str:
    """Show who came in, who did not, and what was done to accounts, exports, persons' data and sealed tickets."""
    asked = request.args.get("topic", "")
    if asked and asked not in set(Topic):
        raise NotFound
    topic = Topic(asked) if asked else None
    with hotline().database.reading() as session:
        page = service.page(session, topic, request.args.get("after"))
    return render_template(
        "audit/log.html",
        lines=page.lines,
        words=line_words,
        topic=topic,
        topics=[(one.value, _topic_words(one)) for one in Topic],
        next_page=url_for("audit.log", topic=asked or None, after=page.after) if page.after else None,
    )


def line_words(kind: str) -> str:
    """Return what a line of the list is about."""
    return _("Mở đọc phiếu niêm phong") if kind == SEALED_READ else wording.audit_words(AuditKind(kind))


def _topic_words(topic: Topic) -> str:
    return {
        Topic.WAYS_IN: _("Vào và ra"),
        Topic.FAILED: _("Vào không được"),
        Topic.ACCOUNTS: _("Tài khoản"),
        Topic.TOKENS: _("Khóa API"),
        Topic.EXPORTS: _("Xuất dữ liệu"),
        Topic.PERSONS: _("Dữ liệu cá nhân"),
        Topic.SEALED: _("Mở niêm phong"),
    }[topic]
