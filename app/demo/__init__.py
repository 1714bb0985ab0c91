"""Invented reports and accounts, so that a newcomer sees every workplace at work. Marked on every page."""

import json
import re
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from importlib.resources import files
from itertools import chain
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.accounts.service import NewAccount
from app.board import tallies
from app.demo import casework, desk, fortnight
from app.demonstration import DEMO_MARK
from app.hotline import Hotline
from app.intake.schema import parse_report
from app.intake.service import Filing, file_report
from app.review import service as review
from app.review.service import Choice
from app.thought import evidence
from app.tracking import service as tracking
from app.triage import outbox
from app.triage import service as triage
from app.work import service as work
from app.work.service import Step
from classifier import artifact
from classifier.predict import Classifier
from models.account import Account
from models.code import code_hash, normalised
from models.outbox import InstallationMark, OutboxEntry
from models.ticket import Ticket
from models.vocabulary import Channel, DepartmentKind, Role, Status

#: Minutes until the relay would have had a report understood.
UNDERSTOOD_AFTER: Final = timedelta(minutes=1)
PEOPLE: Final = {
    Role.CALL_TAKER: "Tổng đài viên Mai",
    Role.COORDINATOR: "Điều phối viên Khoa",
    Role.HANDLER: "Chuyên viên Hạnh",
    Role.SUPERVISOR: "Trưởng đơn vị Bình",
    Role.AUDITOR: "Giám sát viên Lan",
    Role.ADMIN: "Quản trị viên Sơn",
}


@dataclass
class Clock:
    """The time at which the invented past is being lived."""

    at: datetime

    def __call__(self) -> datetime:
        """Return the time."""
        return self.at


@dataclass(frozen=True)
class Moment:
    """Something that happened in the invented past; moments are lived in order of time."""

    at: datetime
    number: int
    act: Callable[[], None]


def fill(hotline: Hotline) -> Iterator[str]:
    """Live through the invented reports; yield what to print, passwords as soon as there are any. Only once.

    The mark comes first: whatever is broken off afterwards, nothing invented is ever taken for real.
    """
    with hotline.database.transaction() as session:
        begun = session.get(InstallationMark, DEMO_MARK) is not None
        if not begun:
            session.add(InstallationMark(name=DEMO_MARK, value=hotline.now().isoformat()))
    if begun:
        yield "The demonstration is here already; passwords were printed once. For another: LANGNGHE_DATA=/new/folder"
        return
    director = _Director(hotline)
    director.live(chain(_script(), fortnight.script()))
    tallies.keep(hotline)
    with hotline.database.transaction() as session:
        people = list(_people(hotline, session))
    yield from ("", "  Demonstration accounts (printed this once):", *people, "")
    desk.fill(hotline)
    casework.fill(hotline)


def _script() -> Iterator[dict[str, Any]]:
    """Yield a day of every workplace, then a fortnight in which departments have had their hands full."""
    for name in ("reports.jsonl", "fortnight.jsonl"):
        for line in files("app.demo").joinpath(name).read_text("utf-8").splitlines():
            if line.strip():
                yield json.loads(line)


class _Director:
    """Lives the script through the same services as everybody, only at other times."""

    def __init__(self, hotline: Hotline) -> None:
        self.today = hotline.now()
        self.clock = Clock(self.today)
        self.hotline = replace(hotline, now=self.clock)
        directory = artifact.current(hotline.settings.models)
        self.classifier = Classifier.load(directory) if directory is not None else None
        self.codes: dict[int, str] = {}

    def live(self, script: Iterator[dict[str, Any]]) -> None:
        for moment in sorted(self._moments(script), key=lambda m: (m.at, m.number)):
            self.clock.at = moment.at
            moment.act()
        self.clock.at = self.today

    def _moments(self, script: Iterator[dict[str, Any]]) -> Iterator[Moment]:
        number = 0
        for report, line in enumerate(script):
            filed_at = self.today - timedelta(minutes=line["minutes_ago"])
            acts: list[tuple[datetime, Callable[[], None]]] = [
                (filed_at, partial(self._file, report, line)),
                (filed_at + UNDERSTOOD_AFTER, partial(self._understand, report)),
            ]
            for step in line.get("steps", ()):
                at = filed_at + timedelta(minutes=step["after"])
                acts.append((at, partial(self._step, report, step)))
            for at, act in acts:
                number += 1
                if at <= self.today:
                    yield Moment(at, number, act)

    def _file(self, report: int, line: dict[str, Any]) -> None:
        names = ("text", "place_text", "latitude", "longitude", "contact_name", "contact_phone", "submission_type")
        fields = {name: line[name] for name in names if name in line}
        fields["consent"] = "contact_phone" in line
        filing = Filing(
            "demo", f"demonstration-{report:06}", parse_report(fields), (), Channel(line.get("channel", "web"))
        )
        self.codes[report] = file_report(self.hotline, filing).answer["code"]

    def _understand(self, report: int) -> None:
        with self.hotline.database.transaction() as session:
            ticket = self._ticket(session, report)
            owed = session.scalars(select(OutboxEntry.id).where(OutboxEntry.ticket_id == ticket.id)).all()
            for entry in outbox.lock_undone(session, owed):
                (prediction,) = triage.predict(self.classifier, [ticket])
                triage.settle(self.hotline, session, ticket, prediction)
                entry.done_at = entry.due_at = self.clock.at

    def _ticket(self, session: Session, report: int) -> Ticket:
        digest = code_hash(self.hotline.keys.codes, normalised(self.codes[report]) or "")
        return session.scalars(select(Ticket).where(Ticket.code_hash == digest)).one()

    def _step(self, report: int, step: dict[str, Any]) -> None:
        """Let the unit, a coordinator or the citizen do what the script says, where the ticket's state allows it."""
        with self.hotline.database.transaction() as session:
            ticket = self._ticket(session, report)
            status, version, ticket_id = ticket.status, ticket.version, ticket.id
            account = self._worker(session, ticket)
            choice = self._choice(session, ticket) if step["do"] == "route" else None
        what = Step(ticket_id, version, step.get("text", ""))
        match step["do"], status:
            case "route", Status.NEEDS_REVIEW | Status.RETURNED if choice is not None:
                review.route(self.hotline, self._coordinator(), what, choice)
            case "accept", Status.ROUTED | Status.REOPENED if account is not None:
                work.accept(self.hotline, account, what)
            case "return", Status.ROUTED if account is not None:
                work.send_back(self.hotline, account, what)
            case "ask", Status.IN_PROGRESS if account is not None:
                work.ask(self.hotline, account, what)
            case "answer", Status.IN_PROGRESS if account is not None:
                work.answer(self.hotline, account, what)
            case "inform", Status.INFO_REQUESTED:
                tracking.add_information(self.hotline, self.codes[report], what.text)
            case "reopen", Status.ANSWERED:
                tracking.reopen(self.hotline, self.codes[report], what.text)
            case "rate", Status.ANSWERED:
                tracking.rate(self.hotline, self.codes[report], step["rating"], what.text)

    def _worker(self, session: Session, ticket: Ticket) -> Account | None:
        """Return somebody of the ticket's department; without a password, so nobody can come in as them."""
        if ticket.department_id is None or ticket.department is None:
            return None
        name = f"demo.{ticket.department_id}"[:64].replace("_", "-").lower()
        known = session.scalar(select(Account).where(Account.username == name))
        if known is not None:
            return known
        new = NewAccount(name, f"Chuyên viên, {ticket.department.vi}"[:120], Role.HANDLER, ticket.department_id)
        return accounts.create(session, self.clock.at, new)

    def _choice(self, session: Session, ticket: Ticket) -> Choice | None:
        proposal = review.suggested(self.hotline, ticket, evidence(session, ticket))
        return replace(proposal[0], reason="Đã gọi hỏi lại người dân.") if proposal else None

    def _coordinator(self) -> Account:
        with self.hotline.database.transaction() as session:
            known = session.scalar(select(Account).where(Account.username == "demo.dieu-phoi"))
            return known or accounts.create(
                session, self.clock.at, NewAccount("demo.dieu-phoi", "Điều phối viên ca trước", Role.COORDINATOR)
            )


def _people(hotline: Hotline, session: Session) -> Iterator[str]:
    """Make one account a role, handlers also for the busiest ward, and yield a line each with its password."""
    departments = _busiest(session)
    for role, name in PEOPLE.items():
        wanted = departments if role is Role.HANDLER else departments[:1]
        for number, department in enumerate(wanted if role in accounts.NEEDS_DEPARTMENT else [None]):
            username = role.value.replace("_", "-") + (f"-{number + 1}" if number else "")
            password = secrets.token_urlsafe(12)
            new = NewAccount(username, name, role, department, cleared=role is Role.COORDINATOR)
            accounts.set_password(accounts.create(session, hotline.now(), new), password)
            yield f"    {username:14} {password}   {department or ''}"


def passwords(printed: Iterable[str]) -> dict[str, str]:
    """Return user name → password of the people in what `fill` returned, for who goes on as one of them."""
    found = (re.match(r" {4}(\S+) +(\S+)", line) for line in printed)
    return {line[1]: line[2] for line in found if line}


def _busiest(session: Session) -> list[str]:
    """Return the busiest department of the city's own and the busiest ward."""
    rows = session.scalars(select(Ticket).where(Ticket.department_id.is_not(None))).all()
    found: list[str] = []
    for ward in (False, True):
        counted = Counter(
            t.department_id
            for t in rows
            if t.department is not None and (t.department.kind is DepartmentKind.WARD) is ward and t.department_id
        )
        found += [department for department, _ in counted.most_common(1)]
    return found
