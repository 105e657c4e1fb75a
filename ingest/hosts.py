"""Hosts of websites: how they are written, and lists of them."""

from __future__ import annotations

from collections.abc import Collection


def bare_host(host: str) -> str:
    """A host as it is compared: lower case, without `www.` and port."""
    name = host.lower().removeprefix("www.")
    return name if name.startswith("[") else name.partition(":")[0]


def is_among(host: str, hosts: Collection[str]) -> bool:
    """Whether a host, as `bare_host` writes it, is in a list; `*.example.com` there is each one below `example.com`."""
    return host in hosts or any(f"*.{parent}" in hosts for parent in _parents(host))


def _parents(host: str) -> list[str]:
    """`a.b.c` → `b.c`, `c`."""
    labels = host.split(".")
    return [".".join(labels[place:]) for place in range(1, len(labels))]
