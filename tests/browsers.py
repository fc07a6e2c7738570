"""A real browser that opens files from disk, where the machine has one."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from stages.commands.screenshot import CHROMIUM, DRIVER

OPTIONS = """
    headless=new no-sandbox disable-gpu no-first-run disable-background-networking disable-component-update disable-sync
"""


@contextmanager
def browser(width: int = 1440, height: int = 900) -> Iterator[webdriver.Chrome]:
    """A Chromium with a profile of its own and its logs on. Skips the test where there is none."""
    if not (CHROMIUM.is_file() and DRIVER.is_file()):
        pytest.skip(f"there is no {CHROMIUM} with {DRIVER}: apt-get install chromium chromium-driver")
    with TemporaryDirectory() as profile:
        options = webdriver.ChromeOptions()
        options.binary_location = str(CHROMIUM)
        for option in (*OPTIONS.split(), f"user-data-dir={profile}", f"window-size={width},{height}"):
            options.add_argument(f"--{option}")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
        driver.set_script_timeout(120)
        try:
            yield driver
        finally:
            driver.quit()


def errors(driver: webdriver.Chrome) -> list[str]:
    """What failed in the page since the last call; Vega warns of much that is no fault."""
    return [entry["message"] for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]


def requests(driver: webdriver.Chrome) -> set[str]:
    """Addresses that files from disk asked for, themselves included, since the last call."""
    messages = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    sent = [message for message in messages if message["method"] == "Network.requestWillBeSent"]
    return {each["params"]["request"]["url"] for each in sent if each["params"]["documentURL"].startswith("file:")}


def run(driver: webdriver.Chrome, script: str, *values: Any) -> Any:
    """The result of an asynchronous function's body, called with `values` as `values`."""
    code = "const done = arguments[arguments.length - 1], values = [...arguments].slice(0, -1);"
    code += f"(async () => {{ {script} }})().then(done, (error) => done({{ failed: String(error) }}));"
    result = driver.execute_async_script(code, *values)
    assert not (isinstance(result, dict) and "failed" in result), result
    return result
