"""The relay."""

import click

from app.commands.plainly import plainly
from app.hotline import open_hotline
from app.settings import from_env
from app.triage.relay import Relay


@click.command()
@plainly
def relay() -> None:
    """Carry owed jobs from the database to the queue; a second relay does no harm."""
    hotline = open_hotline(from_env(serving=True))
    _ = hotline.files  # one that cannot be used is refused before anything is claimed
    Relay(hotline).run()
