"use strict";
// Class and style: every class in the style that the sliders set.

(function () {
  const section = $("#semi");
  if (!section) return;
  const SHAPE = [1, 28, 28], PAD = 9, WIDE = 2.4; // images on each side of the pad, and its half side in deviations
  let variant = null, style = [], chosen = 0, axes = [0, 1], sliders = [];

  const name = () => `semi-${variant.name}`;
  const head = (k) => variant.heads.map((_, j) => (j === k ? 1 : 0));

  const showClasses = latest(async () => {
    const shown = variant;
    const codes = variant.heads.flatMap((_, k) => [...head(k), ...style]);
    const { images } = await decode(name(), codes, variant.heads.length);
    if (shown !== variant) return;
    $$("#heads canvas").forEach((canvas, k) => paint(canvas, images.subarray(784 * k, 784 * (k + 1)), SHAPE));
  });

  const showPad = latest(async () => {
    const line = Array.from({ length: PAD }, (_, k) => ((2 * k) / (PAD - 1) - 1) * WIDE * variant.std);
    const codes = line.flatMap((_, i) => line.flatMap((x) => {
      const at = [...style];
      [at[axes[0]], at[axes[1]]] = [x, line[PAD - 1 - i]];
      return [...head(chosen), ...at];
    }));
    const { images } = await decode(name(), codes, PAD * PAD);
    paintSheet($("#pad"), images, SHAPE, PAD);
    placeMark();
  });

  /** Puts the mark on the pad where the style is. */
  function placeMark() {
    const [x, y] = axes.map((axis) => ((style[axis] / (WIDE * variant.std)) * (PAD - 1) + PAD) / (2 * PAD));
    const inside = (share) => `${100 * Math.min(Math.max(share, 0), 1)}%`;
    Object.assign($("#pad-mark").style, { left: inside(x), top: inside(1 - y) });
  }

  function setStyle(values) {
    style = [...values];
    sliders.forEach((each, k) => each.set(style[k]));
    showClasses();
    showPad();
  }

  /** Sets both dimensions of the pad. */
  function setBoth(x, y) {
    const at = (share) => Math.min(Math.max(((2 * PAD * share - PAD) / (PAD - 1)) * WIDE, -3), 3) * variant.std;
    const next = [...style];
    [next[axes[0]], next[axes[1]]] = [at(x), at(1 - y)];
    style = next;
    sliders.forEach((each, k) => each.set(style[k]));
    showClasses();
    placeMark();
  }

  function chooseHead(k) {
    chosen = k;
    $$("#heads button").forEach((button, j) => button.setAttribute("aria-pressed", j === k));
    $("#pad-title").textContent = `${variant.what} ${variant.heads[k]} over two dimensions of the style`;
    showPad();
  }

  function choose(value) {
    variant = facts.semi.find((each) => each.name === value);
    [style, chosen, axes] = [Array(variant.dim).fill(0), 0, [0, Math.min(1, variant.dim - 1)]];
    $("#heads").replaceChildren(...variant.heads.map((label, k) =>
      make("button", { "aria-pressed": k === 0, onclick: () => chooseHead(k) },
        picture(`${variant.what} ${label} in the chosen style`, 28), make("span", {}, label))));
    sliders = style.map((_, k) =>
      slider(`style ${k + 1}`, { min: -3 * variant.std, max: 3 * variant.std, step: 0.05, value: 0 }, (to) => {
        style[k] = to;
        showClasses();
        if (axes.includes(k)) placeMark();
        else showPad();
      }));
    $("#style-sliders").replaceChildren(...sliders.map((each) => each.row));
    ["#axis-x", "#axis-y"].forEach((id, which) => {
      $(id).replaceChildren(...style.map((_, k) => make("option", { value: k }, `style ${k + 1}`)));
      $(id).value = axes[which];
      $(id).onchange = () => {
        const next = Number($(id).value);
        if (axes[1 - which] === next) axes[1 - which] = axes[which]; // they change places
        axes[which] = next;
        ["#axis-x", "#axis-y"].forEach((each, k) => ($(each).value = axes[k]));
        showPad();
      };
    });
    showClasses();
    chooseHead(0);
  }

  /** The test digits whose style can be taken. */
  async function showExamples() {
    const { arrays } = await bundle("semi");
    const take = async (k) => {
      const { styles, probabilities } = (await bundle(name())).arrays, classes = variant.heads.length;
      const row = probabilities.values.subarray(k * classes, (k + 1) * classes);
      setStyle(styles.values.subarray(k * variant.dim, (k + 1) * variant.dim));
      chooseHead(row.indexOf(Math.max(...row)));
    };
    $$("#style-examples button").forEach((button, k) => {
      paint($("canvas", button), bytesOf(arrays.images, k), SHAPE);
      button.setAttribute("aria-label", `take the style of this ${facts.names[arrays.labels.values[k]]}`);
      button.onclick = () => take(k);
    });
  }

  function listen() {
    const pad = $("#pad-box");
    const follow = (event) => {
      const box = pad.getBoundingClientRect();
      setBoth((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
    };
    pad.addEventListener("pointerdown", follow);
    pad.addEventListener("pointermove", (event) => event.buttons && follow(event));
    $("#style-none").onclick = () => setStyle(style.map(() => 0));
    $("#style-random").onclick = () => setStyle(style.map(() => variant.std * normal()));
    choice($("#semi-variants"), choose);
  }

  whenNear(section, () => {
    choose(facts.semi[0].name);
    showExamples();
    listen();
  });
})();
