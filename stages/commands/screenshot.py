"""Take the README's picture of the page with Debian's Chromium: `python -m stages.commands screenshot`."""

import io
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from stages.base.errors import StageError
from stages.base.files import replacing, require_file

PAGE, PICTURE = Path("data/page/index.html"), Path("plots/page.png")
CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")  # where Debian's packages put them
SHOWN, POINT = "digits-umbrella_labels", (92, -112)  # which prior, and where the pointer is: pixels from the middle
SIZE, COLOURS = (1120, 1240), 256  # pixels of the window, colours of the palette


def main() -> None:
    if not (CHROMIUM.is_file() and DRIVER.is_file()):
        raise StageError(f"there is no {CHROMIUM} with {DRIVER}, which take the picture: install them")
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for option in ("headless=new", "no-sandbox", "disable-gpu", "hide-scrollbars", f"window-size={SIZE[0]},{SIZE[1]}"):
        options.add_argument(f"--{option}")
    with TemporaryDirectory() as folder, webdriver.Chrome(options=options, service=Service(str(DRIVER))) as driver:
        copy = Path(shutil.copy(require_file(PAGE), folder))  # the page itself may be a link into the cache
        driver.get(f"{copy.as_uri()}#{SHOWN}")
        wait = WebDriverWait(driver, 60)
        wait.until(lambda _: driver.execute_script("return document.querySelector('#digits').dataset.milliseconds"))
        plane = driver.find_element(By.ID, "plane")
        webdriver.ActionChains(driver).move_to_element_with_offset(plane, *POINT).pause(1).perform()
        taken = Image.open(io.BytesIO(driver.get_screenshot_as_png()))
    with replacing(PICTURE) as part:
        taken.convert("RGB").quantize(COLOURS).save(part, optimize=True)
    print(f"{PICTURE} has {PICTURE.stat().st_size / 1000:.0f} kB")
