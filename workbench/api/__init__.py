"""The HTTP API under `/admin`: routers over the services that the pages use too; no rule of its own."""

from workbench.api.app import create_api

__all__ = ["create_api"]
