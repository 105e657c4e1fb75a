"""How often enrichment agrees with public corpora of agents, bots and referrers; none of them is copied into our lists.

The corpora, the table of names and the aims are those of the benchmark that prints the figures.
"""

from __future__ import annotations

import pytest
import yaml

from benchmarks import corpora
from ingest.referrers import classify

GROUPS = (corpora.devices, corpora.names, corpora.bots, corpora.referrers, corpora.spam)


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.__name__)
def test_enrichment_agrees_with_public_corpora_as_often_as_we_say(shared_data, group):
    found = list(group(shared_data))
    assert [agreement for agreement in found if agreement.share < agreement.aim] == []
    assert all(agreement.cases for agreement in found)


@pytest.mark.parametrize(("file", "medium"), [("AIAssistants", "ai"), ("Socials", "social")])
def test_every_assistant_and_network_of_matomos_lists_is_known_as_one(shared_data, file, medium):
    lists = yaml.safe_load((shared_data / "ref-matomo-lists" / f"{file}.yml").read_text(encoding="utf-8"))
    hosts = {host for hosts in lists.values() for host in hosts} - {"login.live.com"}  # people sign in there
    assert sorted(host for host in hosts if classify(f"https://{host}").medium != medium) == []
