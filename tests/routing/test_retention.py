"""How long a person stays in a case: every type has a rule with its source, and a slip of the pen is refused."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from models.vocabulary import SubmissionType
from routing.city import load_city
from routing.retention import RetentionRule, read_retention
from routing.source import CityDataError, Problems

GOOD = "".join(f"  - {{type: {kind.value}, months: 12, photos: keep, source: law}}\n" for kind in SubmissionType)


def test_the_packaged_city_has_a_rule_for_every_type_and_never_forgets_a_denunciation() -> None:
    table = load_city().retention
    assert set(table) == set(SubmissionType)
    assert table[SubmissionType.DENUNCIATION].months is None
    assert all(rule.source for rule in table.values())


def test_months_are_counted_by_the_calendar() -> None:
    def before(months: int, *now: int) -> datetime | None:
        return RetentionRule(months, remove_photos=False, source="").ended_before(datetime(*now, tzinfo=UTC))  # type: ignore[misc,arg-type]

    assert before(24, 2028, 3, 3, 2) == datetime(2026, 3, 3, 2, tzinfo=UTC)
    assert before(1, 2026, 3, 31) == datetime(2026, 2, 28, tzinfo=UTC)
    assert before(12, 2028, 2, 29) == datetime(2027, 2, 28, tzinfo=UTC)
    assert before(3, 2026, 1, 15) == datetime(2025, 10, 15, tzinfo=UTC)
    assert RetentionRule(None, remove_photos=False, source="").ended_before(datetime(2026, 1, 1, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("  - {type: phan-anh, months: 12, photos: keep, source: law}\n", "'phan-anh' has a rule already"),
        ("  - {type: nothing, months: 12, photos: keep, source: law}\n", "there is no submission type 'nothing'"),
        ("  - {type: rac, months: 0, photos: keep, source: law}\n", "'months' must be 1 or more"),
        ("  - {type: rac, months: 1, photos: burn, source: law}\n", "'photos' must be one of remove, keep"),
        ("  - {type: rac, months: 1, photos: keep}\n", "'source' must be a text"),
        ("  - {type: rac, keep: true, months: 1, source: law}\n", "either `months` or `keep: true`"),
        ("  - {type: rac, month: 1, source: law}\n", "unknown key 'month'"),
    ],
)
def test_a_broken_rule_is_named_with_its_line(tmp_path: Path, line: str, complaint: str) -> None:
    (tmp_path / "retention.yaml").write_text(f"types:\n{GOOD}{line}", "utf-8")
    problems = Problems()
    read_retention(tmp_path, problems)
    with pytest.raises(CityDataError) as refusal:
        problems.refuse()
    assert f"retention.yaml:{GOOD.count(chr(10)) + 2}: {complaint}" in str(refusal.value)


def test_a_missing_rule_is_named(tmp_path: Path) -> None:
    (tmp_path / "retention.yaml").write_text("types:\n" + GOOD.partition("\n")[2], "utf-8")
    problems = Problems()
    read_retention(tmp_path, problems)
    assert problems.found == [f"retention.yaml:1: no rule for {next(iter(SubmissionType)).value!r}"]
