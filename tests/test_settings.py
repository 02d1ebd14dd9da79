"""Settings come from the environment, and an empty line in .env is no setting."""

from __future__ import annotations

import pytest

from common.settings import BadSetting, Settings


def test_an_empty_variable_is_the_same_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECRET_KEY", "SECRET_KEY_FALLBACKS", "MYSQL_URL", "REDIS_URL", "WEB_THREADS", "LOG_LEVEL"):
        monkeypatch.setenv(name, "")
    assert Settings.from_env() == Settings()
    assert Settings().secret_key, "tokens would be signed with nothing"


def test_a_variable_that_is_set_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "mine")
    monkeypatch.setenv("SECRET_KEY_FALLBACKS", "the old one,the one before,")
    assert Settings.from_env().secret_keys == ("mine", "the old one", "the one before")


@pytest.mark.parametrize("said", ["abc", "0", "-1", "4.0", "٤", "1001", "9" * 5000])
def test_a_number_of_threads_that_cannot_be_is_a_clear_error(
    monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    monkeypatch.setenv("WEB_THREADS", said)
    with pytest.raises(BadSetting, match="WEB_THREADS is a whole number from 1 to 1000, not"):
        Settings.from_env()


def test_a_level_that_there_is_not_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "loud")
    with pytest.raises(BadSetting, match="LOG_LEVEL is one of DEBUG, INFO, WARNING, ERROR, not 'loud'"):
        Settings.from_env()
    monkeypatch.setenv("LOG_LEVEL", "warning")
    assert Settings.from_env().log_level == "WARNING"
