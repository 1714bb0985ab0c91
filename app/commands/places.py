"""Routing from the command line."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from app import settings, startup
from app.commands.installation import installation
from app.commands.lines import rows
from app.commands.plainly import plainly, say
from app.filing import LineRefused
from app.returns import trial
from classifier.predict import Classifier
from routing.city import City, load_city
from routing.measure import table
from routing.place import Place, resolve_place
from routing.replay import Replay
from routing.rules import Facts, decide

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("text", required=False)
@click.option("--jsonl", type=FILE, help="Lines of {id, text}, and if you like lat and lon of a pin.")
@click.option("--measure", "examples", type=FILE, help="Lines of {text, wards, sure}: print how often we are right.")
@plainly
def place(text: str | None, jsonl: Path | None, examples: Path | None) -> None:
    """Say which wards a text speaks of, best first, and whether that is sure."""
    city = load_city(settings.city_folder())
    if examples is not None:
        if text is not None or jsonl is not None:
            raise click.UsageError("--measure goes alone")
        click.echo(table(city, {examples.name: examples}))
        return
    for row in rows(text, jsonl):
        found = resolve_place(city, row["text"], *_pin(row))
        names = [city.wards[code].short for code in found.candidates]
        click.echo(json.dumps(_placed(row["id"], names, found), ensure_ascii=False))


def _pin(row: dict[str, Any]) -> tuple[float | None, float | None]:
    """Return a line's pin; raise `LineRefused` when it is no pair of numbers."""
    lat, lon = row.get("lat"), row.get("lon")
    if lat is None and lon is None:
        return None, None
    if not all(isinstance(part, int | float) and abs(part) <= 180 for part in (lat, lon)):
        raise LineRefused(f"report {row['id']}: lat and lon must be two numbers, in degrees")
    return lat, lon


def _placed(row_id: str, names: list[str], found: Place) -> dict[str, Any]:
    return {
        "id": row_id,
        "wards": names,
        "sure": found.sure,
        "how": found.how,
        "street": found.street,
        "landmark": found.landmark,
    }


@click.group()
def rules() -> None:
    """Rules that say which unit must act."""


@rules.command()
@click.argument("text")
@plainly
def explain(text: str) -> None:
    """Show what a text is taken for, and each rule that was tried on it until one fitted."""
    city = _city()
    classifier = Classifier.load(startup.ensure_model(settings.models_folder(), say))
    (prediction,) = classifier.predict([text])
    found = resolve_place(city, text)
    ward = found.candidates[0] if found.sure else None
    today = datetime.now(city.calendar.zone).date()
    best = prediction.alternatives[0]
    facts = Facts(best.slug, ward, prediction.submission_type, prediction.urgency, text, today)
    decision = decide(city, facts)
    sure = "sure" if prediction.topic else "not sure, a coordinator would be asked"
    click.echo(f"topic   {best.slug} ({best.confidence:.0%}, {sure})")
    click.echo(f"type    {prediction.submission_type}, {prediction.urgency}")
    click.echo(f"ward    {city.wards[ward].name if ward else 'not sure'} ({found.how})")
    for tried in decision.tried:
        click.echo(f"{'fits  ' if tried.matched else '      '}  {tried.rule_id}  {tried.why_not}")
    click.echo(f"unit    {city.departments[decision.lead].life_on(today).vi}: {decision.because}")


@rules.command(name="test")
@click.option(
    "--rules", "file", required=True, type=click.Path(path_type=Path), help="A file like the city's rules.yaml."
)
@click.option(
    "--last", type=click.IntRange(1, 1_000_000), default=1000, show_default=True, help="How many tickets, newest first."
)
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only tickets received since that day.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@plainly
def try_rules(file: Path, last: int, since: datetime | None, *, as_json: bool) -> None:
    """Replay tickets on another rule set and show who would receive what; changes nothing."""
    with installation() as hotline:
        found = trial.try_rules(hotline, file, last, since.date() if since else None)
        if as_json:
            click.echo(json.dumps(asdict(found), ensure_ascii=False))
        else:
            for line in _told(hotline.city, found):
                click.echo(line)


def _told(city: City, found: Replay) -> Iterator[str]:
    yield f"tickets         {found.tickets}"
    yield f"unchanged       {found.unchanged}" + (f" ({found.helpers} with other helpers)" if found.helpers else "")
    yield f"changed         {found.changed}"
    yield f"to coordinator  {found.to_coordinator}"
    yield (
        f"where they ended, of {found.ended} known: right at once {found.agreed_before} before,"
        f" {found.agreed_after} after ({found.mended} mended, {found.broken} broken)"
    )
    for move in found.moves:
        yield ""
        yield f"{move.n:6}  {move.topic or 'no topic'}: {_unit(city, move.before)} -> {_unit(city, move.after)}"
        yield f"        rule {move.rule}: {move.because}"
        yield f"        ended there: {move.right_before} before, {move.right_after} after"
        yield f"        such as {', '.join(move.examples)}"


def _unit(city: City, department_id: str) -> str:
    return city.departments[department_id].vi


def _city() -> City:
    """Return the city with its book of units, or as its files alone have it where nothing is set up."""
    if not settings.is_set_up():
        return load_city(settings.city_folder())
    with installation() as hotline:
        return hotline.city
