// A viewer: what a page may call, and what happens to a photo that is shown.

import { Brush } from './brush.js';
import { CONSTANTS } from './constants.js';
import { Controls } from './controls.js';
import { depthAt } from './depth.js';
import { listenToCanvas } from './gestures.js';
import { Lens } from './lens.js';
import { Marks } from './marks.js';
import { fetchScene } from './scene.js';
import { Schedule } from './schedule.js';
import { BRUSHES, initialState, lensChanges, viewNumber } from './state.js';
import { isCovered, wantedBox } from './tiles.js';
import { clampPan, reachOf, zoomAt } from './viewport.js';

const LARGEST_CANVAS = 4096; // pixels of a side
const COARSE = 1 / 2; // of the canvas's sides, while a pointer moves that waits for frames
const KEY_ZOOM = 1.25; // by a press of + or -
const SMOOTH = 32; // samples from which on a tile is better than the preview
const LAYERS = 3000; // milliseconds that a photo's layers may take to come
const STANDING = 300; // milliseconds without a move after which a tile is worth asking for

export class AutofocusViewer {
  constructor(element, trigger) {
    Object.assign(this, { element, trigger, state: initialState(), version: 0 });
    this.controls = new Controls(element);
    this.canvas = this.controls.canvas;
    const [dots, reticle] = ['dots', 'reticle'].map(this.controls.find);
    this.marks = new Marks(dots, reticle, (x, y) => this.pick(x, y));
    this.schedule = new Schedule({
      canDraw: () => Boolean(this.base) && !this.lost && !this.busy && this.isShown,
      draw: (work) => this.draw(work),
      isCoarse: () => this.exposure?.level > 0,
    });
    this.listen();
    this.begin();
  }

  listen() {
    this.controls.listen(this);
    listenToCanvas(this.canvas, this.state, {
      redraw: () => this.changeView(),
      picked: (place) => this.pick(...place),
      brush: () => (this.state.brush ? this.brush : undefined),
    });
    this.canvas.addEventListener('webglcontextlost', (event) => {
      event.preventDefault();
      this.lose();
    });
    this.canvas.addEventListener('webglcontextrestored', () => this.restore());
    new ResizeObserver(() => this.schedule.redraw()).observe(this.controls.stage);
  }

  begin() {
    try {
      this.lens = new Lens(this.canvas);
      this.say('');
    } catch (error) {
      this.lens = undefined;
      this.fail(`This browser cannot draw the lens itself (${error.message}); the server does it.`);
    }
  }

  fail(text) {
    this.element.dataset.webgl = 'missing';
    this.say(text);
    this.tell('unsupported', { reason: text });
  }

  say(text) {
    this.controls.say(text);
  }

  key(event) {
    const ways = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1 };
    if (event.key === 'Escape') this.setBrush(null);
    else if (event.key === '0') this.fit();
    else if (event.key === '+' || event.key === '-') {
      zoomAt(this.state, [0.5, 0.5], event.key === '+' ? KEY_ZOOM : 1 / KEY_ZOOM);
      this.changeView();
    } else if (ways[event.key]) {
      event.preventDefault();
      const step = CONSTANTS.FOCUS_STEPS[Number(event.shiftKey)];
      this.setFocus(this.state.focus + ways[event.key] * step);
      this.tell('focuspick', { focus: this.state.focus, x: null, y: null });
    }
  }

  // A photo with its maps, and how the lens begins; or the layers or a tile of the photo that is shown.
  async load(value) {
    if (!value?.photo) return this.clear();
    const { run } = value;
    if (this.knows(value)) return this.loadTile(value.tile);
    this.run = run;
    const aspect = this.controls.shape(...value.size);
    this.state.reach = reachOf(value.size[0] / value.size[1], aspect);
    if (!value.maps) return this.controls.wait(value.photo.url);
    try {
      const scene = await fetchScene(value);
      if (this.run !== run || this.knows(value)) return;
      if (this.scene && this.value.run === run) this.takeLayers(scene, value);
      else this.take(scene, value);
    } catch (error) {
      if (this.run === run) this.say(`The photo cannot be shown: ${error.message}.`);
    }
  }

  // Whether the photo that is shown is this one, with its layers if this has any.
  knows({ run, front }) {
    return Boolean(this.scene) && this.value.run === run && Boolean(this.value.front || !front);
  }

  // The layers of the photo that is shown: whatever the visitor has done since stays.
  takeLayers(scene, value) {
    Object.assign(this, { scene, value });
    this.pause(0);
    this.upload();
  }

  take(scene, value) {
    Object.assign(this, { scene, value, shown: this.lens && value.run });
    Object.assign(this.state, lensChanges(this.state, value));
    this.state.zoom = 1;
    clampPan(this.state);
    this.clearReticle();
    this.dropTile();
    this.brush = scene.painted && this.lens ? this.newBrush() : undefined;
    this.state.brush = null;
    this.lens?.setCorrection(this.brush?.correction ?? null);
    this.element.classList.remove('af-busy');
    this.marks.setDots(value.dots ?? []);
    if (!value.front) this.pause(LAYERS); // what is refined before is void then
    this.upload();
    this.tell('loaded', { run: value.run });
  }

  // Full-resolution files of the part that is looked at.
  async loadTile(tile) {
    if (!tile || tile.run === this.tileRun) return;
    const { run } = this;
    this.tileRun = tile.run;
    try {
      const scene = await fetchScene(tile);
      if (this.run !== run || this.tileRun !== tile.run || !this.base) return;
      this.tile?.delete();
      this.tile = this.lens.open(scene);
      this.redraw();
    } catch (error) {
      if (this.run === run) this.say(`The details cannot be shown: ${error.message}.`);
    }
  }

  dropTile() {
    if (!this.lost) this.tile?.delete();
    this.tile = this.tileRun = this.asked = undefined;
  }

  upload() {
    if (!this.lens || !this.scene || this.lens.gl.isContextLost()) return;
    this.base?.delete();
    this.base = this.lens.open(this.scene);
    if (this.brush) this.lens.setCorrection(this.brush.correction);
    this.changeLens(); // as if the pointer moved: a coarse image at once rather than a fine one later
  }

  clear() {
    this.run = this.scene = this.shown = undefined;
    this.dropTile();
    this.base?.delete();
    this.base = undefined;
    this.element.classList.remove('af-ready', 'af-busy');
  }

  // Another viewer has taken this one's place on the page; browsers keep few contexts.
  retire() {
    this.retired = true;
    this.lens?.gl.getExtension('WEBGL_lose_context')?.loseContext();
  }

  lose() {
    this.lost = true;
    this.dropTile();
    if (this.retired) return;
    this.fail('The graphics card was taken away; until it comes back, the server draws the image.');
  }

  restore() {
    this.lost = false;
    this.base = undefined;
    this.begin();
    if (!this.lens) return;
    delete this.element.dataset.webgl;
    this.upload();
    this.tell('supported', {});
  }

  // Fields of the lens by Python's names, such as { f_stop: 2.8, cats_eye: 0.5 }.
  setLens(fields) {
    const changes = lensChanges(this.state, fields);
    if (!Object.keys(changes).length) return;
    Object.assign(this.state, changes);
    this.changeLens();
  }

  setFocus(value) {
    this.setLens({ focus: value });
  }

  setFocusRange(value) {
    this.setLens({ focus_range: value });
  }

  setFStop(value) {
    this.setLens({ f_stop: value });
  }

  setBlades(value) {
    this.setLens({ blades: value });
  }

  setRotation(value) {
    this.setLens({ rotation: value });
  }

  setHighlights(value) {
    this.setLens({ highlights: value });
  }

  setCatsEye(value) {
    this.setLens({ cats_eye: value });
  }

  setSpherical(value) {
    this.setLens({ spherical: value });
  }

  // Fields of the state that are no lens's.
  set(fields) {
    Object.assign(this.state, fields);
    this.redraw();
  }

  setPeaking(on) {
    this.set({ peaking: Boolean(on) });
  }

  setPalette(name) {
    if (name in CONSTANTS.PALETTES) this.set({ palette: name });
  }

  setSubjectOn(what) {
    if (['depth', 'photo'].includes(what)) this.set({ subjectOn: what });
  }

  setView(view) {
    const number = viewNumber(view);
    const other = this.state.other === number ? Number(number !== 1) : this.state.other;
    this.set({ view: number, other });
  }

  // The view to the left of the handle.
  setOther(view) {
    this.set({ other: viewNumber(view) });
  }

  setCompare(on) {
    this.set({ compare: Boolean(on) });
  }

  setDivide(share) {
    this.set({ divide: share });
  }

  // Takes a brush (a name of BRUSHES) in hand, or none (null): strokes then paint, and do not focus.
  setBrush(name) {
    if (name !== null && !BRUSHES.includes(name)) return;
    if (!this.scene || !this.lens) return;
    if (name) this.brush ??= this.newBrush();
    this.set({ brush: name });
  }

  setBrushSize(share) {
    this.set({ brushSize: share });
  }

  newBrush() {
    const { run } = this.value;
    return new Brush(this.scene, this.state, {
      changed: (correction) => {
        this.lens.setCorrection(correction.isEmpty ? null : correction);
        this.changeLens();
      },
      rested: async () => {
        const png = await this.correctionPng();
        if (this.value.run === run) this.tell('corrected', { run, png });
      },
    });
  }

  // What is painted, as a data URL of an 8-bit grey PNG; null if nothing is.
  async correctionPng() {
    return this.brush ? await this.brush.png() : null;
  }

  // Shows the same part in the same view as another viewer's state says, and tells nobody.
  syncView({ view, zoom, pan, subjectOn }) {
    Object.assign(this.state, { view, zoom, pan: [...pan], subjectOn });
    clampPan(this.state);
    this.showState();
  }

  fit() {
    zoomAt(this.state, [0, 0], 0);
    this.changeView();
  }

  pick(x, y) {
    if (!this.scene || x < 0 || y < 0 || x >= 1 || y >= 1) return;
    this.aim(x, y);
    this.announce('picked', { x, y });
    this.tell('focuspick', { focus: this.state.focus, x, y });
  }

  // Focuses on a place as a click does, and tells nobody.
  aim(x, y) {
    this.reticle = [x, y];
    this.setFocus(depthAt(this.scene, x, y));
    this.redraw();
  }

  clearReticle() {
    this.reticle = null;
  }

  // Shares (x, y) of the image, or null.
  set reticle(place) {
    this.marks.target = place;
  }

  get reticle() {
    return this.marks.target;
  }

  // To Python, and to the page.
  tell(what, data) {
    this.trigger(what, data);
    this.announce(what, data);
  }

  // For what stands around it on the page, such as other viewers that are to look the same.
  announce(what, detail = {}) {
    const event = { bubbles: true, detail: { viewer: this, ...detail } };
    this.element.dispatchEvent(new CustomEvent(`af-${what}`, event));
  }

  changeLens() {
    this.announce('changed');
    this.schedule.change();
    this.showState();
  }

  // The zoom or the place has changed.
  changeView() {
    clearTimeout(this.standing);
    this.standing = setTimeout(() => this.askForTile(), STANDING);
    this.redraw();
  }

  redraw() {
    this.announce('changed');
    this.showState();
  }

  showState() {
    this.controls.show(this.state);
    this.schedule.redraw();
  }

  askForTile() {
    if (!this.base || this.lost || this.busy) return;
    const { state, scene, tile, value } = this;
    const screen = this.controls.screen[0];
    const box = wantedBox(state, scene, tile?.scene, value.size[0], screen);
    if (box && String(box) !== this.asked) this.tell('tile', { run: value.run, box });
    this.asked = String(box);
  }

  draw({ stale, dragging, asked }) {
    const { state, lens, base } = this;
    const exposure = isCovered(state, this.tile?.scene) ? this.tile : base;
    this.exposure = exposure;
    if (stale) this.version += 1;
    const correction = lens.isCorrected ? this.brush.correction : undefined;
    if (exposure.version !== this.version) exposure.restart(state, dragging, correction);
    exposure.version = this.version;
    // A tile is not shown before it is better than what is there.
    const refines = state.compare || (state.view === 0 && !dragging);
    const early = refines && exposure.taken < SMOOTH && base.version === this.version;
    const shown = early ? base : exposure;
    const coarse = dragging && exposure.level > 0 && state.view === 0 && !state.compare;
    const resized = this.fitCanvas(shown, coarse ? COARSE : 1);
    lens.frame(exposure, shown, state, dragging, asked || resized);
    this.marks.place(state);
    return refines && !exposure.finished;
  }

  // The canvas has the preview's pixels, or, where it shows others, the screen's; or a share of them.
  fitCanvas(shown, share) {
    const { canvas, scene, state, controls } = this;
    const others = shown !== this.base || Math.max(...state.reach) > 1;
    const screen = controls.screen.map((side) => Math.min(side, LARGEST_CANVAS));
    const sides = others && screen[0] ? screen : [scene.width, scene.height];
    const [width, height] = sides.map((side) => Math.ceil(side * share));
    if (canvas.width === width && canvas.height === height) return false;
    Object.assign(canvas, { width, height });
    return true;
  }

  // Refines the image later: the page has other work for the browser.
  pause(milliseconds) {
    this.schedule.pause(milliseconds);
  }

  get busy() {
    return this.controls.isBusy;
  }

  // One that is hidden leaves the graphics card to those that are seen.
  get isShown() {
    return this.controls.screen[0] > 0;
  }

  get frames() {
    return this.schedule.frames;
  }

  get requested() {
    return this.schedule.requested;
  }

  get finished() {
    return Boolean(this.exposure?.finished) && this.schedule.isIdle;
  }
}
