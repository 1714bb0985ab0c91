"""Routing from the command line."""

import json
from pathlib import Path
from typing import Any

import click

from app.commands.lines import rows
from app.commands.plainly import plainly
from routing.city import load_city
from routing.place import Place, resolve_place


@click.command()
@click.argument("text", required=False)
@click.option("--jsonl", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Lines of {id, text}.")
@plainly
def place(text: str | None, jsonl: Path | None) -> None:
    """Say which wards a text speaks of, best first, and whether that is sure."""
    city = load_city()
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
