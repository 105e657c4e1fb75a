"""The API put together: one FastAPI application with full paths, which the server mounts or which runs alone."""

from __future__ import annotations

from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from ingest.clients import Clients
from ingest.edits import EventEdits
from stats_core.access.tokens import Tokens
from stats_core.composition import Workbench
from workbench.api import errors
from workbench.api.analytics_events import events_router
from workbench.api.auth import TokenGate, bearer
from workbench.api.dashboards import dashboards_router
from workbench.api.methods import Manners, methods_of
from workbench.api.operations import operations_router
from workbench.api.panels import panels_router
from workbench.api.reading import SizeLimit
from workbench.api.reference import POLICY, reference_page
from workbench.attempts import Attempts

OPENAPI, REFERENCE = "/admin/openapi.json", "/admin/docs"
ABOUT = """Everything that the screens can do, for scripts.

Send `Authorization: Bearer TOKEN`; `workbench token create` makes one. A token of a merchant sees and changes what
belongs to that merchant. Errors are `{"errors": [{path?, message, hint?}]}`, lists `{items, total, limit, offset}`."""


def create_api(workbench: Workbench, *, tokens: Tokens | None = None, attempts: Attempts | None = None) -> FastAPI:
    """The ASGI application that answers under `/admin`.

    Args:
        workbench: What it serves.
        tokens: Those that the pages of this process know too.
        attempts: Counts what failed at the pages too.
    """
    gate = Middleware(
        TokenGate,
        tokens=tokens or Tokens(workbench.database, workbench.clock),
        attempts=attempts or Attempts(workbench.clock),
        clients=Clients(workbench.settings.trusted_proxies),
        public=(OPENAPI, REFERENCE),
    )
    app = FastAPI(
        title="Workbench",
        version="1",
        description=ABOUT,
        openapi_url=OPENAPI,
        docs_url=None,  # FastAPI's page loads its scripts from elsewhere; ours is REFERENCE
        redoc_url=None,
        redirect_slashes=False,  # a redirect would name the host that the client claims
        dependencies=[Depends(bearer)],
        generate_unique_id_function=_operation_id,
    )
    errors.install(app)
    routers = (
        dashboards_router(workbench.dashboards),
        panels_router(workbench.dashboards, workbench.resolver),
        operations_router(workbench.registry),
        events_router(EventEdits(workbench.database, workbench.clock)),
    )
    for router in routers:
        app.include_router(router)

    @app.get(REFERENCE, include_in_schema=False)
    def reference(_request: Request) -> Response:
        return HTMLResponse(reference_page(app.openapi()), headers={"content-security-policy": POLICY})

    routes = [*app.routes, *(route for router in routers for route in router.routes)]
    app.user_middleware = [
        Middleware(Manners, methods=methods_of(routes)),
        gate,
        Middleware(SizeLimit),
    ]
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name
