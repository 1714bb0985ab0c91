"""Short texts that training sees beside the corpus: what people call things, and how they say what they want."""

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files

from models.vocabulary import SubmissionType, Urgency, topics

_PARTS = re.compile(r"[,.()]")


def topic_phrases() -> Iterator[tuple[str, str]]:
    """Yield (topic, phrase) in a fixed order; a city's own topics come with at least their label and definition."""
    written = _written("phrases.txt")
    for topic in topics().values():
        said = [*_PARTS.split(topic.vi), *_PARTS.split(topic.definition), *written.get(topic.slug, "").split(";")]
        yield from ((topic.slug, phrase.strip()) for phrase in said if phrase.strip())


def type_phrases() -> Iterator[tuple[str, str]]:
    """Yield (submission type, phrase) in a fixed order."""
    written = _written("types.txt")
    for kind in SubmissionType:
        yield from ((kind.value, phrase.strip()) for phrase in written[kind.value].split(";"))


def urgency_phrases() -> Iterator[tuple[str, str]]:
    """Yield (urgency, phrase): what is said in danger, and what is not."""
    for kind, phrase in type_phrases():
        yield (Urgency.EMERGENCY if kind == SubmissionType.EMERGENCY else Urgency.NORMAL).value, phrase


def _written(name: str) -> Mapping[str, str]:
    lines = files("classifier").joinpath("data", name).read_text("utf-8").splitlines()
    return dict(line.split(": ", 1) for line in lines if line and not line.startswith("#"))
