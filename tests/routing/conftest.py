from pathlib import Path

import pytest

from routing.city import City, load_city

SONG_XANH = Path(__file__).parent / "data" / "songxanh"


@pytest.fixture(scope="session")
def hcmc() -> City:
    return load_city()


@pytest.fixture(scope="session")
def song_xanh() -> City:
    return load_city(SONG_XANH)
