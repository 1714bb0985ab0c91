"""The corpus: reading it, and the check that it was written report by report and not stamped from templates."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from classifier.text import UnacceptableText, fold, received
from models.vocabulary import SubmissionType, Urgency, topics

CORPUS_DIR: Final = Path(__file__).with_name("corpus")

REGIONS: Final = frozenset({"nam", "trung", "bac", "south", "central", "north", "en", "mixed", "any"})
SUBLABELS: Final = frozenset({"ho-tich", "cu-tru-can-cuoc", "dat-dai", "loi-he-thong"})

#: Two texts may not share this many words in a row.
LONGEST_SHARED_RUN: Final = 12
#: Two texts whose sets of word triples overlap more than this are one text written twice.
NEAR_DUPLICATE: Final = 0.4
#: Of all six-word runs, at most this part may occur in more than one text.
REPEATED_SIXGRAMS: Final = 0.06
#: One six-word run may occur in at most this many texts per thousand (and always in five).
SIXGRAM_PER_MILLE: Final = 6
#: Different word pairs and triples as a part of all: what is stamped from templates falls far below.
DISTINCT_2: Final = 0.16
DISTINCT_3: Final = 0.45
#: Ratios mean little on a handful of texts.
ENOUGH_TEXTS: Final = 200

_WORD: Final = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Row:
    """One report of the corpus; `voice` is who speaks, `sub` a finer label where a topic has one.

    `also` are other topics under which a careful coordinator could send it on.
    """

    id: str
    topic: str
    type: str
    urgency: str
    voice: str
    region: str
    text: str
    sub: str | None = None
    also: tuple[str, ...] = ()

    @property
    def topics(self) -> tuple[str, ...]:
        """Every topic that would be right."""
        return (self.topic, *self.also)


class BadCorpus(ValueError):
    """The corpus cannot be read; the message names file and line."""


def load(corpus_dir: Path | None = None) -> list[Row]:
    """Read every row in the order of file names and lines; `BadCorpus` for the first that is not one."""
    return [_row(raw, where) for where, raw in _lines(corpus_dir or CORPUS_DIR)]


def _lines(corpus_dir: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(corpus_dir.glob("*.jsonl")):
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError as error:
            raise BadCorpus(f"{path.name}: {error.reason} at byte {error.start}") from None
        for number, line in enumerate(text.split("\n"), start=1):
            if line.strip():
                yield f"{path.name}:{number}", line


def _row(raw: str, where: str) -> Row:
    try:
        fields: dict[str, Any] = json.loads(raw)
        also = fields.pop("also", [])
        row = Row(**fields, also=tuple(also))
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise BadCorpus(f"{where}: {error}") from error
    if not all(isinstance(value, str) for value in (*fields.values(), *also)) or not isinstance(also, list):
        raise BadCorpus(f"{where}: every field is a string, and `also` is a list of them")
    return row


def problems(corpus_dir: Path | None = None) -> list[str]:
    """Return everything that is wrong with a corpus, a sentence each; an empty list is a good corpus."""
    try:
        rows = load(corpus_dir)
    except BadCorpus as error:
        return [str(error)]
    if not rows:
        return ["the corpus is empty"]
    words = [fold_words(row.text) for row in rows]
    return [*_label_problems(rows), *_sameness_problems(rows, words), *_template_problems(rows, words)]


def fold_words(text: str) -> list[str]:
    """Return the words of a text without marks, case and punctuation."""
    return _WORD.findall(fold(text))


def _label_problems(rows: Sequence[Row]) -> Iterator[str]:
    seen: set[str] = set()
    for row in rows:
        if row.id in seen:
            yield f"{row.id}: the id occurs twice"
        seen.add(row.id)
        yield from (f"{row.id}: {fault}" for fault in _faults(row))


def _faults(row: Row) -> Iterator[str]:
    allowed = {
        "topic": topics().keys(),
        "type": {kind.value for kind in SubmissionType},
        "urgency": {urgency.value for urgency in Urgency},
        "sub": SUBLABELS | {None},
    }
    for field, values in allowed.items():
        if (value := getattr(row, field)) not in values:
            yield f"{field} {value!r} is unknown"
    for value in row.also:
        if value not in topics() or row.topics.count(value) > 1:
            yield f"also {value!r} is unknown, or said already"
    if not row.voice or not row.region:
        yield "voice and region say who speaks and from where"
    try:
        if not received(row.text):
            yield "the text is empty"
    except UnacceptableText as error:
        yield str(error)


def _sameness_problems(rows: Sequence[Row], words: Sequence[Sequence[str]]) -> Iterator[str]:
    for first, second in sorted(shared_runs(words, LONGEST_SHARED_RUN)):
        yield f"{rows[first].id} and {rows[second].id} share a run of {LONGEST_SHARED_RUN} words"
    for first, second in sorted(near_duplicates(words)):
        yield f"{rows[first].id} and {rows[second].id} are nearly the same text"


def shared_runs(words: Sequence[Sequence[str]], length: int) -> set[tuple[int, int]]:
    """Return the pairs of texts that share a run of so many words."""
    first_seen: dict[tuple[str, ...], int] = {}
    pairs = set()
    for number, text in enumerate(words):
        for run in ngrams(text, length):
            if (earlier := first_seen.setdefault(run, number)) != number:
                pairs.add((earlier, number))
    return pairs


def near_duplicates(words: Sequence[Sequence[str]], at_least: float = NEAR_DUPLICATE) -> set[tuple[int, int]]:
    """Return the pairs of texts whose word triples overlap (Jaccard) at least so much."""
    shingles = [set(ngrams(text, 3)) or {tuple(text)} for text in words]
    holders: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, triples in enumerate(shingles):
        for triple in triples:
            holders[triple].append(number)
    shared: Counter[tuple[int, int]] = Counter()
    for numbers in holders.values():
        if 1 < len(numbers) <= 40:  # a triple that half the corpus has says nothing, and pairs grow with the square
            shared.update((a, b) for place, a in enumerate(numbers) for b in numbers[place + 1 :])
    return {
        (a, b)
        for (a, b), common in shared.items()
        if common >= at_least * (len(shingles[a]) + len(shingles[b]) - common)
    }


def ngrams(words: Sequence[str], length: int) -> Iterable[tuple[str, ...]]:
    """Return the runs of so many words."""
    return (tuple(words[start : start + length]) for start in range(len(words) - length + 1))


def _template_problems(rows: Sequence[Row], words: Sequence[Sequence[str]]) -> Iterator[str]:
    if len(rows) < ENOUGH_TEXTS:
        return
    holders = Counter(run for text in words for run in set(ngrams(text, 6)))
    most = max(5, len(rows) * SIXGRAM_PER_MILLE // 1000)
    for run, count in holders.most_common():
        if count <= most:
            break
        yield f"{count} texts say {' '.join(run)!r}, at most {most} may"
    if (part := repeated_part(words)) > REPEATED_SIXGRAMS:
        yield f"{part:.1%} of the six-word runs occur in several texts, at most {REPEATED_SIXGRAMS:.0%} may"
    for length, least in ((2, DISTINCT_2), (3, DISTINCT_3)):
        if (ratio := distinct(words, length)) < least:
            yield f"distinct-{length} is {ratio:.3f}, at least {least} is wanted"


def repeated_part(words: Sequence[Sequence[str]]) -> float:
    """Return which part of the six-word runs occurs in more than one text."""
    holders = Counter(run for text in words for run in set(ngrams(text, 6)))
    return sum(n for n in holders.values() if n > 1) / max(1, holders.total())


def distinct(words: Sequence[Sequence[str]], length: int) -> float:
    """Return different n-grams as a part of all, over the first 20,000, so that corpora of any size compare."""
    runs = [run for text in words for run in ngrams(text, length)][:20_000]
    return len(set(runs)) / max(1, len(runs))


def groups(rows: Sequence[Row]) -> list[int]:
    """Return a group number a row: near duplicates share one, so that a split never has one on either side."""
    parent = list(range(len(rows)))

    def root(number: int) -> int:
        while parent[number] != number:
            number = parent[number]
        return number

    words = [fold_words(row.text) for row in rows]
    for first, second in sorted(near_duplicates(words, NEAR_DUPLICATE / 2) | shared_runs(words, LONGEST_SHARED_RUN)):
        parent[root(second)] = root(first)
    return [root(number) for number in range(len(rows))]
