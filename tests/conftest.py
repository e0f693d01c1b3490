"""What holds for every test: patience."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from tests.patience import HANG

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Give each test its time, unless the command line does."""
    if config.option.timeout is None:
        config.option.timeout = HANG
