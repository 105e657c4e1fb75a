"""Tests of numbers: `def test_site(wb): assert wb.panel("Visitors").value > 0`, with pytest.

The fixture `wb` comes with the plugin `workbench.pytest_plugin`; the functions here say what went wrong in words.
"""

from workbench.testing.asked import AskedPanel, Questions
from workbench.testing.claims import adds_up, not_empty, within

__all__ = ["AskedPanel", "Questions", "adds_up", "not_empty", "within"]
