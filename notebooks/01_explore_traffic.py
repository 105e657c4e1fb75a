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
# # 1 · Explore the traffic of a website
#
# Everything that the app shows can be asked here too: the same catalog, the same operations, the same cache. One import
# gives you `wb`; it opens the workbench of this project when you first ask it something.
#
# No data yet? `make notebook` fills the workbench with demo data before it starts JupyterLab.

# %%
from workbench.notebook import wb

wb.dashboards

# %% [markdown]
# ## Start from what is there
#
# A dashboard is a list of panels. Take one by its name, and it shows itself.

# %%
traffic = wb.dashboard("Website Traffic")
traffic

# %%
traffic["Daily sessions"]

# %% [markdown]
# The dashboard has variables: which website, and from when to when. `given` sets them, for one panel or for all.

# %%
quarter = traffic.given(range={"preset": "90d"})
quarter["Visitors"]

# %%
quarter["Bounce rate"].value

# %% [markdown]
# ## Look behind a number
#
# What does "visitors" mean, who was asked, and is that an old answer? `explain` tells it, with the SQL that ran and how the database runs it.

# %%
quarter["Visitors"].explain()

# %% [markdown]
# ## Ask something new
#
# Which entities are there, and what do they know? The catalog has types, units and definitions.

# %%
wb.catalog.analytics_session

# %% [markdown]
# Where do visitors come from? A draft is a panel that is not stored: it is asked and drawn like all others.

# %%
sources = (
    wb.draft("list", "Where visits begin")
    .aggregate("analytics_session", measure="sessions", group_by="referrer_source", limit=10)
    .over("90d")
)
sources

# %% [markdown]
# And do they stay? `frame` gives a pandas DataFrame with proper types, so you can go on as you are used to.

# %%
stay = (
    wb.draft("table")
    .aggregate("analytics_session", measure="bounce_rate", group_by="referrer_medium")
    .over("90d")
    .frame()
    .rename(columns={"value": "bounce_rate"})
)
stay.sort_values("bounce_rate")

# %%
by_hour = wb.draft("line").series("analytics_event", precision="hour").over(14).frame()
by_hour.groupby(by_hour["date"].dt.hour)["value"].mean().round(1).rename("events in an average hour")

# %% [markdown]
# ## When you mistype
#
# An error says what is wrong and what is near. Take the `try` away to see how it looks in a cell.

# %%
try:
    wb.panel("Daily pageview")
except LookupError as error:
    print(error)

# %% [markdown]
# Next: [prototype a panel and pin it](02_prototype_and_pin.ipynb).
