// What somebody paints on a photo: where the lens is to be sharper or more blurred than by depth.
// One byte a pixel of the preview, as in the exported file: UNTOUCHED, 255 sharp, 0 blurred.

import { CONSTANTS } from './constants.js';
import { defocus } from './depth.js';

export const { UNTOUCHED } = CONSTANTS;
const SHARPER = 255 - UNTOUCHED; // bytes above it
const MOST_UNDONE = 20; // strokes that are remembered
const COLOUR = 0.12; // of 0..1: colours that differ so much from the stroke's are hardly painted
const DEPTH = 0.06; // of 0..1: the same of depths
const SPOTS = [-1, -0.5, 0, 0.5, 1].flatMap((u) => [-1, -0.5, 0, 0.5, 1].map((v) => [u, v]));
const ONE_COLOUR = 0.3; // likeness from which on two pixels belong to one region

// How alike a pixel is to what a stroke began on, 0..1: by its depth (0..1), and by the most alike
// of the colours (three bytes each) that were there.
export function likeness(pixel, depth, { colours, depth: wanted }) {
  const far = (colour) => Math.hypot(...pixel.map((value, k) => (value - colour[k]) / 255));
  const colour = Math.min(...colours.map(far)) / COLOUR;
  return Math.exp(-(colour ** 2 + ((depth - wanted) / DEPTH) ** 2) / 2);
}

// The byte that a stroke of some strength (0..1) leaves; `way` is 1 for sharp, -1 for blurred.
export function painted(byte, way, strength) {
  if (way === 0) return Math.round(byte + (UNTOUCHED - byte) * strength);
  const target = Math.round(UNTOUCHED + way * strength * (way > 0 ? SHARPER : UNTOUCHED));
  return way > 0 ? Math.max(byte, target) : Math.min(byte, target);
}

// The byte with which a depth is blurred as much as another under a lens: `render.correct`,
// solved for the correction. What lies on the other side of the focus is made sharp.
export function flattened(lens, push, depth, wanted) {
  const [now, then] = [defocus(lens, depth), defocus(lens, wanted)];
  const towards = now === 0 ? 0 : Math.min(Math.max((now - then) / now, 0), 1);
  if (Math.abs(then) <= Math.abs(now) || now * then < 0) {
    return Math.round(UNTOUCHED + SHARPER * towards);
  }
  const away = Math.min((Math.abs(then) - Math.abs(now)) / push, 1);
  return Math.round(UNTOUCHED - UNTOUCHED * away);
}

export class Correction {
  // `photo`: its RGBA bytes; `maps`: four uint16 a pixel, of which the first is the depth; `bytes`:
  // what was painted before, if anything.
  constructor(photo, maps, width, height, bytes) {
    Object.assign(this, { photo, maps, width, height });
    this.bytes = bytes?.slice() ?? new Uint8Array(width * height).fill(UNTOUCHED);
    [this.undone, this.done] = [[], []];
    this.strokes = 0; // counts changes of `bytes` in place
  }

  begin() {
    this.done.push(this.bytes.slice());
    if (this.done.length > MOST_UNDONE) this.done.shift();
    this.undone = [];
  }

  undo() {
    this.swap(this.done, this.undone);
  }

  redo() {
    this.swap(this.undone, this.done);
  }

  swap(from, to) {
    if (!from.length) return;
    to.push(this.bytes);
    this.bytes = from.pop();
  }

  colour(at) {
    return [0, 1, 2].map((k) => this.photo[4 * at + k]);
  }

  depth(at) {
    return this.maps[4 * at] / 65535;
  }

  // The pixel at shares (x, y).
  pixel(x, y) {
    const column = Math.min(Math.max(Math.floor(x * this.width), 0), this.width - 1);
    const row = Math.min(Math.max(Math.floor(y * this.height), 0), this.height - 1);
    return [column, row];
  }

  // What is at a place: its depth, and the colours of that depth within `radius` pixels.
  reference(x, y, radius = 0) {
    const [column, row] = this.pixel(x, y);
    const depth = this.depth(row * this.width + column);
    const colours = [this.colour(row * this.width + column)];
    for (const [u, v] of SPOTS) {
      const i = Math.min(Math.max(column + Math.round(u * radius), 0), this.width - 1);
      const j = Math.min(Math.max(row + Math.round(v * radius), 0), this.height - 1);
      const at = j * this.width + i;
      if (Math.abs(this.depth(at) - depth) < DEPTH) colours.push(this.colour(at));
    }
    return { colours, depth };
  }

  clear() {
    this.begin();
    this.bytes.fill(UNTOUCHED);
    this.strokes += 1;
  }

  get isEmpty() {
    return this.bytes.every((byte) => byte === UNTOUCHED);
  }

  // One dab of the brush: a soft disc of `radius` pixels, where the photo is like the reference.
  dab([x, y], radius, way, reference) {
    this.strokes += 1;
    const [column, row] = this.pixel(x, y);
    const [left, right] = [Math.max(0, column - radius), Math.min(this.width - 1, column + radius)];
    const [top, bottom] = [Math.max(0, row - radius), Math.min(this.height - 1, row + radius)];
    for (let j = top; j <= bottom; j++) {
      for (let i = left; i <= right; i++) {
        const far = Math.hypot(i - column, j - row) / radius;
        if (far > 1) continue;
        const at = j * this.width + i;
        const like = likeness(this.colour(at), this.depth(at), reference);
        const strength = Math.min(2 * (1 - far), 1) * Math.min(1.3 * like, 1);
        this.bytes[at] = painted(this.bytes[at], way, strength);
      }
    }
  }

  // The pixels of the connected region of one colour around a place.
  region([x, y]) {
    const [column, row] = this.pixel(x, y);
    const { colours } = this.reference(x, y);
    const seen = new Uint8Array(this.bytes.length);
    const pixels = [row * this.width + column];
    seen[pixels[0]] = 1;
    const visit = (at, isInside) => {
      if (!isInside || seen[at]) return;
      seen[at] = 1;
      if (likeness(this.colour(at), 0, { colours, depth: 0 }) > ONE_COLOUR) pixels.push(at);
    };
    for (let k = 0; k < pixels.length; k++) {
      const at = pixels[k];
      visit(at - 1, at % this.width > 0);
      visit(at + 1, at % this.width < this.width - 1);
      visit(at - this.width, at >= this.width);
      visit(at + this.width, at + this.width < seen.length);
    }
    return pixels;
  }

  // Blurs a region as much as the place in it is blurred.
  flatten(place, lens, push) {
    this.begin();
    this.strokes += 1;
    const { depth } = this.reference(...place);
    for (const at of this.region(place)) {
      this.bytes[at] = flattened(lens, push, this.depth(at), depth);
    }
  }
}
