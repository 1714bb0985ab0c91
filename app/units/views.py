"""The administrators' pages of units: a list to search, a unit with its whole history, and forms to change it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from app import errors, wording
from app.accounts.session import required
from app.assignment import local_date
from app.current import hotline, staff
from app.i18n import gettext as _
from app.i18n import label, language
from app.intake.views import grouped_errors
from app.problems import NotFound, Problem, Refused
from app.units import listing, service
from app.units.schema import Closing, read_because, read_closing, read_day, read_stated
from models.department import DepartmentChange
from models.vocabulary import DepartmentKind, Role, UnitChangeKind, UnitChangeOrigin
from routing.city import City
from routing.departments import CHANGEABLE, DepartmentFact
from routing.hours import OpeningHours, opening, read_hours

units = Blueprint("units", __name__, url_prefix="/admin/units")

administrators = required(Role.ADMIN)

#: Forms whose fields have a prefix, because they share a page with one that has the same fields.
_PREFIXED = frozenset({"close", "undo"})


@units.get("")
@administrators
def listed() -> str:
    """Show the units of a day, searched by any part of a name."""
    with hotline().database.reading() as session:
        city = hotline().standing.fresh(session)
    day = read_day(request.args.get("day", "")) or _today()
    kind = request.args.get("kind", "")
    wanted = listing.Wanted(
        words=request.args.get("q", "")[:200],
        kind=DepartmentKind(kind) if kind in set(DepartmentKind) else None,
        day=day,
        gone_too=bool(request.args.get("all")),
    )
    page = listing.page(city, wanted, request.args.get("after"))
    query: dict[str, Any] = {name: value for name, value in request.args.items() if name in {"q", "kind", "day", "all"}}
    return render_template(
        "admin/units.html",
        rows=page.units,
        count=page.count,
        day=day,
        today=_today(),
        wanted=wanted,
        kinds=_kinds(),
        next_page=url_for("units.listed", **query, after=page.after) if page.after else None,
    )


@units.get("/new")
@administrators
def blank() -> str:
    """Show the form for a new unit."""
    return _blank({"since": _today().isoformat(), "kind": DepartmentKind.CITY.value})


@units.post("")
@administrators
def add() -> AnyResponse:
    """Add a unit."""
    try:
        unit = service.open_unit(hotline(), staff(), read_stated(request.form))
    except Refused as refused:
        return Response(_blank(request.form.to_dict(), refused.problems), errors.status_of(refused))
    return redirect(url_for("units.unit", unit_id=unit), 303)


@units.get("/<unit_id>")
@administrators
def unit(unit_id: str) -> str:
    """Show a unit as it is today, what hangs on it, and everything that was ever written of it."""
    return _page(unit_id)


@units.post("/<unit_id>/change")
@administrators
def change(unit_id: str) -> AnyResponse:
    """Say what it is from a day on."""
    return _do(
        unit_id,
        lambda: service.change_unit(hotline(), staff(), unit_id, _seen(), read_stated(request.form, unit_id)),
        "change",
    )


@units.post("/<unit_id>/close")
@administrators
def close(unit_id: str) -> AnyResponse:
    """Say from which day it is gone, and who has what it leaves."""
    return _do(unit_id, lambda: service.close_unit(hotline(), staff(), unit_id, _seen(), _closing()), "close")


@units.post("/<unit_id>/undo")
@administrators
def undo(unit_id: str) -> AnyResponse:
    """Take back what has not begun yet."""
    number = _whole("change_id")
    return _do(
        unit_id,
        lambda: service.undo(hotline(), staff(), unit_id, _seen(), number, read_because(_unprefixed("undo_"))),
        "undo",
    )


@units.post("/<unit_id>/accounts")
@administrators
def move_accounts(unit_id: str) -> AnyResponse:
    """Move the people of a closed unit to its successor."""
    return _do(unit_id, lambda: service.move_accounts(hotline(), staff(), unit_id), "accounts")


def _closing() -> Closing:
    return read_closing(_unprefixed("close_"))


def _unprefixed(prefix: str) -> dict[str, str]:
    """Return the fields of a form that shares its page with others, as the reader knows them."""
    return {name.removeprefix(prefix): value for name, value in request.form.items()}


def _whole(name: str) -> int:
    typed = request.form.get(name, "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else -1


def _seen() -> int:
    """Return the number of the last line that the person saw; what is no number is simply an old one."""
    return _whole("version")


def _do(unit_id: str, act: Callable[[], Any], acted: str) -> AnyResponse:
    """Do what a form asks for; what is refused comes back in its form with what was typed."""
    try:
        act()
    except Refused as refused:
        prefix = f"{acted}_" if acted in _PREFIXED else ""
        problems = tuple(Problem(p.field and prefix + p.field, p.code, p.params) for p in refused.problems)
        page = _page(unit_id, problems, request.form.to_dict(), acted=acted)
        return Response(page, errors.status_of(refused))
    return redirect(url_for("units.unit", unit_id=unit_id), 303)


def _today() -> date:
    return local_date(hotline(), hotline().now())


def _kinds() -> list[tuple[str, str]]:
    return [(kind.value, wording.kind_words(kind)) for kind in DepartmentKind]


def _choices(city: City, day: date) -> dict[str, Any]:
    """Return what the selects of a form offer: units of that day by kind, wards, kinds."""
    alive = [unit for unit in listing.ordered(city, day) if unit.valid_on(day)]
    groups: dict[str, list[DepartmentFact]] = {}
    for fact in alive:
        groups.setdefault(wording.kind_words(fact.kind), []).append(fact)
    wards = sorted(((ward.code, ward.name) for ward in city.wards.values()), key=lambda ward: ward[1])
    return {"unit_groups": groups, "wards": wards, "kinds": _kinds()}


def _blank(values: Mapping[str, str], problems: tuple[Problem, ...] = ()) -> str:
    with hotline().database.reading() as session:
        city = hotline().standing.fresh(session)
    return render_template(
        "admin/unit_new.html", values=values, errors=grouped_errors(problems), **_choices(city, _today())
    )


def _page(
    unit_id: str,
    problems: tuple[Problem, ...] = (),
    typed: Mapping[str, str] | None = None,
    *,
    acted: str = "",
) -> str:
    if not unit_id.isprintable():
        raise NotFound
    today = _today()
    with hotline().database.reading() as session:
        city = hotline().standing.fresh(session)
        known = city.departments.get(unit_id)
        if known is None:
            raise NotFound
        written = service.history(session, unit_id)
        fact = known.life_on(today)
        leaving = fact.valid_to or today
        context: dict[str, Any] = {
            "unit": fact,
            "open": known.valid_on(today),
            "begun": known.last_until(today) is not None,
            "parent": city.unit(fact.parent, today),
            "ward": city.wards.get(fact.ward or ""),
            "successor": city.unit(fact.successor, today),
            "heir": city.unit(city.heir(unit_id, today), today),
            "hours": _hours(fact.hours or _city_hours(city)),
            "opening": wording.opening_words(opening(city.calendar, fact.hours, hotline().now()), today),
            "loose": service.loose_ends(session, city, known, max(leaving, today)),
            "lines": _lines(session, city, written, today),
            "version": written[0].id if written else 0,
        }
    newest = known.life_on(max(today, known.valid_from or today))
    return render_template(
        "admin/unit.html",
        **context,
        **_choices(city, today),
        today=today,
        values={**_typed_of(newest, today), **(typed or {})},
        errors=grouped_errors(problems),
        acted=acted,
    )


def _typed_of(fact: DepartmentFact, today: date) -> dict[str, str]:
    """Return a unit's facts as its form holds them."""
    values = {name: getattr(fact, name) for name in CHANGEABLE}
    values["hours"] = _hours(fact.hours)
    texts = {name: str(value) for name, value in values.items() if value is not None}
    return texts | {"since": max(today, fact.valid_from or today).isoformat(), "close_since": today.isoformat()}


def _hours(hours: OpeningHours | None) -> str | None:
    return hours.written("vi" if language() == "vi" else "en") if hours else None


def _city_hours(city: City) -> OpeningHours:
    calendar = city.calendar
    day = tuple((a.hour * 60 + a.minute, b.hour * 60 + b.minute) for a, b in calendar.hours)
    return OpeningHours(tuple(day if weekday in calendar.weekdays else () for weekday in range(7)))


@dataclass(frozen=True)
class Line:
    """One line of a unit's history in words."""

    number: int
    words: str
    details: list[str]
    at: datetime
    actor: str
    because: str | None
    planned: bool
    undone: bool


def _lines(session: Session, city: City, written: list[DepartmentChange], today: date) -> list[Line]:
    undone = {line.undoes_id for line in written}
    names = service.names_of(session, written)
    shown = []
    before: DepartmentChange | None = None
    for line in reversed(written):  # oldest first, so that each is compared with the one before
        counts = line.undoes_id is None and line.id not in undone
        shown.append(
            Line(
                number=line.id,
                words=_words(line, before, city, today),
                details=_details(line, before) if line.change is UnitChangeKind.STATE and before else [],
                at=line.at,
                actor=names.get(line.actor_id) or _origin(line.origin),
                because=line.because,
                planned=counts and line.since is not None and line.since > today,
                undone=line.id in undone,
            )
        )
        if counts and line.change is UnitChangeKind.STATE:
            before = line
    return shown[::-1]


def _origin(origin: UnitChangeOrigin) -> str:
    return _("Tệp của thành phố") if origin is UnitChangeOrigin.SEED else _("Nhập từ tệp")


def _words(line: DepartmentChange, before: DepartmentChange | None, city: City, today: date) -> str:
    since = wording.date_words(line.since) if line.since else ""
    if line.change is UnitChangeKind.UNDONE:
        return _("Hủy một thay đổi chưa bắt đầu")
    if line.change is UnitChangeKind.CLOSED:
        heir = city.unit(line.successor_id, today)
        if heir is None:
            return _("Đóng từ ngày {day}, không có đơn vị kế nhiệm").format(day=since)
        return _("Đóng từ ngày {day}, {unit} kế nhiệm").format(day=since, unit=label(heir))
    if before is not None:
        return _("Thay đổi từ ngày {day}").format(day=since)
    return _("Hoạt động từ ngày {day}").format(day=since) if since else _("Hoạt động từ trước đến nay")


def _details(line: DepartmentChange, before: DepartmentChange) -> list[str]:
    found = []
    for name, words in _field_words().items():
        old, new = getattr(before, name), getattr(line, name)
        if old != new:
            old, new = _said(name, old), _said(name, new)
            found.append(_("{field}: {old} → {new}").format(field=words, old=old, new=new))
    return found


def _said(name: str, value: Any) -> str:
    if isinstance(value, DepartmentKind):
        return wording.kind_words(value)
    if value and name == "hours":
        return _hours(read_hours(value)) or ""
    return value or "—"


def _field_words() -> dict[str, str]:
    return {
        "vi": _("Tên"),
        "en": _("Tên tiếng Anh"),
        "kind": _("Loại"),
        "parent_id": _("Trực thuộc"),
        "ward_code": _("Phường, xã"),
        "phone": _("Điện thoại"),
        "email": _("Thư điện tử"),
        "address": _("Địa chỉ"),
        "hours": _("Giờ làm việc"),
        "note": _("Ghi chú"),
        "source": _("Nguồn"),
    }
