"""Articles: kept by coordinators, read by everybody while they hold, and put to use as answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final
from uuid import UUID

import yaml
from markdown_it import MarkdownIt
from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from app import access
from app.assignment import local_date
from app.hotline import Hotline
from app.knowledge.schema import Draft
from app.problems import Conflict, NotFound, Problem, refuse
from app.stale import require_seen
from app.work import answering
from app.work.service import Step, move
from classifier.nearest import nearest
from classifier.text import fold
from models.account import Account
from models.article import Article
from models.taxonomy import Topic
from models.ticket import Happening, Ticket
from models.vocabulary import DeadlineKind, Role, Status, SubmissionType

#: Proposed on a question's page.
PROPOSED: Final = 3
#: From here a question can be answered with an article.
ANSWERABLE: Final = frozenset({Status.NEEDS_REVIEW, Status.ROUTED, Status.IN_PROGRESS})


@cache
def _markdown() -> MarkdownIt:
    # No HTML of the writer's gets through, and a link leads to the web or nowhere (the library refuses other schemes).
    return MarkdownIt("commonmark", {"html": False}).disable("image")


def rendered(body: str) -> str:
    """Return an article's Markdown as HTML: HTML in it is shown, not obeyed, and there are no pictures."""
    return str(_markdown().render(body))


@dataclass(frozen=True)
class Seed:
    """An article that a release brings; `slug` never changes."""

    slug: str
    title: str
    body: str
    source: str
    topic: str | None = None
    source_url: str | None = None


@cache
def seeds() -> tuple[Seed, ...]:
    """Return the articles of `models/data/articles.yaml`; `TypeError` names a missing or unknown field."""
    raw: list[dict[str, Any]] = yaml.safe_load(files("models").joinpath("data/articles.yaml").read_text("utf-8"))
    return tuple(Seed(**one) for one in raw)


def plant(hotline: Hotline, session: Session) -> int:
    """Add the seeds that this installation has never had; return how many. What is there is never written over."""
    there = set(session.scalars(select(Article.seed).where(Article.seed.is_not(None))))
    new = [seed for seed in seeds() if seed.slug not in there]
    session.add_all(
        Article(
            seed=seed.slug,
            title=seed.title,
            body=seed.body,
            topic_slug=seed.topic,
            source=seed.source,
            source_url=seed.source_url,
            reviewed_at=hotline.now(),
        )
        for seed in new
    )
    return len(new)


def _holds(on: date) -> ColumnElement[bool]:
    begun = or_(Article.valid_from.is_(None), Article.valid_from <= on)
    return and_(begun, or_(Article.valid_to.is_(None), Article.valid_to >= on))


def public(hotline: Hotline, session: Session) -> Sequence[Article]:
    """Return the articles that hold today, by title."""
    today = local_date(hotline, hotline.now())
    return session.scalars(select(Article).where(_holds(today)).order_by(Article.title, Article.id)).all()


def found(hotline: Hotline, session: Session, typed: str) -> Sequence[Article]:
    """Return the articles that hold today and fit the words typed, with or without marks, the nearest first.

    Whole words count for more, but a part of a title is found too. Nothing typed finds all.
    """
    articles = public(hotline, session)
    if not typed.strip():
        return articles
    ranked = [near.key for near in nearest(typed, {a: (a.title, a.body) for a in articles}, most=len(articles))]
    part = fold(typed)
    return ranked + [a for a in articles if a not in ranked and part in fold(a.title)]


def proposed(hotline: Hotline, session: Session, ticket: Ticket) -> Sequence[Article]:
    """Return the articles nearest to a question."""
    articles = public(hotline, session)
    near = nearest(ticket.text, {a: (a.title, a.body) for a in articles}, most=PROPOSED)
    return [one.key for one in near]


def every(session: Session) -> Sequence[Article]:
    """Return all articles for who keeps them, the longest unreviewed first."""
    return session.scalars(select(Article).order_by(Article.reviewed_at, Article.id)).all()


def article(session: Session, article_id: UUID, *, lock: bool = False) -> Article:
    """Return an article; raise `NotFound`."""
    one = session.get(Article, article_id, with_for_update=lock)
    if one is None:
        raise NotFound
    return one


def public_article(hotline: Hotline, session: Session, article_id: UUID) -> Article:
    """Return an article that holds today; raise `NotFound` for any other."""
    one = session.scalar(select(Article).where(Article.id == article_id, _holds(local_date(hotline, hotline.now()))))
    if one is None:
        raise NotFound
    return one


def save(
    hotline: Hotline, account: Account, draft: Draft, article_id: UUID | None = None, version: str = ""
) -> Article:
    """Write a new article, or over the old one of which the writer saw that version; saving is reviewing.

    Raises `Refused`, `NotFound`, and `Conflict` where somebody else has saved it meanwhile.
    """
    with hotline.database.transaction() as session:
        if draft.topic_slug is not None and session.get(Topic, draft.topic_slug) is None:
            raise refuse("topic_slug", "unknown_topic")
        one = article(session, article_id, lock=True) if article_id is not None else Article()
        if article_id is not None:
            require_seen(one.reviewed_at, version)
        for name in Draft.model_fields:
            setattr(one, name, getattr(draft, name))
        one.reviewed_at, one.reviewed_by = hotline.now(), account.id
        session.add(one)
        session.flush()
        return one


def may_answer(account: Account, ticket: Ticket) -> bool:
    """Tell whether this person may answer the ticket with an article as it stands.

    A coordinator may until a unit has taken it up; a unit may what it has.
    """
    if ticket.submission_type is not SubmissionType.QUESTION or ticket.status not in ANSWERABLE:
        return False
    if account.role is Role.COORDINATOR:
        return ticket.status is not Status.IN_PROGRESS
    return access.may_work(account, ticket)


def answer_with(hotline: Hotline, account: Account, step: Step, article_id: UUID) -> Ticket:
    """Answer a question with an article, whose words and address the citizen reads."""

    def find(session: Session) -> Ticket:
        ticket = access.find_ticket(session, account, step.ticket_id, lock=True)
        if account.role is not Role.COORDINATOR and not access.may_work(account, ticket):
            raise NotFound
        return ticket

    def reply(session: Session, ticket: Ticket, now: datetime) -> None:
        if not may_answer(account, ticket):
            raise Conflict([Problem("status", "transition", {"here": ticket.status.value})])
        answering.refuse_while_waiting(session, ticket)
        one = session.scalar(select(Article).where(Article.id == article_id, _holds(local_date(hotline, now))))
        if one is None:
            raise refuse("article_id", "unknown_article")
        if ticket.status is Status.ROUTED:
            ticket.transition(Status.IN_PROGRESS, Happening("accepted", now, account.id))
        words = f"{one.title}\n\n{one.body}\n\n{hotline.settings.public_url}/hoi-dap/{one.id}"
        data = {"article": str(one.id)}
        ticket.transition(Status.ANSWERED, Happening("answered", now, account.id, public_text=words, data=data))
        answering.answered(session, ticket, now, *DeadlineKind)  # also that of the queue, where no unit has had it

    return move(hotline, step, find, reply)
