"""The three dashboards that a new workbench has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from stats_core.panels.dashboard import Dashboard
from stats_core.panels.dashboards import Dashboards
from stats_core.panels.display import Display
from stats_core.panels.panel import PanelSpec

BUSINESS_TTL_S: Final = 300
TRAFFIC_TTL_S: Final = 60
RANGE: Final = {"$var": "range"}
OF_WEBSITE: Final = {"website_id": {"$var": "website"}}
VARIABLES: Final = {
    "range": {"type": "range", "label": "Range", "default": {"preset": "30d"}},
    "website": {"type": "website", "label": "Website", "default": None},
}


@dataclass(frozen=True, slots=True)
class Seed:
    """A dashboard to be made."""

    name: str
    description: str
    icon: str
    variables: tuple[str, ...]
    panels: tuple[PanelSpec, ...] = field(repr=False)

    @property
    def metadata(self) -> dict[str, Any]:
        """As it is stored."""
        return {"variables": {name: VARIABLES[name] for name in self.variables}, "timezone": None}


def seed(dashboards: Dashboards) -> list[Dashboard]:
    """Make those of SEEDS whose name no dashboard has; gives the ones that were made."""
    made = (
        dashboards.ensure(
            item.name,
            description=item.description,
            icon=item.icon,
            metadata=item.metadata,
            panels=item.panels,
        )
        for item in SEEDS
    )
    return [dashboard for dashboard in made if dashboard is not None]


def _total(name: str, entity: str, *, box: tuple[int, int, int, int], display: Display, **options: Any) -> PanelSpec:
    """How many rows an entity has."""
    x, y, width, height = box
    return PanelSpec(
        name=name,
        type="metric",
        x=x,
        y=y,
        width=width,
        height=height,
        operation_type="aggregate_data",
        operation_options={"entity": entity, "aggregate": {"fn": "count"}, **options},
        display=display,
        cache_ttl_seconds=BUSINESS_TTL_S,
    )


def _by_status(name: str, entity: str, *, box: tuple[int, int, int, int], display: Display) -> PanelSpec:
    """How many rows an entity has of each status."""
    total = _total(name, entity, box=box, display=display, group_by="status")
    return total.model_copy(update={"type": "bar"})


def _traffic_metric(name: str, entity: str, measure: str, *, x: int, display: Display) -> PanelSpec:
    """A measure of the chosen website and range."""
    return PanelSpec(
        name=name,
        type="metric",
        x=x,
        y=0,
        width=4,
        height=3,
        operation_type="aggregate_data",
        operation_options={
            "entity": entity,
            "aggregate": {"measure": measure},
            "filters": OF_WEBSITE,
            "range": RANGE,
        },
        display=display,
        cache_ttl_seconds=TRAFFIC_TTL_S,
    )


_OVERVIEW = Seed(
    name="JYT Overview",
    description="Partners, designs and orders at a glance, and the visits of all websites.",
    icon="dashboard",
    variables=("range",),
    panels=(
        _total(
            "Total partners",
            "partner",
            box=(0, 0, 4, 3),
            display=Display(label="partners", format="integer", description="Partners of every status."),
        ),
        _total(
            "Total designs",
            "design",
            box=(4, 0, 4, 3),
            display=Display(label="designs", format="integer", description="Designs of every status."),
        ),
        _total(
            "Total orders",
            "sales_order",
            box=(8, 0, 4, 3),
            display=Display(label="orders", format="integer", description="Orders of every status, refunded ones too."),
        ),
        _by_status(
            "Partners by status",
            "partner",
            box=(0, 3, 4, 6),
            display=Display(
                format="integer",
                x_axis="Status",
                y_axis="Partners",
                alt_text="Bar chart of the number of partners in each status, the most frequent first.",
            ),
        ),
        _by_status(
            "Designs by status",
            "design",
            box=(4, 3, 4, 6),
            display=Display(
                format="integer",
                x_axis="Status",
                y_axis="Designs",
                alt_text="Bar chart of the number of designs in each status, the most frequent first.",
            ),
        ),
        _by_status(
            "Orders by status",
            "sales_order",
            box=(8, 3, 4, 6),
            display=Display(
                format="integer",
                x_axis="Status",
                y_axis="Orders",
                alt_text="Bar chart of the number of orders in each status, the most frequent first.",
            ),
        ),
        PanelSpec(
            name="Daily sessions",
            type="area",
            x=0,
            y=9,
            width=12,
            height=6,
            operation_type="time_series",
            operation_options={
                "entity": "analytics_daily_stats",
                "date_field": "date",
                "aggregate": {"measure": "sessions"},
                "precision": "day",
                "range": RANGE,
            },
            display=Display(
                format="integer",
                y_axis="Sessions",
                description="Visits to all websites, each on the day it started.",
                alt_text="Area chart of sessions per day on all websites over the chosen range.",
            ),
            cache_ttl_seconds=BUSINESS_TTL_S,
        ),
    ),
)

_PRODUCTION = Seed(
    name="Partners & Production",
    description="Who produces for us, and what is being made.",
    icon="factory",
    variables=("range",),
    panels=(
        _total(
            "Verified partners",
            "partner",
            box=(0, 0, 3, 3),
            display=Display(label="partners", format="integer", description="Partners who passed verification."),
            filters={"verified": True},
        ),
        _total(
            "Production runs",
            "production_run",
            box=(0, 3, 3, 3),
            display=Display(label="runs", format="integer", description="Runs of every status."),
        ),
        _by_status(
            "Runs by status",
            "production_run",
            box=(3, 0, 9, 6),
            display=Display(
                format="integer",
                x_axis="Status",
                y_axis="Runs",
                alt_text="Bar chart of the number of production runs in each status, the most frequent first.",
            ),
        ),
        PanelSpec(
            name="Runs per day",
            type="line",
            x=0,
            y=6,
            width=12,
            height=6,
            operation_type="time_series",
            operation_options={
                "entity": "production_run",
                "date_field": "created_at",
                "aggregate": {"fn": "count"},
                "precision": "day",
                "range": RANGE,
            },
            display=Display(
                format="integer",
                y_axis="Runs",
                description="Production runs by the day they were created.",
                alt_text="Line chart of production runs created per day over the chosen range.",
            ),
            cache_ttl_seconds=BUSINESS_TTL_S,
        ),
    ),
)

_TRAFFIC = Seed(
    name="Website Traffic",
    description="Who came to a website, and what they did there.",
    icon="show_chart",
    variables=("website", "range"),
    panels=(
        _traffic_metric(
            "Visitors",
            "analytics_event",
            "visitors",
            x=0,
            display=Display(label="visitors", format="compact", description="Different visitors in the chosen range."),
        ),
        _traffic_metric(
            "Pageviews",
            "analytics_event",
            "pageviews",
            x=4,
            display=Display(label="pageviews", format="compact", description="Pages shown in the chosen range."),
        ),
        _traffic_metric(
            "Bounce rate",
            "analytics_session",
            "bounce_rate",
            x=8,
            display=Display(
                label="of sessions",
                format="percent",
                decimals=1,
                description="Share of sessions with exactly one pageview and no custom event.",
            ),
        ),
        PanelSpec(
            name="Daily pageviews",
            type="bar",
            x=0,
            y=3,
            width=6,
            height=6,
            operation_type="time_series",
            operation_options={
                "entity": "analytics_daily_stats",
                "date_field": "date",
                "aggregate": {"measure": "pageviews"},
                "filters": OF_WEBSITE,
                "precision": "day",
                "range": RANGE,
            },
            display=Display(
                format="compact",
                y_axis="Pageviews",
                description="Pages shown, by day in the website's time zone.",
                alt_text="Bar chart of pageviews per day over the chosen range.",
            ),
            cache_ttl_seconds=TRAFFIC_TTL_S,
        ),
        PanelSpec(
            name="Daily sessions",
            type="area",
            x=6,
            y=3,
            width=6,
            height=6,
            operation_type="time_series",
            operation_options={
                "entity": "analytics_daily_stats",
                "date_field": "date",
                "aggregate": {"measure": "sessions"},
                "filters": OF_WEBSITE,
                "precision": "day",
                "range": RANGE,
            },
            display=Display(
                format="compact",
                y_axis="Sessions",
                description="Visits, each on the day it started in the website's time zone.",
                alt_text="Area chart of sessions per day over the chosen range.",
            ),
            cache_ttl_seconds=TRAFFIC_TTL_S,
        ),
    ),
)

SEEDS: Final = (_OVERVIEW, _PRODUCTION, _TRAFFIC)
