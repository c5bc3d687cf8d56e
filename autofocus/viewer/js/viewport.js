// Which part of the image is on the stage: zoom and pan, as pure functions of a view
// `{ zoom, pan, reach }`. `pan` is the place (shares of the image) in the stage's upper left
// corner; `reach` is how many images fit across and down the stage at zoom 1, at least 1 each.

const CLOSEST = 12; // largest zoom of an image that fills its stage

// The reach of an image in a stage, both given by their width over their height.
export function reachOf(image, stage) {
  return [Math.max(1, stage / image), Math.max(1, image / stage)];
}

// How much of the image, in shares, the stage shows across and down.
export function spanOf({ zoom, reach }) {
  return reach.map((value) => value / zoom);
}

// The place of the image at a place of the stage, both in shares from the upper left.
export function imagePlace(view, at) {
  const span = spanOf(view);
  return at.map((value, k) => view.pan[k] + value * span[k]);
}

// The place of the stage at a place of the image.
export function stagePlace(view, place) {
  const span = spanOf(view);
  return place.map((value, k) => (value - view.pan[k]) / span[k]);
}

// A side that fits is in the middle; of one that does not, nothing but the image is shown.
export function clampPan(view) {
  const span = spanOf(view);
  view.pan = view.pan.map((value, k) =>
    span[k] >= 1 ? (1 - span[k]) / 2 : Math.min(Math.max(value, 0), 1 - span[k])
  );
}

// Zooms so that the place under `at` (shares of the stage) stays where it is.
export function zoomAt(view, at, factor) {
  const place = imagePlace(view, at);
  const limit = CLOSEST * Math.max(...view.reach);
  view.zoom = Math.min(Math.max(view.zoom * factor, 1), limit);
  const span = spanOf(view);
  view.pan = place.map((value, k) => value - at[k] * span[k]);
  clampPan(view);
}

// Moves the image by shares of the stage.
export function panBy(view, step) {
  const span = spanOf(view);
  view.pan = view.pan.map((value, k) => value - step[k] * span[k]);
  clampPan(view);
}

// Left, top, right and bottom of what is shown of the image, in shares.
export function shownBox(view) {
  const span = spanOf(view);
  const clamp = (value) => Math.min(Math.max(value, 0), 1);
  return [...view.pan, view.pan[0] + span[0], view.pan[1] + span[1]].map(clamp);
}
