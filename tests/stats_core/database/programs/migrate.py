"""Open the database, migrate it and print what was applied: `migrate.py URL`."""

import sys

from stats_core.database import Database
from stats_core.database.schema import migrate

sys.stdout.write("ready\n")
sys.stdout.flush()
sys.stdin.readline()
with Database(sys.argv[1]) as database:
    sys.stdout.write(",".join(migrate(database)))
