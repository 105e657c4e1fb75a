"""Entry of the app: `streamlit run workbench/ui/app.py`, or mounted by `workbench serve`."""

from workbench.ui.shell import run

run()
