"""Settings come from the environment, and an empty line in .env is no setting."""

from __future__ import annotations

import pytest

from common.settings import Settings


def test_an_empty_variable_is_the_same_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECRET_KEY", "SECRET_KEY_FALLBACKS", "MYSQL_URL", "REDIS_URL", "WEB_THREADS", "LOG_LEVEL"):
        monkeypatch.setenv(name, "")
    assert Settings.from_env() == Settings()
    assert Settings().secret_key, "tokens would be signed with nothing"


def test_a_variable_that_is_set_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "mine")
    monkeypatch.setenv("SECRET_KEY_FALLBACKS", "the old one,the one before,")
    assert Settings.from_env().secret_keys == ("mine", "the old one", "the one before")
