// Wheel, drag, pinch, click and double click on the canvas.

import { imagePlace, panBy, zoomAt } from './viewport.js';

const CLICK = 5; // pixels that a click may move
const PINCH = 40; // pixels: wheel steps below it are those of a touchpad's pinch
const LEAVING = 250; // milliseconds after zooming out to the whole image that the page stands still

// Places of an event in shares of the canvas.
function stageShares(canvas, event) {
  const box = canvas.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
}

// By how much a wheel event zooms.
export function wheelFactor({ deltaY, deltaMode, ctrlKey }) {
  const pixels = deltaMode === 1 ? 16 * deltaY : deltaY;
  return Math.exp(-pixels * (ctrlKey && Math.abs(pixels) < PINCH ? 0.01 : 0.0015));
}

// Calls `redraw` when the view has changed, `picked` with the place (shares of the image) of a
// click, and `brush`, where a brush is in hand, with the phases of its strokes.
export function listenToCanvas(canvas, state, { redraw, picked, brush }) {
  listenToWheel(canvas, state, redraw);
  listenToPointers(canvas, state, { redraw, picked, brush });
  canvas.addEventListener('dblclick', () => {
    if (brush()) return;
    zoomAt(state, [0, 0], 0);
    redraw();
  });
  // Two fingers are ours, one scrolls the page while the whole image is shown.
  for (const what of ['touchstart', 'touchmove']) {
    const keep = (event) => event.touches.length > 1 && event.cancelable && event.preventDefault();
    canvas.addEventListener(what, keep, { passive: false });
  }
}

// While the whole image is shown, the wheel is the page's, unless Ctrl (or a pinch) says otherwise.
function listenToWheel(canvas, state, redraw) {
  let last = Number.NEGATIVE_INFINITY;
  const zoom = (event) => {
    const wanted = event.ctrlKey || event.metaKey || state.zoom > 1;
    if (!wanted && event.timeStamp - last > LEAVING) return;
    event.preventDefault();
    if (!wanted) return;
    last = event.timeStamp;
    zoomAt(state, stageShares(canvas, event), wheelFactor(event));
    redraw();
  };
  canvas.addEventListener('wheel', zoom, { passive: false });
}

function listenToPointers(canvas, state, { redraw, picked, brush }) {
  const down = new Map();
  let moved = 0;
  const place = (event) => imagePlace(state, stageShares(canvas, event));
  const painting = (event) => event.isPrimary && moved < Number.POSITIVE_INFINITY && brush();
  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId);
    if (!down.size) moved = 0;
    down.set(event.pointerId, [event.clientX, event.clientY]);
    if (down.size > 1) {
      if (moved < Number.POSITIVE_INFINITY) brush()?.cancel();
      moved = Number.POSITIVE_INFINITY;
    } else painting(event)?.begin(place(event), event);
  });
  canvas.addEventListener('pointermove', (event) => {
    if (!down.has(event.pointerId)) return;
    const stroke = painting(event);
    if (stroke) return stroke.move(place(event));
    moved += drag(canvas, state, down, event);
    if (moved > CLICK) redraw();
  });
  canvas.addEventListener('pointerup', (event) => {
    const known = down.delete(event.pointerId);
    const stroke = painting(event);
    if (stroke) return stroke.end();
    if (known && moved <= CLICK) picked(place(event));
  });
  canvas.addEventListener('pointercancel', (event) => {
    down.delete(event.pointerId);
    brush()?.cancel();
  });
}

// One pointer pans, two zoom as well; returns the pixels moved.
function drag(canvas, state, down, event) {
  const box = canvas.getBoundingClientRect();
  const now = [event.clientX, event.clientY];
  const before = down.get(event.pointerId);
  const step = now.map((value, k) => value - before[k]);
  if (down.size === 2) {
    const other = [...down].find(([id]) => id !== event.pointerId)[1];
    const apart = (place) => Math.hypot(place[0] - other[0], place[1] - other[1]) || 1;
    const middle = { clientX: (now[0] + other[0]) / 2, clientY: (now[1] + other[1]) / 2 };
    zoomAt(state, stageShares(canvas, middle), apart(now) / apart(before));
  }
  panBy(state, [step[0] / box.width / down.size, step[1] / box.height / down.size]);
  down.set(event.pointerId, now);
  return Math.hypot(...step);
}
