"""A department's lists on the web: the queue as a list or a board, steps on many tickets, views, and exports."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any, Final
from uuid import UUID

from flask import Response, redirect, render_template, request, stream_with_context, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from app import access, errors, search, wording
from app.coordination import service as coordination
from app.current import hotline, staff
from app.deadlines import Standing, standing
from app.i18n import gettext as _
from app.intake.views import grouped_errors
from app.praise import service as praise
from app.problems import Conflict, Problem, Refused
from app.work import approval, bulk, export, person, queue, saved
from app.work.bulk import Outcome, Wish, parse_chosen
from app.work.filters import EVERYTHING, STANDINGS, Filter, parse_filter
from app.work.views import Row, readers, row_of, second_readers, work, workers
from models.account import Account
from models.reply import WaitingAnswer
from models.return_reasons import return_reasons
from models.ticket import Ticket
from models.vocabulary import BulkAction, Status, topic_groups
from models.worklist import SavedView

__all__ = ["work"]

#: How a list is shown, if not as lines alone.
BOARD: Final = "board"
MAP: Final = "map"


@work.get("", endpoint="queue")
@readers
def show_queue() -> AnyResponse | str:
    """Show what awaits the department, overdue first, or what was filtered for."""
    try:
        return _page(parse_filter(hotline(), request.args))
    except Refused as refused:
        return _refused(EVERYTHING, refused, request.args)


@work.get("/approvals")
@second_readers
def approvals() -> str:
    """Show the answers that wait for this person to read and release, the oldest first."""
    account, now = staff(), hotline().now()
    with hotline().database.reading() as session:
        found = approval.waiting(session, account, request.args.get("after"))
        stands = standing(session, [one.ticket_id for one in found.answers], now)
        rows = [_answer_row(one, stands.get(one.ticket_id)) for one in found.answers]
    return render_template(
        "work/approvals.html",
        rows=rows,
        title_department=account.department,
        next_page=url_for("work.approvals", after=found.after) if found.after else None,
    )


def _answer_row(one: WaitingAnswer, stands: Standing | None) -> SimpleNamespace:
    return SimpleNamespace(
        ticket=row_of(one.ticket, stands=stands),
        writer=one.writer.display_name,
        written_at=one.written_at,
        start=wording.excerpt(one.body),
    )


@work.post("/bulk")
@workers
def take_bulk() -> AnyResponse:
    """Do one thing to every ticket that was ticked, after ten seconds."""
    wanted = _wanted()
    form = request.form
    try:
        chosen = parse_chosen(form.getlist("chosen"))
        wish = Wish(
            form.get("action", ""), chosen, form.get("reason_code", ""), form.get("reason", ""), form.get("give_to", "")
        )
        bulk.hold(hotline(), staff(), wish)
    except Refused as refused:
        return _refused(wanted, refused)
    return _back(wanted)


@work.post("/bulk/<uuid:bulk_id>/undo")
@workers
def undo_bulk(bulk_id: UUID) -> AnyResponse:
    """Let it not be done."""
    wanted = _wanted()
    try:
        bulk.undo(hotline(), staff(), bulk_id)
    except Conflict as conflict:
        return _refused(wanted, conflict)
    return _back(wanted)


@work.post("/views")
@readers
def keep_view() -> AnyResponse:
    """Keep the filter under a name."""
    wanted = _wanted()
    try:
        saved.keep(hotline(), staff(), request.form.get("name", ""), request.form.get("scope", ""), wanted)
    except Refused as refused:
        return _refused(wanted, refused)
    return _back(wanted)


@work.post("/views/<uuid:view_id>/remove")
@readers
def remove_view(view_id: UUID) -> AnyResponse:
    """Remove a kept filter."""
    saved.remove(hotline(), staff(), view_id)
    return _back(_wanted())


@work.post("/export")
@readers
def take_out() -> AnyResponse:
    """Send the list as a file; who took it is kept."""
    wanted = _wanted()
    try:
        kind = export.kind_of(request.form.get("format", ""))
        pieces = export.export(hotline(), staff(), kind, wanted)
    except Refused as refused:
        return _refused(wanted, refused)
    name = f"phieu-{wording.city_time(hotline().now()):%Y-%m-%d-%H%M}.{kind.value}"
    sent = Response(stream_with_context(pieces), mimetype=export.KINDS[kind].mimetype)
    sent.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return sent


def _wanted() -> Filter:
    """Return the filter of the page that a form was on, which its address says; one that will not do is none."""
    try:
        return parse_filter(hotline(), request.args)
    except Refused:
        return EVERYTHING


def _back(wanted: Filter) -> AnyResponse:
    return redirect(_address(_query(wanted)), 303)


def _query(wanted: Filter) -> dict[str, str]:
    show = _show(wanted)
    return wanted.as_query() | ({"show": show} if show else {})


def _address(query: Mapping[str, Any]) -> str:
    """Return where a list is."""
    return url_for("work.queue", **query)


def _show(wanted: Filter) -> str:
    """Return how the list is to be shown; what is done has no columns."""
    show = request.args.get("show")
    return show if show == MAP or (show == BOARD and not wanted.of_what_is_done) else ""


def _refused(wanted: Filter, refused: Refused, typed: Mapping[str, str] | None = None) -> AnyResponse:
    return Response(_page(wanted, refused.problems, typed), errors.status_of(refused))


def _page(wanted: Filter, problems: Sequence[Problem] = (), typed: Mapping[str, str] | None = None) -> str:
    account, now = staff(), hotline().now()
    as_board = _show(wanted) == BOARD
    after = request.args.get("after") if request.method == "GET" else None
    with hotline().database.reading() as session:
        outcome = bulk.latest(hotline(), session, account, now) if account.role in access.WORKERS else None
        if as_board:
            columns, rows, more = _columns(session, account, wanted, outcome, now), [], None
        else:
            page = queue.page(session, account, now, after, wanted)
            columns, rows, more = None, _rows(session, account, page.tickets, outcome, now), page.after
        context = {
            "counts": queue.counts(session, account, now),
            "helping": coordination.counts(session, account, now),
            "unread": approval.count(session, account),
            "praises": [_thanks(ticket) for ticket in praise.recent(session, account)] if not after else (),
            "views": [_view(account, view, wanted) for view in saved.views(session, account)],
            "colleagues": person.colleagues(session, account.department_id) if account.department_id else (),
            "outcome": _outcome(outcome, now),
        }
    query = _query(wanted)
    return render_template(
        "work/queue.html",
        **context,
        **_choices(),
        rows=rows,
        columns=columns,
        pins=_pins(rows, now) if _show(wanted) == MAP else None,
        wanted=wanted,
        values=typed or wanted.as_query(),
        form=request.form,
        chosen=set(request.form.getlist("chosen")),
        query=query,
        plain=wanted.as_query(),
        no_persons=search.names_a_person(wanted.q),
        errors=grouped_errors(tuple(problems)),
        title_department=account.department,
        may_step=account.role in access.WORKERS,
        next_page=_address({"after": more, **query}) if more else None,
    )


def _choices() -> dict[str, Any]:
    """Return what the filters and steps offer to choose from."""
    return {
        "standings": [(value, _standing_words(value)) for value in STANDINGS],
        "topic_groups": topic_groups(),
        "wards": sorted(hotline().city.wards.values(), key=lambda ward: ward.name),
        "reasons": return_reasons().values(),
        "most": bulk.MOST,
    }


def _standing_words(value: str) -> str:
    if value in set(Status):
        return wording.status_words(Status(value))
    return _("Đã trả lời, đã đóng") if value else _("Mọi việc đang chờ")


def _rows(
    session: Session, account: Account, tickets: Sequence[Ticket], outcome: Outcome | None, now: datetime
) -> list[Row]:
    ids = [ticket.id for ticket in tickets]
    stands, held, marked = standing(session, ids, now), bulk.held(outcome), bulk.marked(session, account, ids)
    return [
        replace(
            row_of(ticket, stands=stands.get(ticket.id)),
            held=ticket.id in held,
            marked=ticket.id in marked,
            spot=_spot(ticket),
        )
        for ticket in tickets
    ]


def _columns(
    session: Session, account: Account, wanted: Filter, outcome: Outcome | None, now: datetime
) -> list[SimpleNamespace]:
    columns = queue.board(session, account, wanted, now)
    rows = _rows(session, account, [ticket for column in columns for ticket in column.tickets], outcome, now)
    return [
        SimpleNamespace(
            status=column.status,
            rows=[row for row in rows if row.status is column.status],
            more=_address(replace(wanted, status=column.status.value).as_query()) if column.more else None,
        )
        for column in columns
    ]


def _thanks(ticket: Ticket) -> SimpleNamespace:
    return SimpleNamespace(id=ticket.id, excerpt=wording.excerpt(ticket.text), received_at=ticket.received_at)


def _pins(rows: Sequence[Row], now: datetime) -> list[dict[str, Any]]:
    """Return what a map shows of these rows: each where its citizen put it, or else in the middle of its ward."""
    return [_pin(row, row.spot, now) for row in rows if row.spot is not None]


def _pin(row: Row, spot: tuple[float, float], now: datetime) -> dict[str, Any]:
    tag = wording.due_tag(row.due_at, now, paused=row.paused)
    return {
        "lat": spot[0],
        "lon": spot[1],
        "label": f"{tag.words}: {row.excerpt[:80]}",
        "kind": tag.kind if tag.kind in {"late", "soon", "ok"} else "none",
        "url": url_for("work.ticket", ticket_id=row.id),
    }


def _spot(ticket: Ticket) -> tuple[float, float] | None:
    if ticket.lat is not None and ticket.lon is not None:
        return ticket.lat, ticket.lon
    ward = hotline().city.wards.get(ticket.ward_code or "")
    return (ward.lat, ward.lon) if ward else None


def _view(account: Account, view: SavedView, wanted: Filter) -> SimpleNamespace:
    return SimpleNamespace(
        id=view.id,
        name=view.name,
        ours=view.department_id is not None,
        query=view.query,
        here=view.query == wanted.as_query(),
        removable=saved.may_remove(account, view),
    )


def _outcome(outcome: Outcome | None, now: datetime) -> SimpleNamespace | None:
    """Return what a page says of the last bulk: what is going to be done, was done, and was not, and why."""
    if outcome is None or outcome.bulk.undone_at is not None:
        return None
    number = len(outcome.bulk.steps)
    return SimpleNamespace(
        id=outcome.bulk.id,
        held=outcome.held,
        seconds=max(0, round((outcome.bulk.due_at - now).total_seconds())),
        running=not outcome.held and outcome.bulk.done_at is None,
        words=_coming_words(outcome.bulk.action).format(n=number)
        if outcome.held
        else _done_words(outcome.bulk.action).format(n=outcome.done),
        refused=[
            SimpleNamespace(
                id=ticket.id,
                excerpt=wording.excerpt(ticket.text, 80),
                why=wording.problem_words(Problem("", code, {"here": ticket.status.value})),
            )
            for ticket, code in outcome.refused
        ],
        unseen=number - outcome.done - len(outcome.refused) if outcome.bulk.done_at is not None else 0,
    )


def _coming_words(action: BulkAction) -> str:
    return {
        BulkAction.ACCEPT: _("Sắp nhận xử lý {n} phiếu."),
        BulkAction.ASSIGN: _("Sắp giao {n} phiếu."),
        BulkAction.RETURN: _("Sắp trả lại {n} phiếu."),
        BulkAction.LATER: _("Sắp để {n} phiếu xem sau."),
        BulkAction.NOT_LATER: _("Sắp bỏ {n} phiếu khỏi danh sách xem sau."),
    }[action]


def _done_words(action: BulkAction) -> str:
    return {
        BulkAction.ACCEPT: _("Đã nhận xử lý {n} phiếu."),
        BulkAction.ASSIGN: _("Đã giao {n} phiếu."),
        BulkAction.RETURN: _("Đã trả lại {n} phiếu."),
        BulkAction.LATER: _("Đã để {n} phiếu xem sau."),
        BulkAction.NOT_LATER: _("Đã bỏ {n} phiếu khỏi danh sách xem sau."),
    }[action]
