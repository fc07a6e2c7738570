"""The page in a real browser: that of the small pipeline, and the real one where it was built."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By

from stages.__main__ import STAGES, dispatch
from stages.aae.faces import FaceAAE
from stages.aae.inference import decode
from stages.aae.networks import AAE
from stages.aae.semi import SemiAAE
from stages.base.people import first_images
from stages.base.tables import Images, Latents
from stages.learning.weights import load_weights
from tests.browsers import browser, errors, requests, run
from tests.pipelines import read_yaml

PAGE = "data/page/index.html"
# all bytes of a canvas's pixels but their opacity
PIXELS = """
    const canvas = document.querySelector(values[0]);
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return [...data].filter((_, k) => k % 4 < 3);
"""
READY = "return document.documentElement.dataset.ready"


@pytest.fixture(scope="module", params=["small", "real"])
def root(request, project) -> Path:
    """The folder of a pipeline whose page was built."""
    folder = request.getfixturevalue("small") if request.param == "small" else project
    if not (folder / PAGE).is_file():
        pytest.skip(f"there is no {PAGE} of the real data: dvc repro builds it")
    return folder


@pytest.fixture(scope="module")
def address(root, tmp_path_factory) -> str:
    """Where the page lies; a copy where it is a link into the cache, whose names tell no browser what a file is."""
    page = root / PAGE
    return Path(shutil.copy(page, tmp_path_factory.mktemp("page")) if page.is_symlink() else page).absolute().as_uri()


@pytest.fixture(scope="module")
def page(address) -> Chrome:
    with browser() as driver:
        open_page(driver, address)
        yield driver


@pytest.fixture(scope="module")
def facts(page) -> dict:
    return run(page, "return facts")


def open_page(driver: Chrome, address: str) -> None:
    driver.get(address)
    wait(driver, READY)
    wait(driver, "return document.querySelector('#digits').dataset.milliseconds")


def wait(driver: Chrome, condition: str) -> None:
    script = f"const look = () => {{ {condition} }}; while (!look()) await new Promise((go) => setTimeout(go, 20))"
    run(driver, f"{script}; return true")


def pixels(driver: Chrome, selector: str) -> np.ndarray:
    """Bytes of a canvas: all its pixels' colours, row by row."""
    return np.array(run(driver, PIXELS, selector), int)


def show(driver: Chrome, section: str, condition: str) -> None:
    """Scroll to a part of the page, and wait until it is there."""
    driver.execute_script(f"document.querySelector('{section}').scrollIntoView()")
    wait(driver, f"return {condition}")


def people_of(root: Path) -> tuple[FaceAAE, dict[str, np.ndarray]]:
    """The model of faces that the page shows, and the code of each held-out person's first image by name."""
    name = read_yaml(root / "params.yaml")["page"]["faces"]
    data = Images.read(root / "data/faces/faces.npz")
    latents = Latents.read(root / f"data/latents/faces/{name}.npz")
    rows = [row for row in first_images(data) if data.split[row] == "held_out"]
    codes = {data.names[data.labels[row]].replace("_", " "): latents.codes[row] for row in rows}
    return load_weights(FaceAAE, root / f"data/models/faces/{name}.safetensors"), codes


def test_it_opens_without_an_error_and_asks_nothing_of_anybody(address):
    with browser() as driver:
        open_page(driver, address)
        for section in ("semi", "faces", "transfer", "run"):
            driver.execute_script(f"document.querySelector('#{section}').scrollIntoView()")
            run(driver, "await new Promise((go) => setTimeout(go, 700)); return true")
        assert errors(driver) == []
        assert {asked for asked in requests(driver) if not asked.startswith(("data:", "blob:"))} == {address}


def test_the_same_results_are_the_same_bytes(own_small, monkeypatch):
    monkeypatch.chdir(own_small)
    page = own_small / PAGE
    before = page.read_bytes()
    page.unlink()
    dispatch("stages", STAGES, "stage", ["build_page"])
    assert page.read_bytes() == before


def test_what_it_decodes_is_what_torch_decodes(root, page, facts):
    random = np.random.default_rng(0)
    models = [(f"digits-{each['name']}", AAE, 1, each["extent"]) for each in facts["digits"]]
    models += [(f"semi-{each['name']}", SemiAAE, 1, each["std"]) for each in facts["semi"]]
    for name, kind, bound, width in models:
        aae = load_weights(kind, root / f"data/models/{name.replace('-', '/')}.safetensors")
        if kind is AAE:
            codes = random.uniform(-width, width, (20, aae.prior.dim))
        else:
            heads = np.eye(aae.classes)[np.arange(20) % aae.classes]
            codes = np.concatenate([heads, width * random.normal(size=(20, aae.style.dim))], 1)
        compare(page, name, aae, codes, bound)
    aae, known = people_of(root)
    real = np.stack([*known.values()])[:10]
    drawn = random.normal(size=(20 - len(real), real.shape[1]))
    compare(page, "faces", aae, np.concatenate([real, drawn]), 2)


def compare(driver: Chrome, name: str, aae, codes: np.ndarray, bound: float) -> None:
    """The page's images are those of torch within so many 255ths."""
    codes = codes.astype(np.float32)
    script = "return [...(await decode(values[0], values[1].flat(), values[1].length)).images]"
    images = np.array(run(driver, script, name, codes.tolist()))
    expected = decode(aae, codes).transpose(0, 3, 1, 2)
    difference = 255 * np.abs(images.reshape(expected.shape) - expected).max()
    print(f"{name}: at most {difference:.2f} / 255")
    assert difference <= bound, name


def test_moving_the_pointer_changes_the_picture_and_switching_the_prior_too(page, facts):
    plane = page.find_element(By.ID, "plane")
    page.execute_script("arguments[0].scrollIntoView({ block: 'center' })", plane)
    seen = []
    for x, y in ((-150, -100), (120, 90), (0, 200)):
        ActionChains(page).move_to_element_with_offset(plane, x, y).perform()
        run(page, "await new Promise((go) => setTimeout(go, 150)); return true")
        seen.append(pixels(page, "#decoded"))
    assert np.abs(seen[0] - seen[1]).max() > 10
    assert np.abs(seen[1] - seen[2]).max() > 10
    where = page.find_element(By.ID, "at").text
    page.find_element(By.CSS_SELECTOR, f"#priors [data-value={facts['digits'][-1]['name']}]").click()
    wait(page, f"return document.querySelector('#at').textContent !== '{where}'")
    page.find_element(By.CSS_SELECTOR, f"#priors [data-value={facts['digits'][0]['name']}]").click()


def test_hidden_digits_are_nobodys_neighbours(page, facts):
    for digit in range(1, len(facts["names"])):
        page.find_element(By.CSS_SELECTOR, f"#legend [data-value='{digit}']").click()
    captions = set()
    for key in (Keys.ARROW_LEFT, Keys.ARROW_UP, Keys.ARROW_RIGHT) * 5:
        page.find_element(By.ID, "plane").send_keys(key)
        captions.add(page.find_element(By.ID, "nearest-caption").text)
    assert captions == {f"nearest test digit: a {facts['names'][0]}"}
    for button in page.find_elements(By.CSS_SELECTOR, "#legend [aria-pressed=false]"):
        button.click()


def test_no_digit_is_nearest_where_all_are_hidden(page, facts):
    script = "document.querySelectorAll('#legend button').forEach((button) => button.click())"
    page.execute_script(script)
    assert page.find_element(By.ID, "nearest-caption").text == "no digit is shown"
    run(page, "await new Promise((go) => setTimeout(go, 150)); return true")
    assert pixels(page, "#nearest").max() == pixels(page, "#reconstruction").max() == 0
    page.execute_script(script)
    wait(page, "return document.querySelector('#nearest-caption').textContent.startsWith('nearest test digit: a ')")
    assert pixels(page, "#nearest").max() > 0


def test_the_prior_that_is_chosen_last_is_shown_however_fast(address, facts):
    first, last = (facts["digits"][k]["name"] for k in (1, 0))
    with browser() as driver:
        open_page(driver, address)
        press = "for (const name of arguments) document.querySelector(`#priors [data-value=${name}]`).click()"
        driver.execute_script(press, first, last, first, last)
        run(driver, "await new Promise((go) => setTimeout(go, 1500)); return true")
        kind = facts["digits"][0]["prior"]["kind"]
        shown = [text for text in driver.find_elements(By.CSS_SELECTOR, "[data-about]") if text.is_displayed()]
        assert [text.get_attribute("data-about") for text in shown] == [kind]
        assert errors(driver) == []


def test_a_browser_that_cannot_decode_says_so(address, tmp_path):
    source = Path(address.removeprefix("file://")).read_text(encoding="utf-8")
    broken, number = re.subn(r'(id="kernels">)[^<]+', r"\1AAAA", source)
    assert number == 1
    (tmp_path / "page.html").write_text(broken, encoding="utf-8")
    with browser() as driver:
        driver.get((tmp_path / "page.html").as_uri())
        wait(driver, "return !document.querySelector('#fault').hidden")
        assert "CompileError" in driver.find_element(By.ID, "fault").text


def test_the_keyboard_moves_and_pins_and_plays(page):
    plane = page.find_element(By.ID, "plane")
    before = page.find_element(By.ID, "at").text
    plane.send_keys(Keys.ARROW_RIGHT)
    assert page.find_element(By.ID, "at").text != before
    assert not page.find_element(By.ID, "walk").is_enabled()
    plane.send_keys(Keys.ENTER)
    for _ in range(10):
        plane.send_keys(Keys.SHIFT, Keys.ARROW_UP)
    plane.send_keys(Keys.SHIFT, Keys.ENTER)
    wait(page, "return !document.querySelector('#walk').disabled")
    page.find_element(By.ID, "unpin").click()
    assert not page.find_element(By.ID, "walk").is_enabled()


def test_sliders_change_all_classes(page, facts):
    show(page, "#semi", "document.querySelectorAll('#heads canvas').length")
    assert len(page.find_elements(By.CSS_SELECTOR, "#heads button")) == len(facts["semi"][0]["heads"])
    run(page, "await new Promise((go) => setTimeout(go, 500)); return true")
    before = pixels(page, "#heads canvas")
    for _ in range(20):
        page.find_element(By.CSS_SELECTOR, "#style-sliders input").send_keys(Keys.ARROW_RIGHT)
    run(page, "await new Promise((go) => setTimeout(go, 500)); return true")
    assert np.abs(pixels(page, "#heads canvas") - before).max() > 5


def test_both_axes_of_the_pad_stay_different(page, facts):
    show(page, "#semi", "document.querySelectorAll('#heads canvas').length")
    script = "const s = document.querySelector('#axis-x'); s.value = values[0]; s.onchange(); return true"
    run(page, script, 1)
    axes = [page.find_element(By.ID, name).get_attribute("value") for name in ("axis-x", "axis-y")]
    assert axes == ["1", "0"]
    run(page, script, 0)


def test_the_ends_of_a_walk_are_the_two_reconstructions(root, page):
    show(page, "#faces", "document.querySelectorAll('#people button').length > 1")
    aae, codes = people_of(root)
    script = "const s = document.querySelector('#walk-slider'); s.value = values[0]; s.oninput();"
    script += "await new Promise((go) => setTimeout(go, 1500)); return true"
    for place, name in enumerate(page.find_elements(By.CSS_SELECTOR, ".end .name")):
        run(page, script, place)
        expected = np.rint(255 * decode(aae, codes[name.text][None])[0]).astype(int).ravel()
        for canvas in ("#walk-face", f".end:nth-of-type({place + 1}) .end-decoded"):
            assert np.abs(pixels(page, canvas) - expected).max() <= 2, canvas


def test_people_are_found_by_name_and_chosen(page, facts):
    show(page, "#faces", "document.querySelectorAll('#people button').length > 1")
    name = facts["faces"]["people"][-1]
    page.find_element(By.ID, "search").send_keys(name.lower())
    found = [each for each in page.find_elements(By.CSS_SELECTOR, "#people button") if each.is_displayed()]
    assert found
    assert all(name in each.text for each in found)
    found[0].click()
    assert name in [each.text for each in page.find_elements(By.CSS_SELECTOR, ".end .name")]
    distances = [float(text.split(", ")[-1]) for text in page.find_element(By.ID, "neighbours").text.splitlines() if
                 re.search(r"\d+\.\d$", text)]  # fmt: skip
    assert distances == sorted(distances)


def test_a_neighbour_keeps_the_focus_and_is_walked_to(page):
    show(page, "#faces", "document.querySelectorAll('#neighbours button').length")
    neighbour = page.find_element(By.CSS_SELECTOR, "#neighbours button:last-child")
    neighbour.send_keys(Keys.ENTER)
    assert page.switch_to.active_element == neighbour
    assert page.find_elements(By.CSS_SELECTOR, ".end .name")[1].text == neighbour.text.rsplit(",", 1)[0]
    wait(page, "return document.querySelector('#walk-share').textContent === '100%'")


def test_a_cell_of_the_confusion_matrix_shows_as_many_images_as_it_counts(page):
    show(page, "#transfer", "document.querySelectorAll('#confusion button').length")
    cells = page.find_elements(By.CSS_SELECTOR, "#confusion button")
    assert len(cells) == 100
    counts = []
    for cell in cells[:12]:
        page.execute_script("arguments[0].click()", cell)
        counts.append(int(cell.text))
        assert len(page.find_elements(By.CSS_SELECTOR, "#cell .image")) == counts[-1]
        assert page.find_element(By.ID, "image").is_displayed() == (counts[-1] > 0)
    assert max(counts) > 0
    total = sum(int(cell.get_attribute("textContent")) for cell in cells)
    assert total == len(run(page, "return [...(await bundle('transfer')).arrays['cnn.found'].values]"))


def test_scores_are_sorted_by_a_heading(root, page):
    page.execute_script("document.querySelector('#transfer').scrollIntoView()")
    page.find_element(By.CSS_SELECTOR, "#scores th:nth-child(2) button").click()
    shown = [cell.text for cell in page.find_elements(By.CSS_SELECTOR, "#scores td:nth-child(2)")]
    table = json.loads((root / "metrics/transfer.json").read_text(encoding="utf-8"))
    values = sorted((row["accuracy"] for row in table.values() if isinstance(row, dict)), reverse=True)
    assert shown == [f"{100 * value:.2f}%" for value in values]


def test_curves_read_out_what_is_under_the_pointer(page, facts):
    show(page, "#run", "document.querySelectorAll('#curves svg').length")
    training = page.find_element(By.ID, "training").get_attribute("value")
    name, values = next(iter(facts["curves"][training].items()))
    chart = page.find_element(By.CSS_SELECTOR, "#curves svg")
    page.execute_script("arguments[0].focus({ preventScroll: true })", chart)
    for _ in values:
        chart.send_keys(Keys.ARROW_LEFT)
    readout = page.find_element(By.CSS_SELECTOR, "#curves .readout").text
    assert readout.startswith("epoch 1\n")
    assert float(readout.split()[-1]) == pytest.approx(values[0], rel=1e-3), name


def test_a_stage_leads_to_what_it_makes(page):
    page.execute_script("""
        const box = document.querySelector('a[href="#stage-train_digits"] rect');
        box.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    """)
    wait(page, "return document.querySelector('#stage-train_digits').open")
    links = page.find_elements(By.CSS_SELECTOR, "#stage-train_digits a")
    assert "data/models/digits/gaussian.safetensors" in [link.text for link in links]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_holds_on_a_narrow_screen_and_moves_nothing_while_it_loads(address, dark):
    with browser() as driver:
        narrow = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", narrow)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        open_page(driver, address)
        for section in ("digits", "semi", "faces", "transfer", "run"):
            driver.execute_script(f"document.querySelector('#{section}').scrollIntoView()")
            run(driver, "await new Promise((go) => setTimeout(go, 700)); return true")
            assert driver.execute_script("return document.documentElement.scrollWidth") == 360, section
        shifts = """
            let sum = 0;
            const add = (list) => list.getEntries().forEach((entry) => (sum += entry.value));
            new PerformanceObserver(add).observe({ type: "layout-shift", buffered: true });
            await new Promise((go) => setTimeout(go, 200));
            return sum;
        """
        assert run(driver, shifts) < 0.02
        assert errors(driver) == []


def test_every_picture_and_control_has_a_name(page):
    script = """
        const inner = (each) => each.tagName !== "BUTTON" && each.closest("button");
        const named = (each) =>
            each.getAttribute("aria-label") || each.textContent.trim() || (each.labels || []).length;
        const all = [...document.querySelectorAll("canvas, button, input, select, svg")];
        return all.filter((each) => !inner(each) && !named(each)).map((each) => each.outerHTML.slice(0, 120));
    """
    assert page.execute_script(script) == []


def test_it_is_fast_enough(page, facts):
    """Limits with room for a machine that has other things to do; the README has the measured numbers."""
    script = """
        const times = [];
        for (let k = 0; k < 15; k++) {
            const start = performance.now();
            await decode(values[0], Array.from({ length: values[1] }, normal));
            times.push(performance.now() - start);
        }
        return times.sort((a, b) => a - b)[7];
    """
    digit = run(page, script, f"digits-{facts['digits'][0]['name']}", 2)
    face = run(page, script, "faces", facts["faces"]["dim"])
    ready = int(page.execute_script(READY))
    print(f"a digit in {digit:.1f} ms, a face in {face:.0f} ms, ready {ready} ms after opening")
    assert digit < 160
    assert face < 1500
    assert ready < 20_000


def test_no_half_page_is_left_where_data_are_missing(own_small, monkeypatch, ending):
    monkeypatch.chdir(own_small)
    shutil.rmtree("data/page")
    Path("data/latents/faces/one_per_person.npz").unlink()
    status, said = ending(dispatch, "stages", STAGES, "stage", ["build_page"])
    assert status == 1
    assert "data/latents/faces/one_per_person.npz does not exist" in said
    assert not list(Path("data").rglob("*.html"))
