"""The call-taker's console: one screen, every action with a key. Scripts bring in its boxes, as parts of the page."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response as AnyResponse

from app import access, errors
from app.accounts.session import required
from app.current import ask_nothing_more, hotline, staff
from app.desk import callbacks, callers, calls, drafts, readout, seats
from app.desk.callbacks import Wish
from app.desk.drafts import Draft
from app.desk.looking import look
from app.desk.schema import BESIDES, draft_fields, e164, id_of, shown_number, version_of
from app.i18n import gettext as _
from app.i18n import language
from app.intake.service import Filed
from app.intake.views import (
    KnownNearby,
    away_errors,
    file_from_form,
    grouped_errors,
    new_form_token,
    show_form,
    show_nearby,
)
from app.problems import NotAvailable, Problem, Refused, refuse
from app.suggest.views import classifier
from app.wording import moment, role_words
from models.vocabulary import Channel, topics

desk = Blueprint("desk", __name__, url_prefix="/desk")

at_the_desk = required(*sorted(access.DESK))

#: What the form holds that is no part of a report.
OURS: Final = BESIDES | {"topic", "asked", "transferred"}
CONTACT: Final = frozenset({"contact_phone", "contact_name", "consent"})


@desk.app_template_filter("dialled")
def dialled(number: str) -> str:
    """Return a telephone number as people dial it."""
    return shown_number(number)


@desk.get("")
@at_the_desk
def form() -> str:
    """Show the console with the draft that is asked for, else the last one, else an empty form."""
    account, wanted = staff(), id_of(request.args.get("draft", ""))
    seats.seen(hotline(), account)
    with hotline().database.reading() as session:
        if wanted is not None:
            draft: Draft | None = drafts.find(hotline(), session, account, wanted)
        elif "new" in request.args:
            draft = None
        else:
            draft = drafts.last_typed(hotline(), session, account)
    return _console(draft.fields if draft else {}, (), draft=draft)


@desk.post("")
@at_the_desk
def file_call() -> AnyResponse:
    """File what the caller said; the next call's empty form shows the code to read out."""
    typed, partly = request.form.to_dict(), "X-Part" in request.headers
    try:
        filed = _file(typed)
    except KnownNearby as known:
        return Response(show_nearby("desk/nearby.html", known))
    except Refused as refused:
        page = _refused(refused) if partly else _console(typed, refused.problems)
        return Response(page, errors.status_of(refused))
    except (SQLAlchemyError, NotAvailable) as error:
        if not errors.is_away(error):
            raise
        ask_nothing_more()
        page = _problems(away_errors()) if partly else _console(typed, (), away=True)
        return Response(page, 503, headers={"Retry-After": str(errors.RETRY_AFTER)})
    done = {"code": filed.answer["code"], "numbers": filed.answer.get("emergency_numbers", ())}
    if partly:
        return Response(render_template("desk/_filed.html", **_filed(done), form_token=new_form_token()), filed.status)
    return Response(_console({}, (), filed=_filed(done)), filed.status)


def _file(typed: Mapping[str, str]) -> Filed:
    """File the report of the form; whoever did not consent has left no name and no number."""
    fields = {name: value for name, value in typed.items() if name not in OURS}
    if not fields.get("consent"):
        fields = {name: value for name, value in fields.items() if name not in CONTACT}
    topic = typed.get("topic") or None
    if topic is not None and topic not in topics():
        raise refuse("topic", "unknown_topic")
    forget = partial(drafts.filed, hotline(), account=staff(), draft_id=id_of(typed.get("draft", "")))
    return file_from_form(Channel.PHONE, fields, topic=topic, within=forget)


def _filed(done: Mapping[str, Any]) -> dict[str, Any]:
    code = done["code"]
    return {
        "filed_code": code,
        "numbers": done["numbers"],
        "code_groups": readout.groups(code, language()),
        "spoken": readout.spoken(code, language()),
        "spelled": readout.spelled(code, language()),
    }


@desk.post("/drafts")
@at_the_desk
def save_draft() -> AnyResponse:
    """Keep what is typed; answer with the draft's id and version, or say why not."""
    form_ = request.form
    draft, version = id_of(form_.get("draft", "")), version_of(form_.get("draft_version", ""))
    try:
        draft_id, version = drafts.save(hotline(), staff(), draft, version, draft_fields(form_))
    except Refused as refused:
        answer = jsonify(problems=[problem.code for problem in refused.problems])
        answer.status_code = errors.status_of(refused)
        return answer
    return jsonify(draft=str(draft_id), version=version)


@desk.post("/drafts/<uuid:draft_id>/discard")
@at_the_desk
def discard_draft(draft_id: UUID) -> AnyResponse:
    """Put a draft aside; it can be brought back."""
    drafts.discard(hotline(), staff(), draft_id)
    return redirect(url_for("desk.form", new=1, put_aside=draft_id), 303)


@desk.post("/drafts/<uuid:draft_id>/restore")
@at_the_desk
def restore_draft(draft_id: UUID) -> AnyResponse:
    """Bring a draft back that was put aside."""
    drafts.restore(hotline(), staff(), draft_id)
    return redirect(url_for("desk.form", draft=draft_id), 303)


@desk.post("/drafts/<uuid:draft_id>/hand-over")
@at_the_desk
def hand_over(draft_id: UUID) -> AnyResponse:
    """Give a draft and its call to a colleague, with a note."""

    def give() -> str:
        form_ = request.form
        to = drafts.hand_over(hotline(), staff(), draft_id, id_of(form_.get("to", "")), form_.get("note", "").strip())
        return _("Đã chuyển cho {name}.").format(name=to.display_name)

    return _told(give)


@desk.post("/caller")
@at_the_desk
def caller() -> str:
    """Show what is known of a number, which comes in the body, out of every log."""
    number = e164(request.form.get("contact_phone", ""))
    with hotline().database.reading() as session:
        found = callers.tickets_of_number(hotline(), session, staff(), number) if number else []
    return render_template("desk/_caller.html", number=number, tickets=found, more=len(found) == callers.SHOWN)


@desk.post("/suggestions")
@at_the_desk
def suggestions() -> str:
    """Show what the text would be taken for, what is known near by, and what is still to be asked."""
    try:
        model = classifier()
    except NotAvailable:
        model = None
    return render_template("desk/_suggestions.html", seen=look(hotline(), model, draft_fields(request.form)))


@desk.post("/drafts/<uuid:draft_id>/transferred")
@at_the_desk
def transferred(draft_id: UUID) -> AnyResponse:
    """Note that the caller was put through to an emergency number."""

    def note() -> str:
        number = request.form.get("number", "")
        calls.transferred(hotline(), staff(), draft_id, number)
        return _("Đã ghi: chuyển {number}.").format(number=number)

    return _told(note)


@desk.get("/now")
@at_the_desk
def now() -> str:
    """Show what waits: calls, drafts that were handed over, call-backs that are due. Asked every second and a half."""
    account = staff()
    seats.seen(hotline(), account)
    return render_template("desk/_now.html", **_waiting(id_of(request.args.get("draft", ""))))


@desk.post("/calls/<uuid:call_id>/take")
@at_the_desk
def take_call(call_id: UUID) -> AnyResponse:
    """Take a call: its number is in a new draft."""
    return redirect(url_for("desk.form", draft=calls.take(hotline(), staff(), call_id)), 303)


@desk.post("/seat")
@at_the_desk
def sit() -> AnyResponse:
    """Say at which extension one sits, and whether calls may come."""

    def take_seat() -> str:
        ready = request.form.get("ready") == "true"
        seats.sit(hotline(), staff(), request.form.get("extension", ""), ready=ready)
        return _("Sẵn sàng nhận cuộc gọi.") if ready else _("Đang nghỉ: cuộc gọi chuyển cho người khác.")

    return _told(take_seat)


@desk.get("/callbacks")
@at_the_desk
def call_backs() -> str:
    """Show whom to ring again, the soonest first."""
    return _call_backs({}, ())


@desk.post("/callbacks")
@at_the_desk
def write_call_back() -> AnyResponse:
    """Write down whom to ring again."""
    form_ = request.form
    names = ("number", "when", "name", "note", "submission_type")
    wish = Wish(**{name: form_.get(name, "") for name in names})

    def write() -> str:
        due_at = callbacks.write_down(hotline(), staff(), wish)
        return _("Đã hẹn gọi lại lúc {time}.").format(time=moment(due_at))

    if "X-Part" in request.headers:
        return _told(write)
    try:
        write()
    except Refused as refused:
        return Response(_call_backs(form_.to_dict(), refused.problems), errors.status_of(refused))
    return redirect(url_for("desk.call_backs"), 303)


@desk.post("/callbacks/<uuid:callback_id>/ring")
@at_the_desk
def ring_back(callback_id: UUID) -> AnyResponse:
    """Claim a call-back and open a draft with its number."""
    return redirect(url_for("desk.form", draft=callbacks.ring(hotline(), staff(), callback_id)), 303)


@desk.post("/callbacks/<uuid:callback_id>/claim")
@at_the_desk
def claim_call_back(callback_id: UUID) -> AnyResponse:
    """Take a call-back upon oneself."""
    callbacks.claim(hotline(), staff(), callback_id)
    return redirect(url_for("desk.call_backs"), 303)


@desk.post("/callbacks/<uuid:callback_id>/release")
@at_the_desk
def release_call_back(callback_id: UUID) -> AnyResponse:
    """Give a call-back to all again."""
    callbacks.release(hotline(), staff(), callback_id)
    return redirect(url_for("desk.call_backs"), 303)


@desk.post("/callbacks/<uuid:callback_id>/done")
@at_the_desk
def call_back_done(callback_id: UUID) -> AnyResponse:
    """Note that the person was rung."""
    callbacks.done(hotline(), staff(), callback_id)
    return redirect(url_for("desk.call_backs"), 303)


@desk.post("/callbacks/<uuid:callback_id>/reopen")
@at_the_desk
def reopen_call_back(callback_id: UUID) -> AnyResponse:
    """Take back that the person was rung."""
    callbacks.reopen(hotline(), staff(), callback_id)
    return redirect(url_for("desk.call_backs"), 303)


def _call_backs(values: dict[str, str], problems: tuple[Problem, ...]) -> str:
    account = staff()
    with hotline().database.reading() as session:
        owed, done = (find(hotline(), session, account) for find in (callbacks.owed, callbacks.done_today))
    return render_template("desk/callbacks.html", owed=owed, done=done, values=values, errors=grouped_errors(problems))


def _console(
    values: Mapping[str, str],
    problems: tuple[Problem, ...],
    *,
    draft: Draft | None = None,
    filed: Mapping[str, Any] | None = None,
    away: bool = False,
) -> str:
    """Render the whole screen; while the database is away, without what only it knows."""
    around: dict[str, Any] = {"waiting": [], "handed": [], "due": [], "owed": 0}
    around |= {"others": [], "people": [], "seat": None, "put_aside": None}
    if not away:
        around = _waiting(draft.id if draft else id_of(values.get("draft", ""))) | _around(draft)
    nothing = {"filed_code": None, "numbers": (), "code_groups": (), "spoken": "", "spelled": ""}
    return show_form(
        "desk/console.html",
        {name: str(value) for name, value in values.items()},
        problems,
        away=away,
        draft=draft,
        **(nothing | dict(filed or {})),
        **around,
    )


def _around(draft: Draft | None) -> dict[str, Any]:
    account = staff()
    with hotline().database.reading() as session:
        mine = drafts.of(hotline(), session, account)
        people = drafts.colleagues(session, account)
        seat = seats.of(session, account)
    return {
        "others": [one for one in mine if (draft is None or one.id != draft.id) and not one.untouched],
        "people": [(person.id, f"{person.display_name} · {role_words(person.role)}") for person in people],
        "seat": seat,
        "put_aside": id_of(request.args.get("put_aside", "")),
    }


def _waiting(open_draft: UUID | None) -> dict[str, Any]:
    account = staff()
    with hotline().database.reading() as session:
        handed = drafts.handed_to(hotline(), session, account)
        return {
            "waiting": calls.waiting(hotline(), session, account),
            "handed": [one for one in handed if one.id != open_draft],
            "due": callbacks.due(hotline(), session, account),
            "owed": callbacks.count(session, account),
        }


def _told(act: Callable[[], str]) -> AnyResponse:
    """Do something and answer with what to say of it, or with what is wrong, as part of a page."""
    try:
        return Response(act(), mimetype="text/plain")
    except Refused as refused:
        return Response(_problems(grouped_errors(refused.problems)), errors.status_of(refused))


def _refused(refused: Refused) -> str:
    """Say what is wrong with a report; a page whose token is too old gets a new one, any other keeps its own."""
    stale = any(problem.code == "form_token" for problem in refused.problems)
    return _problems(grouped_errors(refused.problems), new_form_token() if stale else None)


def _problems(found: Mapping[str, list[str]], form_token: str | None = None) -> str:
    return render_template("desk/_problems.html", errors=found, form_token=form_token)
