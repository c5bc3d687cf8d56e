// The brush: strokes on the canvas become a correction, drawn at once.

import { CONSTANTS } from './constants.js';
import { Correction } from './correction.js';
import { greyPng } from './png.js';
import { spanOf } from './viewport.js';

const WAYS = { sharp: 1, blurred: -1, erase: 0 };

// Bytes of an image's pixels, four each.
function pixelsOf(image) {
  const context = new OffscreenCanvas(image.width, image.height).getContext('2d');
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, image.width, image.height).data;
}

export class Brush {
  // `changed` is called with the correction when it changes, `rested` when a stroke has ended.
  constructor(scene, state, { changed, rested }) {
    Object.assign(this, { state, changed, rested });
    const { photo, maps, width, height, painted } = scene;
    this.correction = new Correction(pixelsOf(photo), maps, width, height, painted);
  }

  // Pixels of the preview that the brush reaches: it is as large on the stage at every zoom.
  get radius() {
    const span = Math.min(1, spanOf(this.state)[0]);
    return Math.max(2, Math.round((this.state.brushSize / 2) * this.correction.width * span));
  }

  begin(place, { shiftKey }) {
    if (shiftKey) return this.flatten(place);
    this.correction.begin();
    this.stroke = { reference: this.correction.reference(...place, this.radius / 2), last: place };
    this.move(place);
  }

  // Dabs along the way from the last place, half a radius apart.
  move(place) {
    if (!this.stroke) return;
    const { correction, radius } = this;
    const { last, reference } = this.stroke;
    const step = [0, 1].map((k) => place[k] - last[k]);
    const length = Math.hypot(step[0] * correction.width, step[1] * correction.height);
    const dabs = Math.max(1, Math.ceil((2 * length) / radius));
    for (let n = 1; n <= dabs; n++) {
      const at = last.map((value, k) => value + (step[k] * n) / dabs);
      correction.dab(at, radius, WAYS[this.state.brush], reference);
    }
    this.stroke.last = place;
    this.changed(correction);
  }

  end() {
    if (!this.stroke) return;
    this.stroke = undefined;
    this.rested(this.correction);
  }

  // A second finger has come: the stroke was none.
  cancel() {
    if (!this.stroke) return;
    this.stroke = undefined;
    this.act('undo');
    this.correction.undone.pop();
  }

  flatten(place) {
    this.correction.flatten(place, this.state, CONSTANTS.PUSH);
    this.changed(this.correction);
    this.rested(this.correction);
  }

  // `what`: undo, redo or clear.
  act(what) {
    this.correction[what]();
    this.changed(this.correction);
    this.rested(this.correction);
  }

  // The correction as a data URL of an 8-bit grey PNG, or null if nothing is corrected.
  async png() {
    const { bytes, width, height, isEmpty } = this.correction;
    if (isEmpty) return null;
    const reader = new FileReader();
    const read = new Promise((done) => reader.addEventListener('load', done));
    reader.readAsDataURL(await greyPng(bytes, width, height));
    await read;
    return reader.result;
  }
}
