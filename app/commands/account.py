"""Ways in from the machine itself, for when nobody can come in by the web: who has the machine has the installation."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import startup
from app.accounts import tokens
from app.accounts.tokens import LIVES, USUAL_LIFE, NewToken
from app.admin import service
from app.commands.installation import installation
from app.commands.plainly import plainly
from app.hotline import Hotline
from models.account import Account
from models.vocabulary import Scope


@click.group()
def account() -> None:
    """Accounts: a way in when the web gives none. What changes an account that exists is on record for auditors."""


@account.command(name="first-link")
@plainly
def first_link() -> None:
    """Print a new one-time link that creates the first administrator."""
    with installation() as hotline:
        link = startup.first_link(hotline)
    click.echo(link or "there is an administrator already; see `langnghe account link`")


@account.command(name="list")
@plainly
def list_accounts() -> None:
    """Show every account: user name, role, unit, and whether it is shut out."""
    with installation() as hotline, hotline.database.reading() as session:
        for one in service.all_accounts(session):
            state = "shut out" if one.disabled else "cleared" if one.cleared else ""
            click.echo(f"{one.username:24} {one.role:12} {one.department_id or '':24} {state}".rstrip())


@account.command()
@click.argument("username")
@plainly
def link(username: str) -> None:
    """Print a one-time link by which somebody sets a new password; the second factor stays."""
    with _found(username) as (hotline, found):
        click.echo(service.invite_again(hotline, found.id))


@account.command(name="reset-factor")
@click.argument("username")
@plainly
def reset_factor(username: str) -> None:
    """Take a lost second factor off; its owner sets a new one up at the next login."""
    with _found(username) as (hotline, found):
        service.reset_factor(hotline, found.id)
        click.echo(f"{found.username}: second factor taken off, logged out everywhere")


@account.command()
@click.argument("username")
@plainly
def disable(username: str) -> None:
    """Shut an account out, with its sessions and tokens."""
    with _found(username) as (hotline, found):
        service.disable_account(hotline, found.id)
        click.echo(f"{found.username}: shut out")


@account.command()
@click.argument("username")
@click.option("--scope", "scopes", multiple=True, required=True, type=click.Choice([scope.value for scope in Scope]))
@click.option("--days", type=click.Choice([str(days) for days in LIVES]), default=str(USUAL_LIFE), show_default=True)
@click.option("--name", default="API", show_default=True)
@plainly
def token(username: str, scopes: tuple[str, ...], days: str, name: str) -> None:
    """Print a bearer token of an account, for a program that is set up on this machine."""
    with _found(username) as (hotline, found), hotline.database.transaction() as session:
        new = NewToken(name, tuple(map(Scope, scopes)), int(days))
        click.echo(tokens.new_token(hotline, session, found, new))


@contextmanager
def _found(username: str) -> Iterator[tuple[Hotline, Account]]:
    """Yield the installation and an account that is not shut out; raise `ClickException` if there is none."""
    with installation() as hotline:
        with hotline.database.reading() as session:
            found = _named(session, username)
        if found is None:
            raise click.ClickException(f"there is no account {username!r} that may come in")
        yield hotline, found


def _named(session: Session, username: str) -> Account | None:
    name = username.strip().lower()
    return session.scalar(select(Account).where(Account.username == name, Account.disabled.is_(False)))
