"""Tokens: `/tokens`."""

from workbench.ui.tokens_page import tokens_page

tokens_page()
