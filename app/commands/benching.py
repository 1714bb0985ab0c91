"""Measurements."""

import sys

import click

from app import settings, startup
from app.bench.board import ROWS as BOARD_ROWS
from app.bench.board import run as measure_board
from app.bench.incidents import ROWS as MILLION
from app.bench.incidents import run as measure_incidents
from app.bench.intake import run as measure_intake
from app.bench.queue import TICKETS
from app.bench.queue import run as measure_queue
from app.bench.soak import run as run_soak
from app.bench.store import run as measure_store
from app.bench.triage import run as measure_triage
from app.commands.plainly import plainly, say
from app.intake.schema import TEXT_MIN
from classifier import corpus
from classifier.bench import run as measure_classifier
from routing.bench import run as measure_routing


@click.group()
def bench() -> None:
    """Measure against a baseline of the same run."""


@bench.command(name="intake")
@plainly
def bench_intake() -> None:
    """Filing over HTTP beside a bare insert, on both databases."""
    measure_intake(click.echo)


@bench.command(name="incidents")
@click.option("--rows", default=MILLION, show_default=True, type=click.IntRange(min=1), help="Stored reports.")
@plainly
def bench_incidents(*, rows: int) -> None:
    """One new report compared with a million stored ones, beside a bare look-up, on both databases."""
    measure_incidents(click.echo, rows)


@bench.command(name="queue")
@click.option("--tickets", default=TICKETS, show_default=True, type=click.IntRange(min=1), help="Stored tickets.")
@plainly
def bench_queue(*, tickets: int) -> None:
    """A handler's queue page with a million tickets on PostgreSQL, beside one with ten thousand."""
    measure_queue(click.echo, tickets)


@bench.command(name="board")
@click.option("--rows", default=BOARD_ROWS, show_default=True, type=click.IntRange(min=1000), help="Stored tickets.")
@plainly
def bench_board(*, rows: int) -> None:
    """A leader's page over 200,000 tickets, beside a bare count of the same days, on both databases."""
    measure_board(click.echo, rows)


@bench.command(name="triage")
@plainly
def bench_triage() -> None:
    """From filed to routed by relay, Redis and two workers."""
    measure_triage(settings.models_folder(), click.echo)


@bench.command(name="store")
@plainly
def bench_store() -> None:
    """The bytes that a ticket takes in PostgreSQL, beside its words."""
    measure_store(settings.models_folder(), click.echo)


@bench.command(name="classify")
@plainly
def bench_classify() -> None:
    """Prediction beside bare word segmentation of the same texts."""
    click.echo(measure_classifier(startup.ensure_model(settings.models_folder(), say).parent))


@bench.command(name="route")
@plainly
def bench_route() -> None:
    """Place, rules and deadlines, beside folding of the same texts."""
    click.echo(measure_routing())


@click.command()
@click.option("--minutes", type=click.FloatRange(0.05, 10_000), default=10.0, show_default=True)
@click.option("--database-url", help="An empty database to soak; a SQLite file of its own if left out.")
@plainly
def soak(minutes: float, database_url: str | None) -> None:
    """File, work, read and kill processes at random, all at once; exit 1 if anything was lost, doubled or broken."""
    models = startup.ensure_model(settings.models_folder(), say).parent
    texts = [row.text for row in corpus.load() if len(row.text) >= TEXT_MIN]
    if not run_soak(60 * minutes, models, texts, click.echo, database_url).clean:
        sys.exit(1)
