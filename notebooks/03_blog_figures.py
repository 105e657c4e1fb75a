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
# # 3 · Figures for the blog
#
# A post needs a figure that explains itself: a title that says the finding, words for those who cannot see it, and the
# source of the numbers. And it must be the same figure tomorrow.

# %%
from pathlib import Path
from tempfile import mkdtemp

from workbench.notebook import wb

folder = Path(mkdtemp(prefix="figures-"))

# %% [markdown]
# ## Find the figure
#
# Of one shop: the three demo merchants are paid in three currencies, which do not add up.

# %%
revenue = (
    wb.draft("line", "Revenue by week")
    .series("sales_order", measure="revenue", precision="week")
    .where({"store.name": "Nordlicht Online"})
    .over("90d")
    .shown(format="currency", currency="EUR", y_axis="Revenue")
)
revenue

# %% [markdown]
# ## Find the finding
#
# A title should say what the reader sees. Let the data write it:

# %%
weeks = revenue.frame()
best = weeks.loc[weeks["value"].idxmax()]
title = f"Our best week began on {best['date']:%-d %B}"
title

# %% [markdown]
# ## Write the file
#
# HTML stands alone in one file, needs no internet, and follows the reader's light or dark scheme. The line under the
# figure says source, range and call.

# %%
page = revenue.save(folder / "revenue.html", title=title)
f"{page.name}: {page.stat().st_size / 1e6:.1f} MB"

# %% [markdown]
# The same answer gives the same bytes, so a post in version control changes only when a number does:

# %%
before = page.read_bytes()
revenue.save(page, title=title).read_bytes() == before

# %% [markdown]
# SVG and PNG are drawn by a Chromium on your machine. Where there is none, the message says how to get one.

# %%
from stats_core.errors import ExpectedError

try:
    print(revenue.save(folder / "revenue.svg", title=title, size="wide").name)
except ExpectedError as error:
    print(error)

# %% [markdown]
# ## Or take the Plotly figure
#
# `figure()` is a plain Plotly figure: change what you like.

# %%
figure = revenue.figure(height_px=300)
figure.update_layout(title=title, margin_t=48)

# %% [markdown]
# ## Numbers in the text
#
# A stored panel can stand in a post as a tag, such as `{{ panel panel_01… value }}`. `workbench publish` fills it in. Pin
# the figure to get its id:

# %%
stored = revenue.pin("Notebook prototypes", create=True)
print(f"{{{{ panel {stored.id} figure }}}}")

# %% [markdown]
# Next: [rollups and backfill in a script](04_rollups_and_backfill.ipynb).
