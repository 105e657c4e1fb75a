"""Demo data: three invented merchants, their shops and websites, 200 days; the same for the same seed and moment."""

from workbench.demo.load import DAYS, SEED, DemoReport, load_demo

__all__ = ["DAYS", "SEED", "DemoReport", "load_demo"]
