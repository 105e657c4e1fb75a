"""`/jobs`: what the workbench does by itself, how that went, and a button to do it now."""

from __future__ import annotations

import streamlit as st

from stats_core.errors import Problem
from workbench.figures.html import error_html
from workbench.figures.text import html_text
from workbench.figures.views import ErrorView
from workbench.jobs import JOBS
from workbench.jobs.job import Job
from workbench.jobs.runs import Run, last_runs, record, run_job
from workbench.ui.admin import admin_bar, minute
from workbench.ui.person import platform_workbench

FAILED = "failed"


def jobs_page() -> None:
    """Draw the jobs."""
    workbench = platform_workbench()
    admin_bar("Jobs")
    last = last_runs(workbench.database)
    if not last:
        st.html('<p class="wb-notice">No job has run yet: start with --jobs, or have cron call workbench jobs run.</p>')
    for name, job in JOBS.items():
        _job(job, last.get(name))


def _job(job: Job, last: Run | None) -> None:
    with st.container(border=True, key=f"card_{job.name}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.html(_told(job, last), width="stretch")
            st.button("Run now", key=f"run_{job.name}", on_click=_run, args=(job,))
        if last is not None and last.outcome == FAILED:
            st.html(
                error_html(
                    ErrorView("The last run failed", (Problem("", last.detail, "The server's log may say more."),))
                )
            )


def _told(job: Job, last: Run | None) -> str:
    went = "none yet" if last is None else f"{minute(last.started_at)} UTC, {last.took.total_seconds():.1f} s"
    detail = f": {last.detail}" if last is not None and last.outcome != FAILED else ""
    return (
        f'<h2 class="wb-title">{html_text(job.name)} <span class="wb-note">{html_text(job.schedule)}</span></h2>'
        f"<p>{html_text(job.description)}</p>"
        f'<p class="wb-notice">Last run: {html_text(went + detail)}</p>'
    )


def _run(job: Job) -> None:
    """Asks again who is there; the run is written down as those of the timer are."""
    workbench = platform_workbench()
    done = run_job(job, workbench)
    record(workbench.database, done)
    st.session_state["toast"] = f"{job.name} {'failed' if done.outcome == FAILED else 'ran'}"
