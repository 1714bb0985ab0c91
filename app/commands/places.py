"""Routing from the command line."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from app import settings, startup
from app.commands.installation import installation
from app.commands.lines import rows
from app.commands.plainly import plainly, say
from classifier.predict import Classifier
from routing.city import City, load_city
from routing.place import Place, resolve_place
from routing.rules import Facts, decide


@click.command()
@click.argument("text", required=False)
@click.option("--jsonl", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Lines of {id, text}.")
@plainly
def place(text: str | None, jsonl: Path | None) -> None:
    """Say which wards a text speaks of, best first, and whether that is sure."""
    city = load_city(settings.city_folder())
    for row in rows(text, jsonl):
        found = resolve_place(city, row["text"], row.get("lat"), row.get("lon"))
        names = [city.wards[code].short for code in found.candidates]
        click.echo(json.dumps(_placed(row["id"], names, found), ensure_ascii=False))


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


def _city() -> City:
    """Return the city with its book of units, or as its files alone have it where nothing is set up."""
    if not settings.is_set_up():
        return load_city(settings.city_folder())
    with installation() as hotline:
        return hotline.city
