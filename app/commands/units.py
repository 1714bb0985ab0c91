"""The units as files."""

from datetime import date, datetime
from pathlib import Path

import click

from app.commands.installation import installation
from app.commands.plainly import plainly
from app.units import exchange


@click.group()
def units() -> None:
    """The city's units: write them to a file, read them from one."""


@units.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), help="As they are on this day, not today.")
@plainly
def export(file: Path, day: datetime | None) -> None:
    """Write every unit to FILE: .yaml (to be imported again), .csv or .xlsx."""
    if file.suffix not in exchange.FORMATS:
        raise click.BadParameter(f"FILE must end in one of {', '.join(exchange.FORMATS)}")
    with installation() as hotline:
        count = exchange.export(hotline, file, _day(day))
    click.echo(f"{count} units written to {file}")


@units.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--from", "day", type=click.DateTime(["%Y-%m-%d"]), help="From this day on, not from today.")
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@click.option("--because", required=True, help="Why: it is kept with every change.")
@plainly
def import_(file: Path, day: datetime | None, because: str, *, dry_run: bool) -> None:
    """Make the units those of FILE (YAML), from a day on; units it does not name are closed."""
    with installation() as hotline:
        before = hotline.city
        found = exchange.take_in(hotline, file, because=because, day=_day(day), dry_run=dry_run)
    for difference in found:
        click.echo(exchange.told(difference, before.departments, before))
    counts = ", ".join(f"{sum(d.what == what for d in found)} {what}" for what in ("added", "changed", "closed"))
    click.echo(f"{counts}{' (nothing was written)' if dry_run else ''}")


def _day(typed: datetime | None) -> date | None:
    return typed.date() if typed else None
