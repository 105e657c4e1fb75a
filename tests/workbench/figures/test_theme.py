from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import workbench.ui
from workbench.figures.theme import DARK, LIGHT, SHAPE_CONTRAST, TEXT_CONTRAST, contrast, faded, theme, towards

THEMES = pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])

# Machado, Oliveira and Fernandes 2009, severity 1.0: protanopia, deuteranopia, tritanopia; in linear RGB.
SIGHT = {
    "normal": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TO_LMS = [
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
]
TO_OKLAB = [
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
]


def test_contrast_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@THEMES
def test_words_can_be_read_on_card_and_page(colours):
    assert contrast(colours.page, colours.accent) >= TEXT_CONTRAST  # on buttons
    for colour in (colours.text, colours.muted, colours.accent, *colours.status.values()):
        assert contrast(colour, colours.card) >= TEXT_CONTRAST
        assert contrast(colour, colours.page) >= TEXT_CONTRAST


@THEMES
def test_series_stand_out_from_the_card(colours):
    assert len(set(colours.palette)) == 10
    assert min(contrast(colour, colours.card) for colour in colours.palette) >= SHAPE_CONTRAST - 0.05


@THEMES
@pytest.mark.parametrize("sight", SIGHT)
def test_series_can_be_told_apart(colours, sight):
    seen = oklab(np.clip(linear(colours.palette) @ np.array(SIGHT[sight]).T, 0, 1))
    distances = np.linalg.norm(seen[:, None] - seen[None], axis=-1) + np.eye(10)
    assert distances.min() > 0.09  # about four times what can just be noticed


@given(st.from_regex(r"#[0-9a-f]{6}", fullmatch=True), st.sampled_from([LIGHT, DARK]))
def test_any_colour_becomes_readable(colour, colours):
    assert contrast(colours.readable(colour), colours.card) >= TEXT_CONTRAST


def test_a_readable_colour_stays():
    assert towards("#157347", "#000000", "#ffffff", TEXT_CONTRAST) == "#157347"


def test_colours_come_by_name_or_number_or_not_at_all():
    assert [LIGHT.colour(name) for name in ("red", "#ABCDEF", "javascript:alert(1)", None)] == [
        LIGHT.status["red"],
        "#abcdef",
        LIGHT.accent,
        LIGHT.accent,
    ]
    assert faded("#3b5bdb", 0.1) == "rgba(59,91,219,0.1)"
    assert (theme("dark"), theme("light"), theme(None)) == (DARK, LIGHT, LIGHT)


@THEMES
def test_streamlit_is_given_the_same_colours(colours):
    config = tomllib.loads((Path(workbench.ui.__file__).parent / ".streamlit" / "config.toml").read_text())
    given_ = config["theme"][colours.name]
    assert given_ == {
        "primaryColor": colours.accent,
        "backgroundColor": colours.card,
        "secondaryBackgroundColor": colours.page,
        "textColor": colours.text,
        "borderColor": colours.hairline,
        "dataframeBorderColor": colours.hairline,
        "dataframeHeaderBackgroundColor": colours.card,
        "chartCategoricalColors": list(colours.palette),
    }


def linear(palette):
    srgb = np.array([[int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)] for colour in palette])
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def oklab(rgb):
    return np.cbrt(rgb @ np.array(TO_LMS).T) @ np.array(TO_OKLAB).T
