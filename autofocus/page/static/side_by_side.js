// Keeps the viewers inside the nearest `.together` alike: one view, one zoom, one focus.
// A click focuses each of them on that place, by its own depth there; slider and arrow keys focus
// all at the same fraction of their own depths, as the depths of two networks have no common scale.
const box = element.closest('.together');
const slider = element.querySelector('input');
const buttons = [...element.querySelectorAll('[data-view]')];
const orders = new WeakMap(); // scene → its depths, sorted
const focusValues = new WeakMap(); // scene → [the focus that it came with, the focus it has now]
let view = 0, busy = false;

const viewers = () =>
  Object.values(window.autofocus?.viewers ?? {})
    .filter((viewer) => viewer.scene && box.contains(viewer.element));

function depthsOf(scene) {
  if (!orders.has(scene)) {
    const { maps, width, height } = scene;
    const step = 4 * Math.max(1, Math.floor(width * height / 20000));
    const found = Uint16Array.from(
      { length: Math.ceil(maps.length / step) },
      (_, k) => maps[k * step],
    );
    orders.set(scene, found.sort());
  }
  return orders.get(scene);
}

function depthAtFraction(scene, fraction) {
  const depths = depthsOf(scene);
  return depths[Math.min(Math.floor(fraction * depths.length), depths.length - 1)] / 65535;
}

// The fraction of an image that is farther than a depth; what is as far counts half.
function shareOf(scene, depth) {
  const depths = depthsOf(scene), value = Math.round(depth * 65535);
  const below = depths.findIndex((other) => other >= value);
  const above = depths.findIndex((other) => other > value);
  return ((below < 0 ? depths.length : below) + (above < 0 ? depths.length : above)) / 2 /
    depths.length;
}

function focus(viewer, depth) {
  viewer.setFocus(depth);
  focusValues.get(viewer.scene)[1] = viewer.state.focus;
}

function focusAll(fraction, except) {
  for (const viewer of viewers()) {
    if (viewer !== except) focus(viewer, depthAtFraction(viewer.scene, fraction));
  }
}

// Changes that are made here are not followed in turn.
function quietly(act) {
  if (busy) return;
  busy = true;
  try {
    act();
  } finally {
    busy = false;
  }
}

function welcome(viewer) {
  const { scene, state } = viewer;
  focusValues.set(scene, [state.focus, state.focus]);
  slider.value = shareOf(scene, state.focus);
  if (state.view !== view) viewer.setView(view);
}

function follow(viewer) {
  if (!focusValues.has(viewer.scene)) return welcome(viewer);
  const known = focusValues.get(viewer.scene);
  if (viewer.state.focus !== known[1]) {
    known[1] = viewer.state.focus;
    slider.value = shareOf(viewer.scene, known[1]);
    focusAll(Number(slider.value), viewer);
  }
  for (const other of viewers()) {
    if (other !== viewer && focusValues.has(other.scene)) other.syncView({ ...viewer.state, view });
  }
}

box.addEventListener('af-changed', ({ detail: { viewer } }) => {
  if (viewer.scene && box.contains(viewer.element)) quietly(() => follow(viewer));
});
box.addEventListener('af-picked', ({ detail: { viewer, x, y } }) =>
  quietly(() => {
    for (const other of viewers()) {
      if (other === viewer) continue;
      other.aim(x, y);
      focusValues.get(other.scene)[1] = other.state.focus;
    }
  }));
slider.addEventListener('input', () => quietly(() => focusAll(Number(slider.value))));
element.querySelector('.tg-auto').addEventListener('click', () =>
  quietly(() => {
    for (const viewer of viewers()) {
      viewer.clearReticle();
      focus(viewer, focusValues.get(viewer.scene)[0]);
      viewer.redraw();
      slider.value = shareOf(viewer.scene, viewer.state.focus);
    }
  }));
for (const button of buttons) {
  button.addEventListener('click', () =>
    quietly(() => {
      view = Number(button.dataset.view);
      for (const other of buttons) other.setAttribute('aria-pressed', String(other === button));
      for (const viewer of viewers()) viewer.setView(view);
    }));
}
