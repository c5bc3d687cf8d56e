// Wheel, drag, pinch, click and double click on the canvas.

const CLICK = 5;       // pixels that a click may move
const NEAREST = 12;    // largest zoom

function clampPan(state) {
  state.pan = state.pan.map((value) => Math.min(Math.max(value, 0), 1 - 1 / state.zoom));
}

function shares(canvas, event) {
  const box = canvas.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
}

// Zooms so that the place under `at` (shares of the canvas) stays where it is.
function zoomAt(state, at, factor) {
  const before = state.zoom;
  state.zoom = Math.min(Math.max(before * factor, 1), NEAREST);
  state.pan = state.pan.map((value, k) => value + at[k] / before - at[k] / state.zoom);
  clampPan(state);
}

function listen(canvas, state, { redraw, picked }) {
  const down = new Map();
  let moved = 0;
  const leave = (event) => down.delete(event.pointerId);
  canvas.addEventListener('wheel', (event) => {
    event.preventDefault();
    zoomAt(state, shares(canvas, event), Math.exp(-event.deltaY * 0.0015));
    redraw();
  }, { passive: false });
  canvas.addEventListener('dblclick', () => { zoomAt(state, [0, 0], 0); redraw(); });
  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId);
    if (!down.size) moved = 0;
    down.set(event.pointerId, [event.clientX, event.clientY]);
    if (down.size > 1) moved = Infinity;
  });
  canvas.addEventListener('pointermove', (event) => {
    if (!down.has(event.pointerId)) return;
    moved += drag(canvas, state, down, event);
    if (moved > CLICK) redraw();
  });
  canvas.addEventListener('pointerup', (event) => {
    const known = down.has(event.pointerId);
    leave(event);
    if (known && moved <= CLICK) picked(shares(canvas, event).map((at, k) => state.pan[k] + at / state.zoom));
  });
  canvas.addEventListener('pointercancel', leave);
}

// One pointer pans, two zoom as well; returns the pixels moved.
function drag(canvas, state, down, event) {
  const box = canvas.getBoundingClientRect();
  const now = [event.clientX, event.clientY], before = down.get(event.pointerId);
  const step = now.map((value, k) => value - before[k]);
  if (down.size === 2) {
    const other = [...down].find(([id]) => id !== event.pointerId)[1];
    const apart = (place) => Math.hypot(place[0] - other[0], place[1] - other[1]) || 1;
    const middle = { clientX: (now[0] + other[0]) / 2, clientY: (now[1] + other[1]) / 2 };
    zoomAt(state, shares(canvas, middle), apart(now) / apart(before));
  }
  state.pan[0] -= step[0] / box.width / state.zoom / down.size;
  state.pan[1] -= step[1] / box.height / state.zoom / down.size;
  clampPan(state);
  down.set(event.pointerId, now);
  return Math.hypot(...step);
}
