"""The days that offices work, from the command line; what is decided here and on the web is one calendar."""

import getpass
from datetime import date, datetime

import click

from app.admin.service import decide_on_day
from app.commands.installation import installation
from app.commands.plainly import plainly
from app.workdays import Decision


@click.group()
def calendar() -> None:
    """Days off and worked Saturdays, on top of the city's file."""


@calendar.command(name="list")
@click.option("--year", type=click.IntRange(2000, 2100), help="The present one if left out.")
@plainly
def list_days(year: int | None) -> None:
    """Show the days of a year that are not as their weekday says, and who says so."""
    with installation() as hotline, hotline.database.reading() as session:
        in_force = hotline.calendar(session)
        for day in in_force.special_days(year or in_force.local_day(hotline.now()).year):
            click.echo(f"{day.day}  {'worked' if day.working else 'off':6}  {day.source:7}  {day.why}")


@calendar.command(name="set")
@click.argument("day", type=click.DateTime(["%Y-%m-%d"]))
@click.option("--off/--worked", "off", required=True, help="Whether offices are closed that day.")
@click.option("--because", required=True, help="Why, best with the number of the decision; kept for ever.")
@plainly
def set_day(day: datetime, because: str, *, off: bool) -> None:
    """Decide that a day is off or worked; open deadlines are computed anew."""
    _decide(day.date(), not off, because)


@calendar.command(name="unset")
@click.argument("day", type=click.DateTime(["%Y-%m-%d"]))
@click.option("--because", required=True, help="Why; kept for ever.")
@plainly
def unset_day(day: datetime, because: str) -> None:
    """Take a decision back: the day is again as the city's file has it."""
    _decide(day.date(), None, because)


def _decide(day: date, working: bool | None, because: str) -> None:  # noqa: FBT001 - as the table has it
    author = f"{getpass.getuser()} (langnghe calendar)"
    with installation() as hotline:
        decide_on_day(hotline, Decision(day, working, because, author))
    click.echo(f"{day}: {'as in the file of the city' if working is None else 'worked' if working else 'off'}")
