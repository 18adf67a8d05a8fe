"""What holds of every page, whatever it shows."""

import json

import numpy as np
import pytest

WIDTHS = (400, 1280)
NUM_PICTURES = {
    "card_page": 12,
    "compare_page": 4,
    "experiment_page": 100,
    "gate_page": 0,
    "report_page": 20,
}


@pytest.fixture(params=NUM_PICTURES)
def name(request):
    return request.param


@pytest.fixture
def html(request, name):
    return request.getfixturevalue(name)


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_sticks_out_of_the_window(html, ask_browser, width):
    expression = "[innerWidth, document.documentElement.scrollWidth]"

    assert ask_browser(html, expression, width) == f"[{width},{width}]"


def test_every_picture_loads_without_a_network_and_has_a_description(
    html, name, ask_browser
):
    broken = (
        "[...document.images].filter(i => !i.naturalWidth || !i.alt).length"
        f" + '/' + (document.images.length >= {NUM_PICTURES[name]})"
    )
    assert ask_browser(html, broken, 1280) == '"0/true"'


def test_headings_go_down_one_level_at_a_time(html, ask_browser):
    levels = "[...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1])"
    found = json.loads(ask_browser(html, levels, 1280))

    assert found[0] == 1
    assert np.diff(found).max() == 1


def test_every_wide_table_can_be_scrolled_with_the_keyboard(html, ask_browser):
    stuck = (
        "[...document.querySelectorAll('.scroll')]"
        ".filter(s => s.tabIndex < 0 || !(s.ariaLabel"
        " || s.getAttribute('aria-labelledby'))).length"
    )
    assert ask_browser(html, stuck, 400) == "0"


def test_links_lead_to_sections_that_exist(html, ask_browser):
    lost = (
        "[...document.querySelectorAll('a[href^=\"#\"]')]"
        ".filter(a => !document.querySelector(a.hash)).map(a => a.hash)"
    )
    assert ask_browser(html, lost, 1280) == "[]"
