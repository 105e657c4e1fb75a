# ---
# jupyter:
#   jupytext:
#     cell_metadata_filter: -all
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 4 · Rollups and backfill in a script
#
# Long ranges read a small table of daily figures, `analytics_daily_stats`, instead of millions of events. It is kept up to
# date by itself. Sometimes you want to do it yourself: after an import of old data, or to prove that it is right.

# %%
from datetime import timedelta

from workbench.notebook import wb

bench = wb.workbench
today = bench.clock().date()

# %% [markdown]
# ## What a day is
#
# A day begins at midnight **where the website is**. So each website has its own zone:

# %%
wb.draft("table", "Websites").read("website", fields=["id", "name", "timezone"], sort="id")

# %% [markdown]
# ## Prove that the daily figures are right
#
# `reconcile` reads events and sessions again, counts them another way, and lists every figure that differs. An empty
# list is the proof.

# %%
from stats_core.traffic.reconciliation import reconcile

website = "site_nordlicht"
month = {"first": today - timedelta(days=30), "last": today - timedelta(days=1)}
reconcile(bench.database, website_ids=[website], **month)

# %% [markdown]
# ## Break one, and see it found
#
# Suppose somebody changed a row by hand.

# %%
from sqlalchemy import update

from stats_core.models import AnalyticsDailyStats

day = today - timedelta(days=7)
row = (AnalyticsDailyStats.website_id == website, AnalyticsDailyStats.date == day)
with bench.database.write() as session:
    session.execute(update(AnalyticsDailyStats).where(*row).values(pageviews=999_999))

for difference in reconcile(bench.database, website_ids=[website], first=day, last=day):
    print(difference)

# %% [markdown]
# ## Roll up again
#
# A rollup replaces days with what events and sessions say. Doing it twice gives the same, so a backfill can be broken off
# and begun again.

# %%
from stats_core.traffic.rollups import roll_up

report = roll_up(bench.database, website_ids=[website], first=day, last=day, clock=bench.clock)
print(f"{report.days} day of {report.websites} website is up to date")
assert reconcile(bench.database, website_ids=[website], first=day, last=day) == []

# %% [markdown]
# A backfill goes month by month, so that each step is short and you see how far it has come:

# %%
start = today - timedelta(days=90)
while start < today:
    end = min(start + timedelta(days=29), today - timedelta(days=1))
    report = roll_up(bench.database, website_ids=[website], first=start, last=end, clock=bench.clock)
    print(f"{start} to {end}: {report.days} days")
    start = end + timedelta(days=1)

# %% [markdown]
# ## Both ways give one number
#
# Sessions belong to the day they start, so days add up to exactly what the raw rows say:

# %%
days = {"range": {"from": month["first"], "to": month["last"]}, "filters": {"website_id": website}}
from_days = wb.draft("metric").aggregate("analytics_daily_stats", measure="sessions", date_field="date", **days)
from_rows = wb.draft("metric").aggregate("analytics_session", measure="sessions", **days)
assert from_days.value == from_rows.value
from_days.value

# %% [markdown]
# In a shell the same is `workbench rollup`, `workbench reconcile`.
#
# Next: [your own database as a source](05_your_own_database.ipynb).
