import json


def test_a_click_shows_the_wrong_pictures_alone(report_page, ask_browser):
    shown = (
        "(document.getElementById('right-no').click(),"
        "[...new Set([...document.querySelectorAll('.gallery .card')]"
        ".filter(c => c.offsetHeight).map(c => c.dataset.right))])"
    )
    assert ask_browser(report_page, shown, 1280) == '["no"]'


def test_every_table_can_be_scrolled_save_the_bars_that_fit(report_page, ask_browser):
    outside = (
        "[...document.querySelectorAll('table:not(.bars)')]"
        ".filter(t => !t.closest('.scroll[tabindex]')).length"
    )
    assert ask_browser(report_page, outside, 400) == "0"


def test_what_a_bar_is_compared_with_is_also_said_in_words(report_page, ask_browser):
    silent = (
        "[...document.querySelectorAll('.track')].filter(t => t.querySelector('.mark')"
        " && !/real pictures \\d+.*tokenizer \\d+.*chance \\d+/.test("
        "t.nextElementSibling?.textContent)).length"
        " + '/' + (document.querySelectorAll('.mark.real').length > 10)"
    )
    assert ask_browser(report_page, silent, 1280) == '"0/true"'


def test_no_cell_of_the_confusions_is_empty(report_page, ask_browser):
    empty = (
        "[...document.querySelectorAll('.matrix tbody td')]"
        ".filter(cell => !cell.textContent.trim()).length"
    )
    assert ask_browser(report_page, empty, 1280) == "0"


def test_the_judges_own_figures_have_an_interval_and_a_number(report_page):
    assert (
        "<b>80\N{NO-BREAK SPACE}%</b> <small>70\N{EN DASH}90, n 20</small>"
        in report_page
    )


def test_what_the_curves_warn_of_stands_with_the_notes(report_page, ask_browser):
    notes = "[...document.querySelectorAll('.note')].map(note => note.innerText)"

    assert "It learns by heart." in json.loads(ask_browser(report_page, notes, 1280))
