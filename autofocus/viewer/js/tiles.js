// Which part of the photo is worth fetching at its full resolution; pure functions.

import { shownBox, spanOf } from './viewport.js';

const SMEARED = 1.2; // screen pixels for a pixel of the preview from which on it looks soft
const AROUND = 0.2; // of the shown part is fetched on each side, for small moves

const covers = ([left, top, right, bottom], part) =>
  left <= part[0] && top <= part[1] && right >= part[2] && bottom >= part[3];

// Pixels of a tile, or of the preview, for the whole image's width.
export function densityOf({ width, frame }) {
  return width / (frame[2] - frame[0]);
}

// Whether a tile shows all that the stage does, in more detail than the preview.
export function isCovered(view, tile) {
  return Boolean(tile) && view.zoom > 1 && covers(tile.box, shownBox(view));
}

// Left, top, right and bottom (shares of the image) of the tile that would make the screen sharper
// than the preview and the tile at hand do, or null. `width`: of the photo itself; `screen`: pixels
// across the stage.
export function wantedBox(view, preview, tile, width, screen) {
  const needed = Math.min(screen / spanOf(view)[0], width);
  if (view.zoom <= 1 || needed <= SMEARED * densityOf(preview)) return null;
  if (isCovered(view, tile) && needed <= SMEARED * densityOf(tile)) return null;
  const [left, top, right, bottom] = shownBox(view);
  const [x, y] = [AROUND * (right - left), AROUND * (bottom - top)];
  const grown = [left - x, top - y, right + x, bottom + y];
  return grown.map((value) => Math.min(Math.max(value, 0), 1));
}
