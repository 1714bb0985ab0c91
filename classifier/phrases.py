"""What people call the things of each topic: short texts that training sees beside the corpus."""

import re
from collections.abc import Iterator
from importlib.resources import files

from models.vocabulary import topics

_PARTS = re.compile(r"[,.()]")


def phrases() -> Iterator[tuple[str, str]]:
    """Yield (topic, phrase) in a fixed order; a city's own topics come with at least their label and definition."""
    lines = files("classifier").joinpath("data/phrases.txt").read_text("utf-8").splitlines()
    written = dict(line.split(": ", 1) for line in lines if line and not line.startswith("#"))
    for topic in topics().values():
        said = [*_PARTS.split(topic.vi), *_PARTS.split(topic.definition), *written.get(topic.slug, "").split(";")]
        yield from ((topic.slug, phrase.strip()) for phrase in said if phrase.strip())
