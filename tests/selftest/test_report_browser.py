"""The page works in a browser: no error, filters, evidence of a cell by mouse and by keyboard, no overflow."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.selftest.run_records import (
    BOUND,
    COLLAPSE,
    FALLS,
    LOST,
    STILL,
    content_of,
    failed,
    header,
    not_judged,
    of_release,
    write,
)
from tests.support import check
from tests.tools.compare import steps
from tests.tools.report import measured
from tests.tools.report import page as report_page

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed", exc_type=ImportError)

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
UNJUDGED = "two-samples"
LONG = "object-shrinks-to-one-pixel-and-goes"
LONG_WORD = "a-word-without-any-place-to-break-it" * 8
# Elements whose text is wider than they are, and that do not scroll.
OVERFLOWING = """() => [...document.querySelectorAll("body, body *:not(svg *)")]
    .filter((one) => one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0)
    .filter((one) => !["auto", "scroll"].includes(getComputedStyle(one).overflowX))
    .filter((one) => !["inline", "contents"].includes(getComputedStyle(one).display))
    .filter((one) => !one.closest(".scroll") && !one.matches("select, input, option"))
    .map((one) => one.tagName + "." + one.className + " " + one.textContent.trim().slice(0, 60))"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    found = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if found is None:
        pytest.skip(f"there is no browser on PATH: looked for {', '.join(BROWSERS)}")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("records")
    for release in ("0.19.2", "1.9.1"):
        told = of_release(release)
        if release == "1.9.1":
            told += [failed(BOUND, LONG, FALLS._replace(seen=LONG_WORD)), not_judged(BOUND, UNJUDGED, LONG_WORD)]
        write(folder / f"sklearn-{release}.xml", told, header(release))
    place = folder / "report.html"
    content = replace(content_of(folder, LOST, STILL), course=measured.course_of(steps.read()))
    place.write_text(report_page.render(content), encoding="utf-8")
    return place.as_uri()


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    said: list[str] = []
    opened = browser.new_page(viewport={"width": 1440, "height": 900})
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on(
        "request", lambda request: said.append(request.url) if not request.url.startswith(("file", "data")) else None
    )
    opened.goto(address)
    yield opened
    opened.close()
    assert said == []


def cell(page: Any, case: str, release: int) -> Any:
    """The button of a case with the release of a column, from 1."""
    return page.locator(f"tr:has(a[href='#case-{case}']) td:nth-of-type({release}) button")


def shown(page: Any) -> list[str]:
    """Names of the cases that the matrix shows."""
    return page.locator(".matrix tbody tr:visible th").all_inner_texts()


def test_a_cell_opens_what_was_seen(page: Any) -> None:
    cell(page, LOST, 2).click()
    dialog = page.locator("#evidence")
    assert dialog.is_visible()
    text = dialog.inner_text()
    assert f"{LOST}, scikit-learn 1.9.1" in text
    assert check.every()[COLLAPSE].promise in text
    assert check.every()[COLLAPSE].headline in text
    assert "component 10 is empty: no responsibility mass is left" in text
    assert "component-collapses-to-origin" in text
    assert dialog.locator("a", has_text="#12099").get_attribute("href").endswith("/issues/12099")


def test_a_cell_that_is_not_judged_says_why(page: Any) -> None:
    assert cell(page, UNJUDGED, 2).get_attribute("aria-label") == "not judged"
    cell(page, UNJUDGED, 2).click()
    text = page.locator("#evidence").inner_text()
    assert "1 checks: 1 not judged" in text
    assert LONG_WORD in text


def test_a_healthy_cell_says_that_there_is_nothing_to_see(page: Any) -> None:
    page.locator("select[name=promise]").select_option("test_collapse")
    cell(page, STILL, 2).click()
    text = page.locator("#evidence").inner_text()
    assert "every check passes" in text
    assert "2 iterations, converged, lower bound -7.25" in text


@pytest.mark.parametrize(
    ("name", "value", "within", "beyond"),
    [
        ("flag", "object-leaves", LOST, STILL),
        ("covariance type", "tied", "object-leaves-tied", LOST),
        ("dtype", "float32", "object-leaves-float32", LOST),
        ("state", "n", LONG, LOST),
    ],
)
def test_a_filter_leaves_what_it_says(page: Any, name: str, value: str, within: str, beyond: str) -> None:
    every = len(shown(page))
    page.locator(f"select[name='{name}']").select_option(value)
    names = shown(page)
    assert within in names
    assert beyond not in names
    assert page.locator("#shown").inner_text() == f"{len(names)} of {every} cases"
    assert not page.locator(f"#case-{beyond}").is_visible()
    page.locator("#filters button[type=reset]").click()
    page.get_by_text(f"{every} of {every} cases").wait_for()
    assert len(shown(page)) == every


def test_a_promise_shows_its_checks_alone(page: Any) -> None:
    assert cell(page, LOST, 2).get_attribute("aria-label") == "known defect"
    page.locator("select[name=promise]").select_option("test_likelihood")
    assert cell(page, LOST, 2).get_attribute("aria-label") == "fixed"
    promised = page.locator("#promised").inner_text()
    assert BOUND in promised
    assert check.every()[BOUND].promise in promised
    assert COLLAPSE not in promised
    cell(page, LOST, 2).click()
    assert COLLAPSE not in page.locator("#evidence").inner_text()


def test_a_name_that_no_case_has_is_said(page: Any) -> None:
    page.locator("input[name=name]").fill("no such case")
    assert shown(page) == []
    assert page.locator("#none").is_visible()


def test_the_keyboard_does_what_the_mouse_does(page: Any) -> None:
    page.locator(".matrix tbody button").first.focus()
    for key in ("ArrowDown", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    dialog = page.locator("#evidence")
    second = page.locator(".matrix tbody th").nth(1).inner_text()
    assert dialog.locator("h2").inner_text() == f"{second}, scikit-learn 1.9.1"
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert page.evaluate("document.activeElement.closest('tr').rowIndex") == 2
    assert page.locator(".matrix td button[tabindex='0']").count() == 1


def test_a_link_to_a_case_opens_it(page: Any) -> None:
    page.locator(f".matrix a[href='#case-{LOST}']").click()
    page.locator(f"#case-{LOST} svg").first.wait_for(state="visible")


@pytest.mark.parametrize("width", [375, 1440])
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_no_text_overflows(page: Any, width: int, colours: str) -> None:
    page.emulate_media(color_scheme=colours)
    page.set_viewport_size({"width": width, "height": 800})
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert page.evaluate(OVERFLOWING) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    cell(page, LONG, 2).click()
    assert page.evaluate(OVERFLOWING) == []
    page.keyboard.press("Escape")
