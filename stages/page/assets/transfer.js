"use strict";
// Transfer: sortable scores, a confusion matrix whose cells show their images, ROC curves.

(function () {
  const section = $("#transfer"), { tasks } = facts.transfer;
  const STRONG = 0.41; // share of a class from which a cell's number is written as on the full colour
  let task = tasks[0], arrays = null, drawImage = null, pair = [], cell = null;

  const of = (name, kind) => arrays[`${name}.${kind}`].values;

  /** Rows of the task's test images with a true and a found class, by the first classifier. */
  function rowsOf(label, found) {
    const labels = of(pair[0], "labels"), guesses = of(pair[0], "found");
    return [...labels.keys()].filter((k) => labels[k] === label && guesses[k] === found);
  }

  function showConfusion() {
    const classes = task.classes, n = classes.length, counts = new Int32Array(n * n), totals = new Int32Array(n);
    const guesses = of(pair[0], "found");
    of(pair[0], "labels").forEach((label, k) => {
      counts[label * n + guesses[k]]++;
      totals[label]++;
    });
    const short = (name) => make("abbr", { title: name }, name.slice(0, 4));
    const header = make("tr", {}, make("td", {}), ...classes.map((name) => make("th", { scope: "col" }, short(name))));
    const rows = classes.map((name, i) => make("tr", {}, make("th", { scope: "row" }, short(name)),
      ...classes.map((other, j) => {
        const count = counts[i * n + j], share = count / totals[i];
        const button = make("button", {
          style: `--share: ${Math.sqrt(share).toFixed(3)}`, class: share > STRONG ? "strong" : "",
          "aria-label": `${name} taken for ${other}: ${count}`, onclick: () => showCell(i, j),
        }, String(count));
        return make("td", {}, button);
      })));
    $("#confusion").replaceChildren(make("caption", {}, "true class by row, found class by column"), make("thead", {}, header), make("tbody", {}, ...rows));
    $("#confusion").parentElement.style.minHeight = ""; // which was kept free for it
    showCell(...(cell || [0, n - 1]));
  }

  const labelOf = (name) => task.classifiers.find((each) => each.name === name).label;
  const probabilities = (name, row) => of(name, "probabilities").subarray(row * task.classes.length, (row + 1) * task.classes.length);

  /** The images of a cell, each with what both classifiers say. */
  function showCell(label, found) {
    cell = [label, found];
    const rows = rowsOf(label, found), places = of(pair[0], "rows");
    const other = new Map([...of(pair[1], "rows").entries()].map(([k, place]) => [place, k]));
    $$("#confusion button").forEach((button, k) => {
      const n = task.classes.length;
      button.setAttribute("aria-pressed", k === label * n + found);
    });
    $("#cell-title").textContent = `${task.classes[label]} taken for ${task.classes[found]}: ${rows.length} of the test images`;
    $("#cell").replaceChildren(...rows.map((row) => {
      const canvas = picture(`${task.classes[label]}, test image ${places[row]}`, 32);
      drawImage(canvas, places[row]);
      const rowsOfBoth = [row, other.get(places[row])];
      const bars = pair.map((name, which) => {
        const values = probabilities(name, rowsOfBoth[which]), best = of(name, "found")[rowsOfBoth[which]];
        return make("span", {}, make("b", {}, "AB"[which]), ` ${task.classes[best]} ${percent(values[best])}`);
      });
      return make("button", { class: "image", onclick: () => showImage(row, rowsOfBoth) }, canvas, ...bars);
    }));
    $("#image").hidden = !rows.length;
    if (rows.length) {
      const row = rows[0];
      showImage(row, [row, other.get(places[row])]);
    } else {
      $("#image-says").replaceChildren(make("tr", {}, make("td", { colspan: 3 }, "no image")));
    }
  }

  const percent = (byte) => `${Math.round((100 * byte) / 255)}%`;

  /** All probabilities of both classifiers for an image. */
  function showImage(row, rowsOfBoth) {
    drawImage($("#image"), of(pair[0], "rows")[row]);
    const label = of(pair[0], "labels")[row];
    $("#image").setAttribute("aria-label", `the chosen test image, ${task.classes[label]}`);
    $("#image-says").replaceChildren(...task.classes.map((name, k) =>
      make("tr", { class: k === label ? "true" : "" }, make("th", { scope: "row" }, name), ...pair.map((each, which) => {
        const value = probabilities(each, rowsOfBoth[which])[k];
        return make("td", {}, make("span", { class: "bar", style: `--share: ${value / 255}` }), percent(value));
      }))));
  }

  function showCurves() {
    const lines = task.classifiers.map(({ label, roc: [x, y] }, k) =>
      ({ label, x, y, colour: `var(--line-${k % facts.lines})`, dashed: Math.floor(k / facts.lines) % 2 === 1 }));
    const mean = task.classes.length > 2 ? ", mean of each class against the rest" : "";
    const names = { title: `ROC curves: ${task.heading}${mean}`, x: "false positive rate", y: "true positive rate" };
    const start = lines[0].x.findIndex((value) => value >= 0.1);
    $("#roc").replaceChildren(lineChart(lines, names, { zero: true, height: 300, start }));
  }

  function choose(heading) {
    task = tasks.find((each) => each.heading === heading);
    cell = null;
    pair = [task.classifiers[0].name, task.classifiers[Math.min(1, task.classifiers.length - 1)].name];
    ["#first", "#second"].forEach((id, which) => {
      $(id).replaceChildren(...task.classifiers.map(({ name, label }) => make("option", { value: name }, label)));
      $(id).value = pair[which];
      $(id).onchange = () => {
        pair[which] = $(id).value;
        showConfusion();
      };
    });
    showConfusion();
    showCurves();
  }

  sortable($("#scores"));
  whenNear(section, async () => {
    [{ arrays }, drawImage] = await Promise.all([bundle("transfer"), atlas("transfer", facts.transfer.atlas)]);
    choose(tasks[0].heading);
    choice($("#tasks"), choose);
  });
})();
