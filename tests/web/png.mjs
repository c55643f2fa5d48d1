// A browser's picture in fewer bytes: 256 colours of a palette, which is enough for a page of text and lines.

import { crc32, deflateSync, inflateSync } from "node:zlib";

const COLOURS = 256;
const SIGNATURE_BYTES = 8;

function chunk(type, data) {
  const named = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}

/** The chunks of a type, joined. */
function partsOf(png, type) {
  const found = [];
  for (let at = SIGNATURE_BYTES; at < png.length; at += png.readUInt32BE(at) + 12) {
    if (png.toString("latin1", at + 4, at + 8) === type) {
      found.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
    }
  }
  return Buffer.concat(found);
}

function paeth(left, up, corner) {
  const guess = left + up - corner;
  const [byLeft, byUp, byCorner] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  return byLeft <= byUp && byLeft <= byCorner ? left : byUp <= byCorner ? up : corner;
}

/** What a line's filter has taken off each byte. */
const FILTERS = [
  () => 0,
  (left) => left,
  (left, up) => up,
  (left, up) => (left + up) >> 1,
  (left, up, corner) => paeth(left, up, corner),
];

/** Bytes of the pixels, line by line. */
function pixelsOf(png, { width, height, depth }) {
  const lines = inflateSync(partsOf(png, "IDAT"));
  const stride = width * depth;
  const out = Buffer.alloc(stride * height);
  for (let row = 0; row < height; row++) {
    const [to, from] = [row * stride, row * (stride + 1)];
    const taken = FILTERS[lines[from]];
    for (let at = 0; at < stride; at++) {
      const left = at >= depth ? out[to + at - depth] : 0;
      const up = row > 0 ? out[to + at - stride] : 0;
      const corner = at >= depth && row > 0 ? out[to + at - stride - depth] : 0;
      out[to + at] = lines[from + 1 + at] + taken(left, up, corner);
    }
  }
  return out;
}

const colourAt = (pixels, at) => (pixels[at] << 16) | (pixels[at + 1] << 8) | pixels[at + 2];

function distance(a, b) {
  const parts = [16, 8, 0].map((shift) => ((a >> shift) & 255) - ((b >> shift) & 255));
  return parts.reduce((sum, part) => sum + part * part, 0);
}

/** The most used colours, and for each colour of the picture the place of the one that is nearest. */
function paletteOf(pixels, depth) {
  const uses = new Map();
  for (let at = 0; at < pixels.length; at += depth) {
    const colour = colourAt(pixels, at);
    uses.set(colour, (uses.get(colour) ?? 0) + 1);
  }
  const colours = [...uses.keys()].sort((a, b) => uses.get(b) - uses.get(a)).slice(0, COLOURS);
  const nearest = (/** @type {number} */ colour) =>
    colours.reduce((best, one, at) => (distance(one, colour) < distance(colours[best], colour) ? at : best), 0);
  return { colours, places: new Map([...uses.keys()].map((colour) => [colour, nearest(colour)])) };
}

/** @param {Buffer} png of 8 bits a channel, not interlaced, as Chromium makes them @returns {Buffer} */
export function pngInPalette(png) {
  const head = Buffer.from(partsOf(png, "IHDR"));
  const depth = { 2: 3, 6: 4 }[head[9]];
  if (head[8] !== 8 || !depth || head[12] !== 0) {
    throw new Error("a PNG of another kind than Chromium's");
  }
  const [width, height] = [head.readUInt32BE(0), head.readUInt32BE(4)];
  const pixels = pixelsOf(png, { width, height, depth });
  const { colours, places } = paletteOf(pixels, depth);
  const lines = Buffer.alloc((width + 1) * height);
  for (let at = 0; at < width * height; at++) {
    lines[at + Math.floor(at / width) + 1] = places.get(colourAt(pixels, at * depth));
  }
  head[9] = 3; // by palette
  return Buffer.concat([
    png.subarray(0, SIGNATURE_BYTES),
    chunk("IHDR", head),
    chunk("PLTE", Buffer.from(colours.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]))),
    chunk("IDAT", deflateSync(lines, { level: 9, memLevel: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}
