"use strict";
// Line charts as SVG, with a readout under the pointer or by the arrow keys.

const SVG = "http://www.w3.org/2000/svg";

/** A new SVG element. */
function draw(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Some round numbers from `low` to `high`. */
function ticks(low, high, n = 4) {
  const rough = (high - low || 1) / n, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) found.push(k * step);
  return found;
}

const short = (value) => String(Number(value.toPrecision(4)));

/**
 * A chart of lines {label, x, y, colour, dashed}; `names` are {title, x} and, where the title does not tell it, y.
 * With `zero` both axes begin at 0.
 * The pointer or arrow keys choose an x, whose values are read out below: at first the one at `start`, or the last.
 */
function lineChart(lines, names, { zero = false, height = 200, start } = {}) {
  const width = 360, left = 46, right = 10, top = names.y ? 22 : 8, bottom = 30;
  const all = (axis) => lines.flatMap((line) => line[axis]);
  const range = (values) => {
    const low = zero ? 0 : Math.min(...values), high = Math.max(...values);
    return high > low ? [low, high] : [low - 0.5, low + 0.5];
  };
  const [x0, x1] = range(all("x")), [y0, y1] = range(all("y"));
  const toX = (x) => left + ((x - x0) / (x1 - x0)) * (width - left - right);
  const toY = (y) => height - bottom - ((y - y0) / (y1 - y0)) * (height - top - bottom);

  const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", tabindex: 0, class: "chart",
    "aria-label": `${names.title}: ${lines.map(({ label, y }) => `${label} ends at ${short(y[y.length - 1])}`).join(", ")}` });
  for (const y of ticks(y0, y1)) {
    svg.append(draw("line", { x1: left, x2: width - right, y1: toY(y), y2: toY(y), class: "grid" }),
      draw("text", { x: left - 5, y: toY(y) + 3.5, "text-anchor": "end" }, short(y)));
  }
  for (const x of ticks(x0, x1, 5)) {
    svg.append(draw("text", { x: toX(x), y: height - bottom + 14, "text-anchor": "middle" }, short(x)));
  }
  svg.append(draw("text", { x: (left + width - right) / 2, y: height - 3, "text-anchor": "middle" }, names.x),
    draw("text", { x: 0, y: 10 }, names.y || ""));
  for (const { x, y, colour, dashed } of lines) {
    const points = x.map((value, i) => `${toX(value).toFixed(1)},${toY(y[i]).toFixed(1)}`).join(" ");
    svg.append(draw("polyline", { points, class: dashed ? "line dashed" : "line", style: `stroke: ${colour}` }));
    if (x.length === 1) svg.append(draw("circle", { cx: toX(x[0]), cy: toY(y[0]), r: 2.5, style: `fill: ${colour}` }));
  }
  const mark = draw("line", { y1: top, y2: height - bottom, class: "mark", visibility: "hidden" });
  svg.append(mark);

  const readout = make("div", { class: "readout", "aria-live": "polite" });
  let place = start ?? lines[0].x.length - 1;
  const show = (k, hover) => {
    place = Math.min(Math.max(k, 0), lines[0].x.length - 1);
    const x = lines[0].x[place];
    mark.setAttribute("x1", toX(x));
    mark.setAttribute("x2", toX(x));
    mark.setAttribute("visibility", hover ? "visible" : "hidden");
    readout.replaceChildren(make("span", {}, `${names.x} ${short(x)}`), ...lines.map(({ label, y, colour, dashed }) =>
      make("span", {}, make("i", { class: dashed ? "swatch dashed" : "swatch", style: `--colour: ${colour}` }), `${label} ${short(y[place])}`)));
  };
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect(), x = ((event.clientX - box.left) / box.width) * width;
    const away = lines[0].x.map((value) => Math.abs(toX(value) - x));
    show(away.indexOf(Math.min(...away)), true);
  });
  svg.addEventListener("pointerleave", () => show(place, false));
  svg.addEventListener("blur", () => show(place, false));
  svg.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || withModifier(event)) return;
    event.preventDefault();
    show(place + step, true);
  });
  show(place, false);
  return make("figure", {}, make("figcaption", {}, names.title), svg, readout);
}
