"use strict";
// Experiments as lines through parallel axes, one for each shown column; a line and its row of the table are one.

(function () {
  const table = $("#experiments"), rows = $$("tbody tr", table), boxes = $$("[name=column]"), chart = $("#chart");
  const top = 14, bottom = 300, least = 116; // pixels: ends of the axes, and from one to the next
  const valueOf = (row, column) => row.children[column].dataset.value;

  /** Where the texts of a column lie on its axis, from 0 to 1, and which marks it has. */
  function scale(texts) {
    const known = [...new Set(texts.filter((text) => text !== ""))].sort(orderOf(texts));
    if (texts.some(isNaN)) return { at: (text) => (known.indexOf(text) + 0.5) / known.length, marks: known };
    const low = Number(known[0]), high = Number(known[known.length - 1]), size = high - low;
    return { at: (text) => (size ? (text - low) / size : 0.5), marks: size ? ticks(low, high) : [low] };
  }

  const rounded = (mark) => (typeof mark === "number" ? String(Number(mark.toPrecision(6))) : mark);
  const clipped = (text) => (text.length > 14 ? `${text.slice(0, 13)}…` : text);
  const write = (text, x, y) => draw("text", { x: x + 8, y: y + 4 }, clipped(text));

  /** The line of a row, interrupted where it lacks a value. */
  function lineOf(row, k, axes) {
    const points = [];
    let path = "", step = "M";
    for (const { column, x, y } of axes) {
      const value = valueOf(row, column), shown = row.children[column].textContent;
      if (value !== "") {
        path += `${step}${x},${y(value)}`;
        points.push(draw("circle", { cx: x, cy: y(value), r: 3 }), write(shown, x, y(value)));
      }
      step = value === "" ? "M" : "L";
    }
    const paths = ["near", "line"].map((name) => draw("path", { class: name, d: path }));
    const about = { role: "img", "aria-label": valueOf(row, 0), tabindex: k ? -1 : 0 };
    return draw("g", { class: "experiment", ...about }, ...paths, ...points);
  }

  /** Lets a line or row highlight both, and arrow keys go on from it. */
  function tie(element, [row, line]) {
    const light = (on) => () => {
      for (const each of [row, line]) each.classList.toggle("lit", on);
      const copy = draw("g", { class: "experiment lit" }, ...line.cloneNode(true).childNodes);
      $("#over").replaceChildren(...(on ? [copy] : [])); // all other lines
      $("#lit").textContent = on ? valueOf(row, 0) : "";
    };
    element.onpointerenter = element.onfocus = light(true);
    element.onpointerleave = element.onblur = light(false);
    element.onkeydown = (event) => {
      const next = element[{ ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key]];
      if (next) event.preventDefault();
      next?.focus();
    };
  }

  function show() {
    for (const row of $$("tr", table)) boxes.forEach((box, k) => (row.children[k + 1].hidden = !box.checked));
    const headings = $$(".parameter, .metric", table).filter((heading) => !heading.hidden);
    $("#count").textContent = `${headings.length} of ${boxes.length} shown`;
    const gap = Math.max(least, Math.floor(chart.clientWidth / (headings.length || 1)));
    const names = headings.map(({ className, firstElementChild: button }) =>
      make("div", { class: className, style: `width: ${gap}px` }, ...button.cloneNode(true).childNodes));
    const axes = headings.map(({ cellIndex: column, className: kind }, k) => {
      const { at, marks } = scale(rows.map((row) => valueOf(row, column)));
      return { column, kind, marks, x: k * gap + 12, y: (value) => bottom - at(value) * (bottom - top) };
    });
    const lines = rows.map((row, k) => lineOf(row, k, axes));
    rows.forEach((row, k) => [row, lines[k]].forEach((each, _, both) => tie(each, both)));
    const bars = axes.map(({ x, kind }) => draw("line", { x1: x, x2: x, y1: top, y2: bottom, class: kind }));
    const marks = axes.flatMap(({ marks, x, y }) => marks.map((mark) => write(rounded(mark), x, y(mark))));
    const size = { width: gap * axes.length, height: bottom + top };
    chart.replaceChildren(make("div", { class: "axes" }, ...names),
      draw("svg", { class: "chart", ...size, role: "group", "aria-label": "experiments" }, ...bars,
        draw("g", { id: "lines" }, ...lines), draw("g", { class: "marks" }, ...marks),
        draw("g", { id: "over", "aria-hidden": true })));
  }

  $("#columns").onchange = ({ target }) => {
    const [all, ...others] = $$("input", target.closest("fieldset"));
    if (target === all) others.forEach((box) => (box.checked = all.checked));
    else all.checked = others.every((box) => box.checked);
    show();
  };
  window.onresize = show;
  sortable(table);
  show();
})();
