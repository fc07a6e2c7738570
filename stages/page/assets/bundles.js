"use strict";
// Unpacks what stages/page/bundles.py packs; in the page and in its workers.

/** Bytes of base64 text. */
function fromBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

/** Bundle {facts, arrays}: each array is a typed array, `values`, with its `shape`. */
async function unpack(text) {
  const packed = new Blob([fromBase64(text)]).stream().pipeThrough(new DecompressionStream("deflate"));
  const buffer = await new Response(packed).arrayBuffer();
  const length = new DataView(buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const arrays = {};
  for (const [name, entry] of Object.entries(head.arrays)) {
    arrays[name] = { shape: entry.shape, values: readArray(buffer, 4 + length + entry.start, entry) };
  }
  return { facts: head.facts, arrays };
}

/** The values of one array, row by row. */
function readArray(buffer, start, entry) {
  const size = entry.shape.reduce((product, side) => product * side, 1);
  const kinds = { uint8: Uint8Array, int32: Int32Array, float32: Float32Array };
  return entry.type === "quantised" ? restore(buffer, start, size, entry) : new kinds[entry.type](buffer, start, size);
}

/** Floats of whole numbers and their scales: see `Quantised` in stages/page/bundles.py. */
function restore(buffer, start, size, { shape: [rows, columns], bits, axis }) {
  const scales = new Float32Array(buffer, start, axis ? columns : rows);
  const high = new Int8Array(buffer, start + 4 * scales.length, size);
  const values = Float32Array.from(high);
  let place = start + 4 * scales.length + size;
  for (let bit = 8; bit < bits; bit++, place += Math.ceil(size / 8)) {
    const plane = new Uint8Array(buffer, place, Math.ceil(size / 8));
    for (let k = 0; k < size; k++) values[k] = 2 * values[k] + ((plane[k >> 3] >> (7 - (k & 7))) & 1);
  }
  for (let i = 0, k = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++, k++) values[k] *= scales[axis ? j : i];
  }
  return values;
}
