"""`[analytics]`: from the file and the environment, and keys that show up nowhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stats_core.errors import InvalidOptionsError
from stats_core.settings import AnalyticsSettings, Settings

FILE = """
[analytics]
providers = ["database", "posthog"]
website_id = "website_123"
posthog_key = "phc_hush"
"""


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("WORKBENCH_CONFIG", *(f"WORKBENCH_{field.upper()}" for field in Settings.model_fields)):
        monkeypatch.delenv(name, raising=False)


def test_with_nothing_said_events_go_to_the_database():
    assert Settings.load().analytics == AnalyticsSettings(providers=("database",))


def test_the_environment_adds_to_the_file_and_wins(monkeypatch):
    Path("workbench.toml").write_text(FILE)
    monkeypatch.setenv("WORKBENCH_ANALYTICS", json.dumps({"providers": ["segment"], "segment_write_key": "wk_hush"}))
    assert Settings.load().analytics == AnalyticsSettings(
        providers=("segment",), website_id="website_123", posthog_key="phc_hush", segment_write_key="wk_hush"
    )
    assert "hush" not in repr(Settings.load())


def test_a_setting_that_is_not_there_is_named_with_the_nearest():
    Path("workbench.toml").write_text(FILE.replace("website_id", "websit_id"))
    with pytest.raises(InvalidOptionsError) as caught:
        Settings.load()
    assert str(caught.value) == "analytics.websit_id: There is no such setting. Did you mean 'website_id'?"
