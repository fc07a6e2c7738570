"use strict";
// The latent plane: codes of test digits over the prior's density, and the decoder under the pointer.

(function () {
  const section = $("#digits"), canvas = $("#plane"), context = canvas.getContext("2d");
  const SHAPE = [1, 28, 28], GRID = 21;
  const hidden = new Set(); // digits that the legend hides
  let wanted = null, variant = null, test = null, planeBundle = null, ground = null, sheet = null;
  let stop = () => {}, plays = false;
  let point = [0, 0], pins = [], nearest; // the row of a test digit, -1 for none, or not known yet

  const side = () => canvas.width;
  const toPixel = ([x, y]) => [((x / variant.extent + 1) / 2) * side(), ((1 - y / variant.extent) / 2) * side()];
  const toPoint = (x, y) => [(2 * x - 1) * variant.extent, (1 - 2 * y) * variant.extent];
  const name = () => `digits-${variant.name}`;
  const embed = ([x, y]) => Float32Array.from({ length: planeBundle.facts.dim }, (_, i) => [x, y][i] || 0);

  /** The prior's density at a point, in times its largest value. */
  function density([x, y]) {
    const { values, shape } = planeBundle.arrays.density, n = shape[0];
    const place = (value) => Math.min(n - 1, Math.max(0, Math.floor(((value / variant.extent + 1) / 2) * n)));
    return values[place(y) * n + place(x)];
  }

  /** The ground: density or decoded digits, and the codes. */
  function drawGround() {
    const size = Math.round(canvas.clientWidth * devicePixelRatio) || 600;
    canvas.width = canvas.height = size;
    ground = make("canvas", { width: size, height: size });
    const target = ground.getContext("2d");
    if (sheet) {
      target.imageSmoothingEnabled = true;
      target.drawImage(sheet, 0, 0, size, size);
    } else {
      target.drawImage(densityPicture(), 0, 0, size, size);
    }
    const { values } = planeBundle.arrays.codes, radius = (sheet ? 1 : 1.7) * devicePixelRatio, dim = planeBundle.facts.dim;
    target.globalAlpha = 0.8;
    const colours = facts.names.map((_, k) => styled(sheet ? brightOf(k) : colourOf(k)));
    test.arrays.labels.values.forEach((label, k) => {
      if (hidden.has(label)) return;
      const [x, y] = toPixel([values[k * dim], values[k * dim + 1]]);
      target.fillStyle = colours[label];
      target.beginPath();
      target.arc(x, y, radius, 0, 7);
      target.fill();
    });
    drawOver();
  }

  /** The density as a picture of the text's colour, more or less transparent. */
  function densityPicture() {
    const { values, shape } = planeBundle.arrays.density, n = shape[0];
    const small = make("canvas", { width: n, height: n }), image = new ImageData(n, n);
    const [red, green, blue] = styled("--density").split(" ").map(Number);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        image.data.set([red, green, blue, 150 * values[(n - 1 - i) * n + j] ** 0.7], 4 * (i * n + j));
      }
    }
    small.getContext("2d").putImageData(image, 0, 0);
    return small;
  }

  /** Pins, the walk between them, the pointer and the nearest code. */
  function drawOver() {
    context.clearRect(0, 0, side(), side());
    context.drawImage(ground, 0, 0);
    context.lineWidth = 2 * devicePixelRatio;
    const [ink, accent] = sheet ? ["#ffffff", "#ffd54f"] : [styled("--ink"), styled("--accent")]; // a sheet is black
    context.strokeStyle = ink;
    if (pins.length === 2) {
      context.beginPath();
      for (const pin of pins) context.lineTo(...toPixel(pin));
      context.stroke();
    }
    for (const pin of pins) ring(pin, 7, accent);
    if (nearest >= 0) ring(codeOf(nearest), 5, ink);
    ring(point, 9, ink);
    ring(point, 1.5, ink);
  }

  function ring(at, radius, colour) {
    context.strokeStyle = colour;
    context.beginPath();
    context.arc(...toPixel(at), radius * devicePixelRatio, 0, 7);
    context.stroke();
  }

  const codeOf = (k) => planeBundle.arrays.codes.values.subarray(k * planeBundle.facts.dim, k * planeBundle.facts.dim + 2);

  /** Row of the nearest code of the digits that are shown, or -1. */
  function findNearest([x, y]) {
    const { values } = planeBundle.arrays.codes, labels = test.arrays.labels.values, dim = planeBundle.facts.dim;
    let best = -1, least = Infinity;
    for (let k = 0; k < labels.length; k++) {
      if (hidden.has(labels[k])) continue;
      const away = (values[k * dim] - x) ** 2 + (values[k * dim + 1] - y) ** 2;
      if (away < least) [best, least] = [k, away];
    }
    return best;
  }

  const decodePoint = latest(async (at) => {
    const { images, milliseconds } = await decode(name(), embed(at));
    paint($("#decoded"), images, SHAPE);
    section.dataset.milliseconds = milliseconds.toFixed(2);
  });
  const decodeNearest = latest(async (k) => {
    const { dim } = planeBundle.facts;
    const { images } = await decode(name(), planeBundle.arrays.codes.values.subarray(k * dim, (k + 1) * dim));
    if (k === nearest) paint($("#reconstruction"), images, SHAPE);
  });

  /** Moves to a point and shows all that belongs to it. */
  function go(to) {
    point = to.map((value) => Math.min(Math.max(value, -variant.extent), variant.extent));
    const share = density(point), row = findNearest(point);
    if (row !== nearest) {
      nearest = row;
      const there = row >= 0;
      $("#nearest-caption").textContent = there ? `nearest test digit: a ${facts.names[test.arrays.labels.values[row]]}` : "no digit is shown";
      if (there) {
        paint($("#nearest"), bytesOf(test.arrays.images, row), SHAPE);
        decodeNearest(row);
      } else {
        for (const canvas of [$("#nearest"), $("#reconstruction")]) canvas.width = canvas.width; // which empties it
      }
    }
    $("#at").textContent = `(${point.map((value) => value.toFixed(2)).join(", ")})`;
    $("#density").value = share;
    $("#density-words").textContent =
      share < 0.01 ? "under 1% of its peak: a gap" : `${(100 * share).toFixed(0)}% of its peak`;
    decodePoint(point);
    drawOver();
  }

  function halt() {
    stop();
    plays = false;
  }

  /** Plays a way through points in a line. */
  function walk(stops, seconds) {
    halt();
    plays = true;
    const legs = stops.length - 1;
    const show = (t) => {
      const place = Math.min(Math.floor(t * legs), legs - 1), share = t * legs - place;
      go(blend(stops[place], stops[place + 1], ease(share)));
    };
    stop = play(seconds, show, () => (plays = false));
  }

  function pin() {
    halt();
    pins = pins.length === 2 ? [point] : [...pins, point];
    $("#walk").disabled = pins.length < 2;
    $("#pins").textContent = ["no point is pinned", "one point is pinned: pin another one", "two points are pinned"][pins.length];
    drawOver();
    if (pins.length === 2 && !still.matches) walk(pins, 3);
  }

  /** Shows or leaves the decoded digits over the whole plane. */
  async function toggleSheet() {
    const button = $("#sheet"), pressed = () => button.getAttribute("aria-pressed") === "true";
    button.setAttribute("aria-pressed", !pressed());
    if (pressed()) {
      const line = Array.from({ length: GRID }, (_, k) => (((k + 0.5) / GRID) * 2 - 1) * variant.extent);
      const codes = line.flatMap((_, i) => line.flatMap((x) => [...embed([x, line[GRID - 1 - i]])]));
      const chosen = variant;
      const { images } = await decode(name(), codes, GRID * GRID);
      if (chosen !== variant || !pressed()) return;
      sheet = make("canvas");
      paintSheet(sheet, images, SHAPE, GRID);
    } else {
      sheet = null;
    }
    drawGround();
  }

  async function choose(value) {
    wanted = value;
    const loaded = await Promise.all([bundle(`digits-${value}`), bundle("digits")]);
    if (value !== wanted) return;
    if (!variant) listen();
    halt();
    [variant, [planeBundle, test]] = [facts.digits.find((each) => each.name === value), loaded];
    [pins, nearest, sheet] = [[], undefined, null];
    $("#sheet").setAttribute("aria-pressed", false);
    $("#walk").disabled = true;
    $("#tour").disabled = !variant.stops.length;
    $("#pins").textContent = "no point is pinned";
    $$("[data-about]", section).forEach((text) => (text.hidden = text.dataset.about !== variant.prior.kind));
    drawGround();
    go(variant.stops[0] || [0, 0]);
  }

  /** What follows needs a prior that is there. */
  function listen() {
    canvas.addEventListener("pointermove", (event) => {
      // a hand that comes to rest after a click is to stop no walk
      if (!event.buttons && (plays || event.pointerType === "touch")) return;
      halt();
      go(toPoint(event.offsetX / canvas.clientWidth, event.offsetY / canvas.clientHeight));
    });
    canvas.addEventListener("click", (event) => {
      go(toPoint(event.offsetX / canvas.clientWidth, event.offsetY / canvas.clientHeight));
      pin();
    });
    canvas.addEventListener("keydown", (event) => {
      const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
      if (withModifier(event) || (!move && event.key !== "Enter" && event.key !== " ")) return;
      event.preventDefault();
      halt();
      const size = (event.shiftKey ? 0.1 : 0.02) * variant.extent;
      if (move) go([point[0] + size * move[0], point[1] + size * move[1]]);
      else pin();
    });
    $("#walk").onclick = () => walk(pins, 3);
    $("#tour").onclick = () => walk([...variant.stops, variant.stops[0]], 1.5 * variant.stops.length);
    $("#sheet").onclick = toggleSheet;
    $("#unpin").onclick = () => {
      halt();
      pins = [];
      $("#walk").disabled = true;
      $("#pins").textContent = "no point is pinned";
      drawOver();
    };
    for (const button of $$("#legend button")) {
      button.onclick = () => {
        const digit = Number(button.dataset.value), shown = hidden.has(digit);
        if (shown) hidden.delete(digit);
        else hidden.add(digit);
        button.setAttribute("aria-pressed", shown);
        nearest = undefined;
        drawGround();
        go(point);
      };
    }
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawGround);
    new ResizeObserver(drawGround).observe(canvas);
  }

  choice($("#priors"), choose);
  const named = facts.digits.find((each) => location.hash === `#digits-${each.name}`);
  if (named) $(`#priors [data-value="${named.name}"]`).click();
  else choose(facts.digits[0].name);
})();
