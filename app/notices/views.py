"""The page of a person's notices, and the bell that counts those they have not seen."""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.accounts.session import required
from app.current import hotline, may_ask, staff
from app.notices import service
from models.account import Account

notices = Blueprint("notices", __name__, url_prefix="/notices")

told = required(*service.TOLD)


@notices.get("")
@told
def all_of_them() -> str:
    """Show what a person was told, newest first."""
    account = staff()
    with service.reading(hotline()) as session:
        page = service.of(session, account, request.args.get("after"))
    return render_template(
        "notices/list.html",
        notices=page.notices,
        next_page=url_for("notices.all_of_them", after=page.after) if page.after else None,
    )


@notices.post("/seen")
@told
def seen() -> AnyResponse:
    """Note that a notice (`notice`), or all up to one (`up_to`), has been seen."""
    form = request.form
    if "notice" in form:
        service.mark_seen(hotline(), staff(), only=service.number_of(form["notice"]))
    else:
        service.mark_seen(hotline(), staff(), up_to=service.number_of(form.get("up_to", "")))
    return redirect(url_for("notices.all_of_them"), 303)


def unseen_notices(account: Account) -> int:
    """Return what the bell counts for a person; nothing where the database may not be asked."""
    if account.role not in service.TOLD or not may_ask():
        return 0
    with service.reading(hotline()) as session:
        return service.unseen(session, account)
