"""What a call-taker still has to ask, by topic: the script that city and program share (`routing/data/questions.yaml`).

A city's folder may hold a `questions.yaml` of its own instead.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from models.vocabulary import topics
from routing.folding import fold
from routing.source import Block, Problems, read_yaml

FILE: Final = "questions.yaml"
PACKAGED: Final = Path(__file__).parent / "data"
#: More than these nobody listens to.
MOST: Final = 6
_SLUG: Final = re.compile(r"[a-z][a-z0-9-]{1,30}")


@dataclass(frozen=True)
class Question:
    """One question. It counts as answered where the words say one of `answered`, or the place is known and it asks
    for that."""

    slug: str
    vi: str
    en: str
    answered: re.Pattern[str] | None
    by_place: bool


@dataclass(frozen=True)
class Script:
    """Questions for every call, and those of each topic."""

    always: tuple[Question, ...]
    topics: Mapping[str, tuple[Question, ...]]

    def still_open(
        self, topic: str | None, said: str, *, place_known: bool, asked: Collection[str] = ()
    ) -> tuple[Question, ...]:
        """Return what is left to ask for a topic (None: not known yet), in the script's order.

        `said` are text and place as typed, `asked` the slugs of what the call-taker has ticked.
        """
        words = fold(said)
        both = (*self.always, *self.topics.get(topic or "", ()))
        return tuple(one for one in both if one.slug not in asked and not _answered(one, words, place_known))


def _answered(question: Question, words: str, place_known: bool) -> bool:  # noqa: FBT001 - of this module alone
    if question.by_place and place_known:
        return True
    return question.answered is not None and question.answered.search(words) is not None


def read_questions(folder: Path, problems: Problems) -> Script:
    """Read the script of a city, or the packaged one; every topic must have questions, each in both languages."""
    page = read_yaml(folder if (folder / FILE).exists() else PACKAGED, FILE, problems)
    page.only("always", "topics")
    always = _questions(page, "always")
    listed = page.block("topics")
    for slug in listed.keys():  # noqa: SIM118 (not a mapping)
        if slug not in topics():
            listed.wrong(f"topic {slug!r} does not exist")
    for slug in topics():
        if not listed.has(slug):
            listed.wrong(f"topic {slug!r} has no questions")
    by_topic = {slug: _questions(listed, slug) for slug in listed.keys()}  # noqa: SIM118
    taken = {one.slug for one in always}
    for slug, questions in by_topic.items():
        for one in questions:
            if one.slug in taken:
                listed.wrong(f"{slug}: the id {one.slug!r} is one of those that are always asked")
    return Script(always, MappingProxyType(by_topic))


def _questions(page: Block, key: str) -> tuple[Question, ...]:
    found = [_question(block) for block in page.blocks(key)]
    slugs = [one.slug for one in found]
    for slug in sorted({slug for slug in slugs if slugs.count(slug) > 1}):
        page.wrong(f"{key}: the id {slug!r} is there twice")
    if len(found) > MOST:
        page.wrong(f"{key}: {len(found)} questions, at most {MOST} are asked")
    return tuple(found)


def _question(block: Block) -> Question:
    block.only("id", "vi", "en", "answered", "by_place")
    slug = block.text("id")
    if slug and _SLUG.fullmatch(slug) is None:
        block.wrong("'id' must be small letters, digits and hyphens")
    return Question(
        slug=slug,
        vi=block.text("vi"),
        en=block.text("en"),
        answered=_pattern(block.texts("answered")),
        by_place=block.has("by_place") and block.truth("by_place"),
    )


def _pattern(phrases: tuple[str, ...]) -> re.Pattern[str] | None:
    """Return what finds one of the phrases as whole words, typed with or without marks; `#` stands for a number."""
    if not phrases:
        return None
    escaped = (re.escape(fold(phrase)).replace(r"\#", r"\d+") for phrase in phrases)
    return re.compile(rf"(?<!\w)(?:{'|'.join(escaped)})(?!\w)")
