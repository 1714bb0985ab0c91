"""The bench runs and says what it measured. Its target is for a quiet machine: here a tenth of it is asked."""

import re

from routing.bench import run


def test_the_bench_reports_every_part() -> None:
    said = run()
    assert "baseline" in said
    whole = re.search(r"place \+ rules \+ deadlines.* ([\d,]+) a second", said)
    assert whole is not None
    assert int(whole[1].replace(",", "")) > 500
