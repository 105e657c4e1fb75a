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
# # 6 · From a question to a dashboard
#
# The question: **which of our pages do people read, and who sends them?** We have no tracking yet, only the log of a web
# server. That is enough to begin.
#
# Set `ACCESS_LOG` to a log of your own, in Apache's or nginx's common or combined format; `.gz` and `.zst` are read too.
# Without one, this notebook writes a small made-up log, so that you can follow.

# %%
import os
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp


def made_up_log(folder: Path) -> Path:
    """Four days of a small blog: readers, a few bots, and the pictures and styles that a page asks for."""
    drawn = random.Random(6)
    agents = [
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    ]
    pages = ["/", "/posts/sourdough", "/posts/rye", "/posts/starter", "/about", "/style.css", "/loaf.jpg"]
    came_from = ["-", "https://www.google.com/", "https://news.ycombinator.com/", "https://duckduckgo.com/"]
    at, lines = datetime(2026, 3, 2, 6, tzinfo=UTC), []
    for _ in range(1500):
        at += timedelta(seconds=drawn.randint(20, 400))
        page, agent = drawn.choices(pages, (4, 6, 3, 2, 1, 3, 3))[0], drawn.choices(agents, (5, 3, 2))[0]
        address, referrer = f"203.0.113.{drawn.randint(1, 120)}", drawn.choices(came_from, (5, 4, 2, 1))[0]
        lines.append(
            f'{address} - - [{at:%d/%b/%Y:%H:%M:%S +0000}] "GET {page} HTTP/1.1" 200 512 "{referrer}" "{agent}"'
        )
    file = folder / "access.log"
    file.write_text("\n".join(lines) + "\n")
    return file


log = Path(os.environ["ACCESS_LOG"]) if "ACCESS_LOG" in os.environ else made_up_log(Path(mkdtemp(prefix="log-")))
print(log.name)

# %% [markdown]
# ## Read the log
#
# A website keeps its traffic apart from that of others. Importing a log again, or one that has grown, adds only what is
# new: this cell can run twice.

# %%
from ingest.log_import import ImportOptions, import_logs
from stats_core.traffic.rollups import roll_up_days
from stats_core.traffic.websites import add_website, list_websites

from workbench.notebook import wb

bench, site = wb.workbench, "site_from_log"
if site not in {website.id for website in list_websites(bench.database)}:
    add_website(bench.database, "log.example", website_id=site, name="From the log")
report = import_logs(bench.database, site, [str(log)], secret=bench.settings.secret(), options=ImportOptions())
roll_up_days(bench.database, report.days, clock=bench.clock)
print(f"{report.lines:,} lines: {report.stored:,} pages that people saw, {report.duplicates:,} known already")

# %% [markdown]
# Most lines of a log are no visits. Nothing is dropped in silence; every line is counted under a reason:

# %%
for reason, count in sorted(report.left_out.items(), key=lambda item: -item[1]):
    print(f"{count:>6,}  {reason.description}")

# %% [markdown]
# ## When was that?
#
# The log has its own days. We keep them, and ask everything of this website in this range.

# %%
first = wb.draft("metric").aggregate("analytics_event", fn="min", field="timestamp", filters={"website_id": site})
last = wb.draft("metric").aggregate("analytics_event", fn="max", field="timestamp", filters={"website_id": site})
days = {"from": first.value[:10], "to": last.value[:10]}
days

# %%
hours = (
    wb.draft("area", "Pageviews by hour")
    .series("analytics_event", measure="pageviews", precision="hour", range=days)
    .where(website_id=site)
)
hours

# %% [markdown]
# ## Which pages?

# %%
pages = (
    wb.draft("list", "Pages by visitors")
    .aggregate("analytics_event", measure="visitors", group_by="pathname", limit=10, range=days)
    .where(website_id=site)
)
pages

# %% [markdown]
# ## Who sends them?

# %%
sources = (
    wb.draft("bar", "Visits by source")
    .aggregate("analytics_session", measure="sessions", group_by="referrer_source", limit=8, range=days)
    .where(website_id=site)
)
sources

# %% [markdown]
# Do those who come from somewhere read on? A table of two measures, put together in pandas:

# %%
question = {
    "entity": "analytics_session",
    "group_by": "referrer_medium",
    "range": days,
    "filters": {"website_id": site},
}
visits = wb.draft("table").aggregate(**question, measure="sessions").frame().rename(columns={"value": "visits"})
depth = wb.draft("table").aggregate(**question, measure="pages_per_session").frame().rename(columns={"value": "pages"})
visits.merge(depth, on="referrer_medium").round({"pages": 2})

# %% [markdown]
# ## Make it a dashboard
#
# What answered the question goes where everybody finds it. A label says what it is about.

# %%
name = "What people read"
about = wb.draft("label", "About", text="Pages and sources **from the web server's log**, without bots and assets.")
about.sized(12, 2).pin(name, create=True)
hours.sized(12, 6).pin(name)
pages.sized(6, 7).pin(name)
sources.sized(6, 7).pin(name)
wb.dashboard(name)

# %% [markdown]
# The link above opens it in the app, while `make demo` or `workbench serve` runs. The question was answered in a notebook; the answer now keeps itself up to date.
