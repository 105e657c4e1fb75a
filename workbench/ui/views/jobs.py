"""Jobs: `/jobs`."""

from workbench.ui.jobs_page import jobs_page

jobs_page()
