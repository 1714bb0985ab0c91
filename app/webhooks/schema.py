"""What an administrator types to set a webhook up, read and refused field by field."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.problems import Problem, Refused
from app.settings import Network
from app.webhooks import outside
from app.words import words_of

NAME_MAX = 120


@dataclass(frozen=True)
class NewWebhook:
    """Where to tell what: the tickets of one unit, or of all."""

    name: str
    url: str
    department_id: str | None


def parse_webhook(fields: Mapping[str, str], networks: Iterable[Network]) -> NewWebhook:
    """Return a webhook as it was typed; raise `Refused` with all that is wrong.

    A name is not resolved here: what it leads to is looked at whenever it is connected to. An address that is written
    out is refused at once if it is not outside.
    """
    problems: list[Problem] = []
    name, url = "", fields.get("url", "").strip()
    try:
        name = words_of("name", fields.get("name", ""), NAME_MAX)
    except Refused as refused:
        problems += refused.problems
    target = outside.target_of(url)
    if target is None:
        problems.append(Problem("url", "webhook_address" if url else "required"))
    elif (address := outside.says_address(target.host)) and not outside.is_outside(address, networks):
        problems.append(Problem("url", "webhook_inside"))
    if problems:
        raise Refused(problems)
    return NewWebhook(name, url, fields.get("department_id", "").strip() or None)
