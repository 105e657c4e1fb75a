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
# # 2 · Prototype a panel and pin it
#
# A figure that turned out useful should not end in a notebook. Try it here until it says what you mean, then pin it to a
# dashboard, where everybody sees it.

# %%
from workbench.notebook import wb

# %% [markdown]
# ## In code
#
# The question: **which partners design most for us?** A draft is built step by step, and each step leaves the one before
# as it was, so you can try variants side by side.

# %%
designs = wb.draft("bar", "Designs by partner").aggregate("design", fn="count", group_by="partner.name", limit=10)
designs

# %% [markdown]
# Only what was approved, and a sentence for those who will see it on the dashboard:

# %%
approved = (
    designs.where(status="approved")
    .titled("Approved designs by partner")
    .shown(format="integer", description="Designs that passed review, by who drew them.")
)
approved

# %% [markdown]
# Pin it. The cell can run as often as you like: a panel of the same name is changed, not doubled.

# %%
pinned = approved.sized(width=8, height=6).pin("Notebook prototypes", create=True)
wb.dashboard("Notebook prototypes")

# %% [markdown]
# The dashboard's address is above; `make demo` or `workbench serve` shows it. The panel there and the draft here ask the
# same, so they share one entry of the cache:

# %%
pinned.asked.hash == approved.asked.hash

# %% [markdown]
# ## With the builder
#
# The same form as the app's editor, with a preview beside it. What does not validate is told at its field. Change
# something, press **Pin to dashboard**, and press it again after the next change: it stays one panel.

# %%
builder = wb.builder(pinned)
builder

# %% [markdown]
# *Copy as Python* gives the calls that make this panel, to keep in a script:

# %%
print(builder.as_python())

# %% [markdown]
# Without an argument, `wb.builder()` begins a new panel.
#
# Next: [figures for the blog](03_blog_figures.ipynb).
