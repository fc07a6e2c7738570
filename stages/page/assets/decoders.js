// A worker's part: networks that decode codes, on the kernels of kernels.c. Images are floats in [0, 1], C x H x W.

const SLOPE = 0.1; // of the leaky ReLUs in the decoder of faces
const memory = new WebAssembly.Memory({ initial: 2 });
let kernels;
let free = 131072; // first byte that no array uses; below it lies the kernels' stack

/** Place in memory of `n` floats, in bytes. */
function allocate(n) {
  const start = free;
  free += 16 * Math.ceil(n / 4);
  const missing = free - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / 65536));
  return start;
}

/** `n` floats at a place; valid until the next `allocate`. */
function floats(start, n) {
  return new Float32Array(memory.buffer, start, n);
}

/** Places of a bundle's arrays. */
function store(arrays) {
  const places = {};
  for (const [name, { values }] of Object.entries(arrays)) {
    places[name] = allocate(values.length);
    floats(places[name], values.length).set(values);
  }
  return places;
}

/** A function that decodes one code with fully connected layers. */
function denseNetwork({ facts, arrays }) {
  const layers = facts.layers.map((layer) => ({ ...layer, shape: (arrays[`${layer.name}.weight`] || {}).shape }));
  const used = Object.entries(arrays).filter(([name]) => /\.(weight|bias)$/.test(name));
  const places = store(Object.fromEntries(used));
  const widest = Math.max(facts.dim, ...layers.map(({ shape }) => (shape ? shape[0] : 0)));
  const buffers = [allocate(widest), allocate(widest)];
  return (code) => {
    let [x, y] = buffers, width = facts.dim;
    floats(x, width).set(code);
    for (const { kind, name, shape, epsilon } of layers) {
      const weight = places[`${name}.weight`], bias = places[`${name}.bias`];
      if (kind === "linear") {
        kernels.gemv(shape[0], shape[1], weight, x, bias, y);
        [x, y, width] = [y, x, shape[0]];
      } else {
        const values = floats(x, width);
        if (kind === "norm") normalise(values, floats(weight, width), floats(bias, width), epsilon);
        else if (kind === "relu") values.forEach((value, i) => (values[i] = Math.max(value, 0)));
        else values.forEach((value, i) => (values[i] = 1 / (1 + Math.exp(-value))));
      }
    }
    return floats(x, width).slice();
  };
}

/** Layer normalisation in place. */
function normalise(values, weight, bias, epsilon) {
  let sum = 0, squares = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  for (const value of values) squares += (value - mean) ** 2;
  const scale = 1 / Math.sqrt(squares / values.length + epsilon);
  for (let i = 0; i < values.length; i++) values[i] = (values[i] - mean) * scale * weight[i] + bias[i];
}

/** Value at x of the broken line through points (xs, ys), rising, which goes on beyond its ends. */
function interpolate(x, xs, ys) {
  let right = 1;
  while (right < xs.length - 1 && xs[right] < x) right++;
  const left = right - 1;
  return ys[left] + ((x - xs[left]) * (ys[right] - ys[left])) / (xs[right] - xs[left]);
}

/** White features of a code: the inverse of stages/aae/shell.py. */
function shellInverse(code, { gaussian, chi, norms, ratios }) {
  const last = code.length - 1;
  const radius = Math.hypot(...code.slice(0, last));
  const norm = Math.max(0, interpolate(code[last], gaussian, norms));
  const ratio = interpolate(Math.min(Math.max(radius, chi[0]), chi[chi.length - 1]), chi, ratios);
  const features = code.map((value) => (radius ? (value * norm) / radius : 0));
  features[last] = ratio * norm;
  return features;
}

/** Feature maps: a place in memory, channels and side. */
const maps = (channels, side) => ({ place: allocate(channels * side * side), channels, side });
const content = ({ place, channels, side }) => floats(place, channels * side * side);

/** A function that decodes one code with the shell, the linear map and the refining network of stages/aae/faces.py. */
function faceNetwork({ facts, arrays }) {
  const shell = {};
  for (const name of ["gaussian", "chi", "norms", "ratios"]) shell[name] = arrays[`shell.${name}`].values;
  const places = store(arrays);
  const [colours, height] = facts.shape;
  const pixels = colours * height * height;

  const convolve = (input, name, kernel, stride = 1) => {
    const outputs = arrays[`${name}.weight`].shape[0];
    const result = maps(outputs, input.side / stride);
    const size = result.side * result.side, depth = input.channels * kernel * kernel, pad = kernel === 3 ? 1 : 0;
    const rows = allocate(depth * size);
    kernels.columns(input.channels, input.side, kernel, stride, pad, result.side, input.place, rows);
    kernels.gemm(outputs, size, depth, places[`${name}.weight`], rows, places[`${name}.bias`], result.place);
    return result;
  };
  const leaky = (input) => {
    const values = content(input);
    for (let i = 0; i < values.length; i++) if (values[i] < 0) values[i] *= SLOPE;
    return input;
  };
  const add = (input, other) => {
    const values = content(input), more = content(other);
    for (let i = 0; i < values.length; i++) values[i] += more[i];
    return input;
  };
  const residual = (input, name) => add(convolve(leaky(convolve(input, `${name}.first`, 3)), `${name}.second`, 3), input);

  const refine = (linear) => {
    let found = residual(leaky(convolve(unshuffle(linear), "inner.0", 3)), "before.0");
    const skipped = [];
    for (let level = 1; level < facts.levels; level++) {
      skipped.push(found);
      found = residual(leaky(convolve(found, `down.${level - 1}.0`, 2, 2)), `before.${level}`);
    }
    for (let level = facts.levels - 1; level > 0; level--) {
      const up = enlarge(convolve(found, `up.${level - 1}`, 1));
      found = residual(add(up, skipped[level - 1]), `after.${level - 1}`);
    }
    return shuffle(convolve(found, "outer", 3));
  };

  return (code) => {
    const before = free;
    const features = allocate(facts.dim), linear = maps(colours, height);
    floats(features, facts.dim).set(shellInverse(code, shell));
    kernels.gemv(pixels, facts.dim, places["linear.weight"], features, places["linear.bias"], linear.place);
    const cut = (values) => values.forEach((value, i) => (values[i] = Math.min(Math.max(value, 0), 1)));
    cut(content(linear));
    const refined = content(add(refine(linear), linear));
    cut(refined);
    const image = refined.slice();
    free = before;
    return image;
  };
}

/** Maps of twice the side by repeating pixels. */
function enlarge(input) {
  const result = maps(input.channels, 2 * input.side);
  const from = content(input), to = content(result), side = result.side;
  for (let c = 0, k = 0; c < input.channels; c++) {
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++, k++) to[k] = from[(c * input.side + (y >> 1)) * input.side + (x >> 1)];
    }
  }
  return result;
}

/** Four maps of half the side per map, each a pixel of every 2 x 2. */
function unshuffle(input) {
  const result = maps(4 * input.channels, input.side / 2);
  const from = content(input), to = content(result);
  eachOfFour(result, (whole, part) => (to[part] = from[whole]));
  return result;
}

/** The inverse of `unshuffle`. */
function shuffle(input) {
  const result = maps(input.channels / 4, 2 * input.side);
  const from = content(input), to = content(result);
  eachOfFour(input, (whole, part) => (to[whole] = from[part]));
  return result;
}

/** Calls `use` with each pixel's index in whole maps and in the four parts of each of them. */
function eachOfFour({ channels, side }, use) {
  for (let c = 0, part = 0; c < channels; c++) {
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++, part++) {
        use(((c >> 2) * 2 * side + 2 * y + ((c >> 1) & 1)) * 2 * side + 2 * x + (c & 1), part);
      }
    }
  }
}

const networks = {}; // name -> promise of a function from a code to an image
const tasks = {
  async start({ kernels: bytes }) {
    kernels = (await WebAssembly.instantiate(bytes, { env: { memory } })).instance.exports;
  },
  async load({ name, text }) {
    const bundle = await unpack(text);
    networks[name] = bundle.facts.kind === "faces" ? faceNetwork(bundle) : denseNetwork(bundle);
  },
  async decode({ name, codes, count }) {
    const start = performance.now(), dim = codes.length / count;
    const images = [];
    for (let i = 0; i < count; i++) images.push(networks[name](codes.subarray(i * dim, (i + 1) * dim)));
    const all = new Float32Array(count * images[0].length);
    images.forEach((image, i) => all.set(image, i * image.length));
    return { images: all, milliseconds: performance.now() - start };
  },
};

let last = Promise.resolve(); // tasks run one after the other, in the order of their messages
self.onmessage = ({ data }) => {
  last = last.then(() => tasks[data.task](data)).then(
    (result) => self.postMessage({ id: data.id, result }),
    (error) => self.postMessage({ id: data.id, error: String(error) }),
  );
};
