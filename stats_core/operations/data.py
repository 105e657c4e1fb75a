"""The data operations: one file each, one line here."""

from __future__ import annotations

from typing import Any, Final

from stats_core.operations.aggregate_data import AGGREGATE_DATA
from stats_core.operations.product_analytics import AGGREGATE_PRODUCT_ANALYTICS
from stats_core.operations.read_data import READ_DATA
from stats_core.operations.registry import Operation
from stats_core.operations.time_series import TIME_SERIES

DATA_OPERATIONS: Final[tuple[Operation[Any], ...]] = (
    READ_DATA,
    AGGREGATE_DATA,
    TIME_SERIES,
    AGGREGATE_PRODUCT_ANALYTICS,
)
