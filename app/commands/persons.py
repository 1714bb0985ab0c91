"""Personal data: its keys, how long it is kept, what a person may ask for. No number is ever an argument."""

import json
import os
from datetime import datetime
from pathlib import Path
from typing import IO
from uuid import UUID

import click

from app.commands.installation import installation
from app.commands.plainly import plainly, say
from app.persons import holds, retention, rotation, service

_NUMBER = click.option(
    "--phone-from",
    "source",
    type=click.File(),
    default="-",
    show_default=True,
    help="A file whose first line is the number; - is standard input. Never an argument: those are seen by others.",
)


@click.group()
def keys() -> None:
    """The keys of contact data."""


@keys.command()
@click.option("--forget-old", is_flag=True, help="Then take older keys out of the file: nothing needs them any more.")
@plainly
def rotate(*, forget_old: bool) -> None:
    """Lock every contact with a new key, batch by batch while the installation serves.

    Where the keys are in the data folder a new one is made first; where LANGNGHE_CONTACT_KEY gives them, put the new
    one in front of the old ones, restart every process, and call this.
    """
    with installation() as hotline:
        if hotline.contact_keys.trouble is not None:
            raise click.ClickException(hotline.contact_keys.trouble)
        renewed = rotation.rotate(hotline, forget_old=forget_old)
    click.echo(f"{renewed} contacts are locked with the newest key")


@keys.command(name="list")
@plainly
def list_keys() -> None:
    """Print the id of each key, the newest first, and how many contacts it locks; no key is printed."""
    with installation() as hotline:
        for name, rows in rotation.counted(hotline):
            click.echo(f"{rows:>12}  {name}")


@click.command()
@click.option("--yes", is_flag=True, help="Do it. Without this it is only counted.")
@plainly
def purge(*, yes: bool) -> None:
    """Take the person out of cases that ended long enough ago; prints how many by submission type."""
    with installation() as hotline:
        found = retention.purge(hotline) if yes else retention.due(hotline)
    for kind, number in sorted(found.items()):
        click.echo(f"{number:>12}  {kind.value}")
    say(f"{found.total()} cases {'are without their person now' if yes else 'would lose their person; --yes does it'}")


@click.group()
def person() -> None:
    """What a person may ask for by the telephone number that they left."""


@person.command()
@_NUMBER
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="A new file that only you can read.")
@plainly
def export(source: IO[str], out: Path | None) -> None:
    """Write what was said to and by a person as JSON; that it was given out is on record with each ticket."""
    number = service.number_of(source.readline())
    with installation() as hotline:
        found = json.dumps(service.export(hotline, number), ensure_ascii=False, indent=1)
    if out is None:
        click.echo(found)
        return
    with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        stream.write(found + "\n")
    say(f"{out}: written")


@person.command()
@_NUMBER
@click.option("--yes", is_flag=True, help="Do it. Without this the tickets are only listed.")
@plainly
def erase(source: IO[str], *, yes: bool) -> None:
    """Take a person out of every ticket that left their number, but for those under legal hold, which are listed."""
    number = service.number_of(source.readline())
    with installation() as hotline:
        if yes:
            done, held = service.erase(hotline, number)
        else:
            every = service.find(hotline, number)
            done, held = sum(one.hold is None for one in every), [one for one in every if one.hold is not None]
    for one in held:
        click.echo(f"HELD {one.ticket_id}: {one.hold}")
    say(f"{done} tickets {'are without their person now' if yes else 'would lose their person; --yes does it'}")


@click.group()
def hold() -> None:
    """Legal holds: tickets that stay whole."""


@hold.command(name="place")
@click.argument("ticket", type=click.UUID)
@click.option("--reason", required=True, help="Why the law wants it whole; shown to staff with the ticket.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The last day; without one, until it is lifted.")
@plainly
def place_hold(ticket: UUID, reason: str, until: datetime | None) -> None:
    """Keep a ticket whole, whatever its age and whoever asks."""
    with installation() as hotline, hotline.database.transaction() as session:
        moment = holds.end_of(hotline, until.date().isoformat()) if until else None
        holds.place(hotline, session, holds.found(session, ticket), reason, moment, None)


@hold.command(name="lift")
@click.argument("ticket", type=click.UUID)
@plainly
def lift_hold(ticket: UUID) -> None:
    """Let a ticket go the way of others again; what its citizen asked for meanwhile is done now."""
    with installation() as hotline, hotline.database.transaction() as session:
        holds.lift(hotline, session, holds.found(session, ticket), None)
