"use strict";
// What all parts of the page share: pictures, decoders in workers, controls.

const facts = JSON.parse(document.getElementById("facts").textContent);
const still = matchMedia("(prefers-reduced-motion: reduce)");

/** A colour or other value of the style sheet, in the present scheme. */
const styled = (property) => getComputedStyle(document.documentElement).getPropertyValue(property).trim();
const colourOf = (k) => `--class-${k % facts.colours}`;
const brightOf = (k) => `--bright-${k % facts.colours}`; // on black, in both schemes

/** The text of an element that keeps a bundle or a picture. */
const stored = (name) => document.getElementById(`text-${name}`).textContent;

/** The bundle of a name, unpacked once. */
const bundles = {};
const bundle = (name) => (bundles[name] ??= unpack(stored(name)));

/** Says that this browser lacks what a live part needs; what fails first is told. */
function complain(why) {
  $("#fault span").textContent ||= why;
  $("#fault").hidden = false;
}
window.addEventListener("unhandledrejection", ({ reason }) => complain(reason));

// --- decoders ---

const workers = {};

/** The worker of a section, with `ask(task, values)`, a promise of its answer. */
function workerOf(section) {
  if (workers[section]) return workers[section];
  const code = new Blob([document.getElementById("worker").textContent], { type: "text/javascript" });
  const worker = new Worker(URL.createObjectURL(code));
  const waiting = new Map();
  let number = 0;
  worker.onmessage = ({ data: { id, result, error } }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error) reject(new Error(error));
    else resolve(result);
  };
  const ask = (task, values) =>
    new Promise((resolve, reject) => {
      waiting.set(++number, { resolve, reject });
      worker.postMessage({ id: number, task, ...values });
    });
  worker.onerror = ({ message }) => complain(message);
  ask("start", { kernels: fromBase64(document.getElementById("kernels").textContent) });
  return (workers[section] = { ask, loaded: {} });
}

/** Images that the decoder of a bundle makes of `count` codes, one after the other in one array. */
async function decode(name, codes, count = 1) {
  const { ask, loaded } = workerOf(name.split("-")[0]);
  await (loaded[name] ??= ask("load", { name, text: stored(name) }));
  return ask("decode", { name, codes: Float32Array.from(codes), count });
}

/** An asynchronous function of which, while one call runs, only the last further call is made. */
function latest(run) {
  let busy = false, next = null;
  return async function call(...values) {
    if (busy) {
      next = values;
      return;
    }
    busy = true;
    try {
      await run(...values);
    } finally {
      busy = false;
      if (next) {
        const again = next;
        next = null;
        call(...again);
      }
    }
  };
}

// --- pictures ---

/** Image data of floats in [0, 1], C x H x W. */
function imageData(pixels, [colours, height, width]) {
  const size = height * width, image = new ImageData(width, height);
  for (let i = 0; i < size; i++) {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = Math.round(255 * pixels[colours === 3 ? c * size + i : i]);
    image.data[4 * i + 3] = 255;
  }
  return image;
}

/** Shows an image of floats in [0, 1] on a canvas, which takes its size. */
function paint(canvas, pixels, shape) {
  [canvas.height, canvas.width] = shape.slice(1);
  canvas.getContext("2d").putImageData(imageData(pixels, shape), 0, 0);
}

/** Shows many images in rows of `columns` on one canvas. */
function paintSheet(canvas, images, shape, columns) {
  const [colours, height, width] = shape, size = colours * height * width, n = images.length / size;
  canvas.width = columns * width;
  canvas.height = Math.ceil(n / columns) * height;
  const context = canvas.getContext("2d");
  for (let k = 0; k < n; k++) {
    const image = imageData(images.subarray(k * size, (k + 1) * size), shape);
    context.putImageData(image, (k % columns) * width, Math.floor(k / columns) * height);
  }
}

/** Floats in [0, 1] of one of many images of bytes. */
const bytesOf = ({ values, shape }, row) => {
  const size = values.length / shape[0];
  return Float32Array.from(values.subarray(row * size, (row + 1) * size), (value) => value / 255);
};

/** A picture of many images, decoded once: `draw(canvas, k)` shows the k-th. */
const atlases = {};
function atlas(name, { columns, width, height }) {
  return (atlases[name] ??= (async () => {
    const picture = await createImageBitmap(new Blob([fromBase64(stored(`atlas-${name}`))], { type: "image/webp" }));
    return (canvas, k) => {
      [canvas.width, canvas.height] = [width, height];
      const x = (k % columns) * width, y = Math.floor(k / columns) * height;
      canvas.getContext("2d").drawImage(picture, x, y, width, height, 0, 0, width, height);
    };
  })());
}

/** A canvas that stands for a picture with an alternative text. */
const picture = (label, side) => make("canvas", { role: "img", "aria-label": label, width: side, height: side });

// --- controls ---

/** Lets one of a row of buttons be pressed; calls `choose` with its data-value. */
function choice(row, choose) {
  const buttons = $$("button", row);
  for (const button of buttons) {
    button.onclick = () => {
      for (const other of buttons) other.setAttribute("aria-pressed", other === button);
      choose(button.dataset.value);
    };
  }
}

/** A labelled slider whose value is shown; calls `change` with it as it moves. */
function slider(label, { min, max, step, value }, change) {
  const shown = make("output", {}, value.toFixed(2));
  const input = make("input", { type: "range", min, max, step, value, "aria-label": label });
  input.oninput = () => {
    shown.textContent = Number(input.value).toFixed(2);
    change(Number(input.value));
  };
  const row = make("label", { class: "slider" }, make("span", {}, label), input, shown);
  const set = (next) => {
    input.value = next;
    shown.textContent = Number(next).toFixed(2);
  };
  return { row, set };
}

/** Plays `show(t)` for t from 0 to 1 in so many seconds; calling the result stops it. */
function play(seconds, show, done = () => {}) {
  let stopped = false, start = null;
  const frame = (now) => {
    if (stopped) return;
    start ??= now;
    const t = Math.min(1, (now - start) / (1000 * seconds));
    show(t);
    if (t < 1) requestAnimationFrame(frame);
    else done();
  };
  requestAnimationFrame(frame);
  return () => (stopped = true);
}

/** Weight of a walk's end: starts and ends slowly. */
const ease = (t) => Math.sin((Math.PI / 2) * t) ** 2;
const blend = (a, b, weight) => a.map((value, i) => (1 - weight) * value + weight * b[i]);

/** A normal random number. */
const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());

/** Calls `start` once the element comes near the window. */
function whenNear(element, start) {
  const observer = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    observer.disconnect();
    start();
  }, { rootMargin: "600px" });
  observer.observe(element);
}
