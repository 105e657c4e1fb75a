"""Add 1 to the counter in the only dashboard, so many times: `increment.py URL TIMES`."""

import sys

from sqlalchemy import select

from stats_core.database import Database
from stats_core.models import StatsDashboard

url, times = sys.argv[1], int(sys.argv[2])
with Database(url) as database:
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    for _ in range(times):
        with database.write() as session:
            dashboard = session.scalars(select(StatsDashboard).with_for_update()).one()
            dashboard.metadata_ = {"counter": dashboard.metadata_["counter"] + 1}
