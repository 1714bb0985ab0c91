"""Telephone exchanges that may announce calls, from the command line."""

import click

from app.commands.installation import installation
from app.commands.plainly import plainly
from app.desk import calls


@click.group()
def exchanges() -> None:
    """Telephone exchanges (PBX): each has a bearer token that announces calls and opens nothing else."""


@exchanges.command(name="add")
@click.argument("name")
@plainly
def add(name: str) -> None:
    """Make an exchange known and print its token, this once."""
    with installation() as hotline:
        click.echo(calls.add_exchange(hotline, name))


@exchanges.command(name="list")
@plainly
def list_them() -> None:
    """Show every exchange, since when it is known and when it last announced a call."""
    with installation() as hotline, hotline.database.reading() as session:
        last = calls.last_calls(session)
        for one in calls.exchanges(session):
            used = f"{last[one.id]:%Y-%m-%d}" if one.id in last else "never"
            state = "revoked" if one.revoked_at else "in use"
            click.echo(f"{one.created_at:%Y-%m-%d}  {state:7}  {used:10}  {one.name}")


@exchanges.command(name="revoke")
@click.argument("name")
@plainly
def revoke(name: str) -> None:
    """Take no more announcements by an exchange's token."""
    with installation() as hotline:
        calls.revoke_exchange(hotline, name)
