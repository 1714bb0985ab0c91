"""Setting an installation up and looking after it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from app import consistency, demo, doctor, loading, migration, search, settings, startup, supervisor
from app.commands.plainly import plainly, say
from app.hotline import Hotline, open_hotline
from app.persons import contacts
from app.settings import from_env


@click.command()
@click.option("--demo", "with_demo", is_flag=True, help="Add a fortnight of invented reports and an account per role.")
@plainly
def run(*, with_demo: bool) -> None:
    """Prepare everything and serve: Redis, relay, workers and web under one process manager."""
    settings.prepare()
    configured = from_env(serving=True)
    supervisor.hold(configured)
    supervisor.check_port(configured)
    hotline = open_hotline(configured)
    startup.prepare(hotline, say)
    if with_demo:
        for line in demo.fill(hotline):
            click.echo(line)
    _greet(hotline)
    hotline.database.close()
    supervisor.start(configured)


def _greet(hotline: Hotline) -> None:
    url = hotline.settings.public_url
    click.echo(f"\n  Citizens       {url}/\n  Track          {url}/t\n  Staff          {url}/accounts/login")
    click.echo(f"  API            {url}/api/v1/\n  Health         {url}/readyz")
    link = startup.first_link(hotline)
    if link is not None:
        click.echo(f"\n  Create the first administrator, once, within 24 hours:\n  {link}")
    click.echo("\n  Ctrl-C stops everything.\n")


@contextmanager
def installation() -> Iterator[Hotline]:
    """Yield the installation of this environment, and close its database when the command is done."""
    hotline = open_hotline(from_env())
    try:
        yield hotline
    finally:
        hotline.database.close()


@click.command()
@click.option("--revision", default="head", show_default=True)
@click.option("--down", is_flag=True, help="Go down to the revision instead of up.")
@plainly
def migrate(revision: str, *, down: bool) -> None:
    """Bring the database to this release and load the city's units and wards."""
    settings.prepare()
    with installation() as hotline:
        if down:
            migration.downgrade(hotline.database, revision, hotline.contact_keys)
            return
        migration.upgrade(hotline.database, revision)
        if not migration.pending(hotline.database):
            loading.load(hotline)
            contacts.sweep(hotline)


@click.command(name="doctor")
@plainly
def examine() -> None:
    """Check every dependency and setting; exit 1 naming what is wrong."""
    if not doctor.report(doctor.examine(), click.echo):
        sys.exit(1)


@click.command()
@plainly
def check() -> None:
    """Check every ticket against the laws of the program; exit 1 naming those broken."""
    with installation() as hotline, hotline.database.reading() as session:
        broken = consistency.violations(session)
    for law in broken:
        click.echo(f"BROKEN {law}")
    if broken:
        sys.exit(1)
    click.echo("every law holds")


@click.command()
@plainly
def reconcile() -> None:
    """Remove photos that no report names, say how many are missing, and let every ticket be found by its words."""
    with installation() as hotline:
        removed, missing = consistency.reconcile(hotline)
        filled = search.fill(hotline)
    click.echo(f"{removed} stray files removed, {missing} photos missing, {filled} tickets can be found again")
