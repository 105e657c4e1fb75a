"""`workbench serve`: what it refuses. That it serves is shown in tests/workbench/test_server.py."""

from __future__ import annotations

import socket


def test_a_taken_port_is_one_readable_line(workbench, sqlite_database):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        answer = workbench("serve", "--port", port, "--database", sqlite_database.url)
    assert (answer.code, answer.out) == (2, "")
    said = f"Cannot listen on 127.0.0.1:{port}: Address already in use."
    assert answer.err == f"error: {said} Choose another with --port, or stop what uses it.\n"


def test_tables_of_another_version_are_refused(workbench, sqlite_database):
    with sqlite_database.write() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    answer = workbench("serve", "--port", 0, "--database", sqlite_database.url)
    assert (answer.code, answer.out) == (2, "")
    assert "is at revision 0000" in answer.err
