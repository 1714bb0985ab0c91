"""Which ward a free text is about, from the words alone and, where they leave a choice, from a pin on the map.

Rules (source: the conversion of old wards to new, the name traps measured on it): a name beside an old district is read
as of the old era; without one, "phường X" is the ward of today unless the name was also a ward somewhere else; a ward
that was split gives all its heirs; nothing that could be two places is ever `sure`. Nothing is asked over a network.
"""

from dataclasses import dataclass
from datetime import date
from math import isfinite
from typing import Final, NamedTuple

from routing.city import City
from routing.gazetteer import Reading
from routing.mentions import DistrictMention, Mentions, WardMention, find_mentions, is_passing
from routing.pin import read_pin
from routing.streets import landmark_in, street_in
from routing.words import Words

#: Among more wards than these (a whole district) centres are too coarse for a pin to be sure.
_FEW: Final = 3


@dataclass(frozen=True, slots=True)
class Place:
    """Ward codes, best first. Only when `sure` may the first be used without asking. `how` says what decided."""

    candidates: tuple[str, ...]
    sure: bool
    how: str
    street: str | None = None
    landmark: str | None = None


class _Opinion(NamedTuple):
    """What one mention says: by which name, and whether as a ward of today (True) or of before (False)."""

    codes: tuple[str, ...]
    sure: bool
    how: str
    eras: frozenset[bool] = frozenset()
    name: str = ""

    def may_be(self, other: "_Opinion") -> bool:
        """Tell whether both can name one place: by one name, or by its name of today and the one before."""
        return self.name == other.name or self.eras != other.eras or len(self.eras) > 1


def resolve_place(
    city: City, text: str, lat: float | None = None, lon: float | None = None, on_date: date | None = None
) -> Place:
    """Return the wards a text can be about. `lat` and `lon` are a pin on the map, `on_date` the day it was written."""
    words = Words(text)
    mentions = find_mentions(city.gazetteer, words)
    before_reform = on_date is not None and on_date < city.gazetteer.effective
    opinion = _decide(city, words, mentions, before_reform=before_reform)
    if opinion.sure and _another_district(city, opinion, mentions):
        opinion = opinion._replace(sure=False, how="another-district-too")
    if opinion.sure and all(mention.home for mention in mentions.wards if mention.marked) and is_passing(words):
        opinion = opinion._replace(sure=False, how="home-of-a-passer-by")
    if mentions.crowded:
        opinion = opinion._replace(sure=False, how="too-many-places")
    elif lat is not None and lon is not None and isfinite(lat + lon):
        opinion = _with_pin(city, opinion, lat, lon)
    return Place(opinion.codes, opinion.sure, opinion.how, street_in(words), landmark_in(words))


def _decide(city: City, words: Words, mentions: Mentions, *, before_reform: bool) -> _Opinion:
    reader = _Reader(city, mentions, before_reform=before_reform)
    meant = [mention for mention in mentions.wards if not mention.near] or mentions.wards
    wards = sorted(meant, key=lambda mention: mention.home)  # where the writer lives comes last
    marked = [reader.read(mention) for mention in wards if mention.marked]
    bare = [(mention, reader.read(mention)) for mention in wards if not mention.marked]
    paired = [opinion for mention, opinion in bare if reader.beside_its_district(mention)]
    if marked and all(mention.home for mention in wards if mention.marked):
        marked += [opinion for mention, opinion in bare if mention.at]
    if marked:
        return _together(marked)
    if paired:
        return _together([opinion._replace(how=f"bare-{opinion.how}") for opinion in paired])
    if bare and not any(d.marked for d in mentions.districts):
        return _together([reader.unmarked(mention, opinion) for mention, opinion in bare])
    if mentions.districts:
        return _of_districts(city, mentions.districts)
    return _Opinion((), sure=False, how="nothing-found" if words.count else "empty")


def _another_district(city: City, opinion: _Opinion, mentions: Mentions) -> bool:
    """Tell whether the text also names a district that the ward was never in: "từ quận 4 qua phường Tân Hưng"."""
    inside = city.gazetteer.of_district
    return any(
        not any(opinion.codes[0] in inside.get(name, ()) for name in district.districts)
        for district in mentions.districts
        if district.marked
    )


class _Reader:
    """Reads one ward mention at a time in the light of the districts and provinces of the same text."""

    def __init__(self, city: City, mentions: Mentions, *, before_reform: bool) -> None:
        self._city = city
        self._mentions = mentions
        self._before_reform = before_reform

    def read(self, mention: WardMention) -> _Opinion:
        """Return what the mention means; a ward that is only a neighbour, or guessed, is never sure."""
        opinion = self._meaning(mention)
        if mention.near or mention.guessed:
            return opinion._replace(sure=False, how=f"{'near' if mention.near else 'guessed'}-{opinion.how}")
        return opinion

    def _meaning(self, mention: WardMention) -> _Opinion:
        if any(0 <= at - mention.end <= 5 for at in self._mentions.elsewhere):
            return _Opinion((), sure=False, how="outside-the-city")
        readings = self._in_provinces(mention.readings)
        context = self._context(mention)
        if context is not None:
            districts = frozenset().union(*(d.districts for d in context))
            inside = tuple(reading for reading in readings if reading.districts & districts)
            if inside:
                return _in_district(inside, mention.era)
            if any(d.marked for d in context):
                codes = _codes(readings)
                return _Opinion(codes, sure=False, how="no-such-ward-in-that-district")
        opinion = self._alone(readings, mention.era)
        if any(at < mention.first for at in self._mentions.elsewhere) and not self._mentions.provinces:
            return opinion._replace(sure=False, how=f"elsewhere-{opinion.how}")
        if mention.doubtful or any(0 <= at - mention.end <= 1 for at in self._mentions.unknown_districts):
            return opinion._replace(sure=False, how=f"doubtful-{opinion.how}")
        return opinion

    def unmarked(self, mention: WardMention, opinion: _Opinion) -> _Opinion:
        """Return what a bare name without its district means: sure only where it can hardly be anything else."""
        distinctive = mention.at or mention.end - mention.first >= 3
        single = distinctive and mention.key not in self._city.gazetteer.never_bare
        sure = opinion.sure and (mention.addressed or single)
        return opinion._replace(sure=sure, how="bare-name")

    def beside_its_district(self, mention: WardMention) -> bool:
        """Tell whether a bare name stands beside the district that it is in."""
        return any(
            -3 <= district.first - mention.end <= 2 or -2 <= mention.first - district.end <= 1
            for district in self._mentions.districts
            if any(reading.districts & district.districts for reading in mention.readings)
        )

    def _in_provinces(self, readings: tuple[Reading, ...]) -> tuple[Reading, ...]:
        named, whole = self._mentions.provinces, self._city.gazetteer.whole
        narrow = named - {whole}
        if narrow:
            return tuple(r for r in readings if r.provinces & narrow) or readings
        if named:  # an old ward of another province was never written with the name of the city
            return tuple(r for r in readings if r.today or r.provinces & named) or readings
        return readings

    def _context(self, mention: WardMention) -> list[DistrictMention] | None:
        """Return the districts that say where this ward is: the next one after it, else the one before, else all."""
        districts = self._mentions.districts
        if not districts:
            return None
        after = [d for d in districts if 0 <= d.first - mention.end <= 6 and not self._between(mention.end, d.first)]
        if after:
            return after[:1]
        before = [d for d in districts if 0 <= mention.first - d.end <= 5]
        if before:
            return before[-1:]
        if len({d.districts for d in districts}) == 1:
            return districts[:1]
        marked = [d for d in districts if d.marked]
        return marked or districts

    def _between(self, first: int, last: int) -> bool:
        return any(first <= other.first < last for other in self._mentions.wards)

    def _alone(self, readings: tuple[Reading, ...], era: str) -> _Opinion:
        """Read a ward's name that stands without a district."""
        today = tuple(r for r in readings if r.today)
        before = tuple(r for r in readings if not r.today)
        if (era == "old" or self._before_reform) and before:
            return _one_or_many(before, "old-name")
        if era == "new" and today:
            return _one_or_many(today, "new-name")
        if not today:
            if _numbered(readings):
                return _one_or_many(before, "")._replace(sure=False, how="number-without-district")
            return _one_or_many(before, "old-name")
        here = frozenset(_codes(today))
        elsewhere = tuple(r for r in before if not r.alias and not here & frozenset(r.codes))
        if elsewhere:
            return _Opinion(_codes(today + elsewhere), sure=False, how="name-of-two-eras")
        return _one_or_many(today, "new-name")


def _numbered(readings: tuple[Reading, ...]) -> bool:
    return any(reading.spelt.isdigit() for reading in readings)


def _in_district(inside: tuple[Reading, ...], era: str) -> _Opinion:
    """Read a name beside an old district: as of the old era, unless it says otherwise or only today has it there."""
    today = tuple(r for r in inside if r.today)
    before = tuple(r for r in inside if not r.today and not r.alias) or tuple(r for r in inside if not r.today)
    if today and (era == "new" or not before):
        return _one_or_many(today, "new-name-in-old-district")
    if not today or era == "old":
        return _one_or_many(before, "old-name")
    if set(_codes(today)) <= set(_codes(before)):
        return _one_or_many(before, "old-name")
    return _Opinion(_codes(before + today), sure=False, how="name-of-two-eras")


def _one_or_many(readings: tuple[Reading, ...], how: str) -> _Opinion:
    codes, eras = _codes(readings), frozenset(reading.today for reading in readings)
    how = how if len(codes) == 1 else f"{how}-of-several"
    return _Opinion(codes, sure=len(codes) == 1, how=how, eras=eras, name=readings[0].spelt)


def _codes(readings: tuple[Reading, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(code for reading in readings for code in reading.codes))


def _together(opinions: list[_Opinion]) -> _Opinion:
    """Join what several mentions say: what they agree on; where they do not, all of it and nothing sure.

    Two old wards that share an heir ("phường 11 quận 6 và phường 16 quận 8") are two places all the same.
    """
    opinions = [o for o in opinions if o.codes] or opinions
    joined = opinions[0]
    for other in opinions[1:]:
        common = tuple(code for code in joined.codes if code in other.codes)
        alike = set(joined.codes) == set(other.codes)
        if not common or not (alike or joined.may_be(other)):
            codes = tuple(dict.fromkeys(code for opinion in opinions for code in opinion.codes))
            return _Opinion(codes, sure=False, how="several-places")
        better = joined if joined.sure else other
        sure = len(common) == 1 and better.sure
        joined = better._replace(codes=common, sure=sure, eras=joined.eras | other.eras)
    return joined


def _of_districts(city: City, mentions: list[DistrictMention]) -> _Opinion:
    marked = [d for d in mentions if d.marked] or mentions
    own = [code for d in marked for reading in d.readings if reading.today for code in reading.codes]
    inside = [code for d in marked for name in sorted(d.districts) for code in city.gazetteer.of_district.get(name, ())]
    codes = tuple(dict.fromkeys([*own, *inside]))
    return _Opinion(codes, sure=len(codes) == 1, how="district")


def _with_pin(city: City, opinion: _Opinion, lat: float, lon: float) -> _Opinion:
    """Let the pin choose among what the words allow; where both speak of different wards, nothing is sure."""
    pin = read_pin(city, lat, lon)
    codes, how = opinion.codes, opinion.how
    if pin.outside:
        return opinion._replace(sure=False, how=f"{how}+pin-outside-the-city" if codes else "pin-outside-the-city")
    if not codes:
        sure = pin.exact and pin.decided is not None and "outside-the-city" not in how
        return _Opinion(pin.proposals, sure=sure, how="pin")
    if pin.contradicts(codes):
        return _Opinion(tuple(dict.fromkeys((*codes, *pin.proposals))), sure=False, how="pin-far-from-words")
    if len(codes) == 1:
        return opinion if opinion.sure else opinion._replace(sure=pin.decided == codes[0], how=f"{how}+pin")
    ranked, decided = pin.among(codes)
    return _Opinion(ranked, sure=decided and (pin.exact or len(codes) <= _FEW), how=f"{how}+pin")
