"""The page of experiments in a real browser, of a trivial stage that the real `dvc` runs."""

import shutil
from pathlib import Path

import pytest
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.common.by import By

from stages.base.errors import StageError
from stages.commands.experiments import PAGE, main
from tests.browsers import browser, errors, requests
from tests.pipelines import dvc, git

STAGE = """
import json, yaml
params = yaml.safe_load(open("params.yaml"))
scores = {f"part_{k}": params["rate"] * k for k in range(1, 10)}
json.dump({"error": abs(params["rate"] - 0.25), "same": 1, **scores}, open("scores.json", "w"))
"""
PIPELINE = """
stages:
  score:
    cmd: python score.py
    deps: [score.py]
    params: [rate, rule, hidden]
    metrics: [scores.json: {cache: false}]
"""
LIT = "return [...document.querySelectorAll('#lines .lit, tr.lit')].map((each) => each.tagName)"


@pytest.fixture
def repository(project, tmp_path) -> Path:
    """The workspace of a stage that ran."""
    files = {"score.py": STAGE, "dvc.yaml": PIPELINE, "params.yaml": "rate: 0.1\nrule: <i>\nhidden: [8]\n"}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    for name in (".gitignore", ".dvcignore"):
        shutil.copy(project / name, tmp_path)
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    dvc(tmp_path, "init", "--quiet")
    dvc(tmp_path, "repro")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "Scores")
    return tmp_path


def test_experiments_are_lines_and_rows_that_belong_together(repository, capsys):
    with pytest.raises(StageError, match="no experiment differs"):
        main()
    dvc(repository, "exp", "run", "--name", "steep", "-S", "rate=0.5", "-S", "rule=plain")
    dvc(repository, "exp", "run", "--name", "right", "-S", "rate=0.25", "-S", "hidden=[8,4]")
    dvc(repository, "exp", "run", "--queue", "--name", "later", "-S", "rate=0.01")
    main()
    said = capsys.readouterr().out
    assert str(PAGE) in said
    assert "scores error" in said
    assert git(repository, "status", "--porcelain", "--", ".", ":!params.yaml", ":!dvc.lock", ":!scores.json") == ""

    with browser() as driver:
        driver.get(PAGE.absolute().as_uri())

        def column(k: int) -> list[str]:
            cells = driver.find_elements(By.CSS_SELECTOR, f"#experiments tbody tr > :nth-child({k})")
            return [cell.text for cell in cells]

        names = column(1)
        assert sorted(names) == ["later (queued)", "main", "right", "steep", "workspace"]
        lines = driver.find_elements(By.CSS_SELECTOR, ".experiment")
        assert [line.get_attribute("aria-label") for line in lines] == names
        axes = [axis.text.replace("\n", "") for axis in driver.find_elements(By.CSS_SELECTOR, ".axes > div")]
        assert axes[:4] == ["rate", "rule", "hidden", "scores error"]
        assert len(axes) == 3 + 6
        assert column(3).count("<i>") == 1

        error = driver.find_element(By.CSS_SELECTOR, "thead th:nth-child(5)")
        for order in ("descending", "ascending"):
            error.find_element(By.TAG_NAME, "button").send_keys(Keys.ENTER)
            assert error.get_attribute("aria-sort") == order
            values = column(5)
            assert values[-1] == ""
            assert values[:-1] == sorted(values[:-1], key=float, reverse=order == "descending")

        driver.execute_script("arguments[0].focus()", lines[0])
        assert driver.execute_script(LIT) == ["g", "TR"]
        ActionChains(driver).send_keys(Keys.ARROW_DOWN).perform()
        assert driver.execute_script(LIT) == ["g", "TR"]
        assert driver.find_element(By.ID, "lit").text == names[1]
        row = driver.find_element(By.CSS_SELECTOR, "tbody tr")
        ActionChains(driver).move_to_element(row).perform()
        assert "lit" in row.get_attribute("class")

        driver.find_element(By.CSS_SELECTOR, "#columns summary").click()
        driver.find_elements(By.CSS_SELECTOR, "legend input")[1].click()
        assert len(driver.find_elements(By.CSS_SELECTOR, ".axes > div")) == 3 + 10
        for every in driver.find_elements(By.CSS_SELECTOR, "legend input"):
            every.click()
        assert driver.find_elements(By.CSS_SELECTOR, ".axes > div") == []

        narrow = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", narrow)
        assert driver.execute_script("return document.documentElement.scrollWidth") == 360
        assert errors(driver) == []
        assert requests(driver) <= {PAGE.absolute().as_uri(), "data:,"}
