// The component: state, drawing, and what a page may call.

const VIEWS = ['Refocused', 'Photo', 'Depth', 'Subject'];
const LENS = ['focus', 'aperture', 'blades', 'rotation', 'highlights'];

class AutofocusViewer {
  constructor(element, sources, trigger) {
    this.find = (name) => element.querySelector(`.af-${name}`);
    [this.element, this.sources, this.trigger] = [element, sources, trigger];
    this.canvas = this.find('canvas');
    this.state = {
      focus: 0.5, aperture: 0.025, blades: 0, rotation: 0, highlights: 1, view: 0, other: 1,
      compare: false, divide: 0.5, zoom: 1, pan: [0, 0], peaking: false, palette: Object.keys(PALETTES)[0],
    };
    this.frames = 0;
    this.reticle = null;
    this.listen();
    this.begin();
  }

  begin() {
    try {
      this.lens = new Lens(this.canvas, this.sources);
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
    this.find('note').textContent = text;
  }

  listen() {
    const redraw = () => this.redraw();
    listen(this.canvas, this.state, { redraw, picked: (place) => this.pick(...place) });
    this.canvas.addEventListener('webglcontextlost', (event) => { event.preventDefault(); this.lose(); });
    this.canvas.addEventListener('webglcontextrestored', () => this.restore());
    this.canvas.addEventListener('keydown', (event) => this.key(event));
    this.element.querySelectorAll('[data-view]').forEach((button) => {
      button.addEventListener('click', () => this.setView(Number(button.dataset.view)));
    });
    this.find('compare').addEventListener('click', () => this.setCompare(!this.state.compare));
    this.find('other').addEventListener('change', (event) => this.setOther(Number(event.target.value)));
    this.find('divide').addEventListener('input', (event) => {
      this.state.divide = Number(event.target.value) / 100;
      redraw();
    });
  }

  key(event) {
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1 };
    if (event.key === '0') this.fit();
    else if (event.key === '+' || event.key === '-') {
      zoomAt(this.state, [0.5, 0.5], event.key === '+' ? 1.25 : 0.8);
      this.redraw();
    } else if (steps[event.key]) {
      event.preventDefault();
      const focus = this.state.focus + steps[event.key] * (event.shiftKey ? 0.05 : 0.005);
      this.setFocus(focus);
      this.tell('focuspick', { focus: this.state.focus, x: null, y: null });
    }
  }

  // A photo with its maps, and how the lens begins.
  async load(value) {
    if (!value || !value.photo) return this.clear();
    const run = value.run;
    this.run = run;
    this.shape(...value.size);
    if (!value.maps) return this.wait(value);
    try {
      const scene = await fetchScene(value);
      if (this.run === run) this.take(scene, value);
    } catch (error) {
      if (this.run === run) this.say(`The picture cannot be shown: ${error.message}.`);
    }
  }

  // Makes room for a picture of this size.
  shape(width, height) {
    const stage = this.find('stage'), aspect = String(width / height);
    if (stage.style.getPropertyValue('--aspect') !== aspect) {
      // Another picture takes the place of the one before, rather than that one moving.
      stage.hidden = true;
      requestAnimationFrame(() => requestAnimationFrame(() => { stage.hidden = false; }));
    }
    stage.style.setProperty('--aspect', aspect);
    this.element.classList.add('af-ready');
  }

  // A photo that is still being analysed; the one before is worked on no more.
  wait(value) {
    this.find('waiting').src = value.photo.url;
    this.element.classList.add('af-busy');
  }

  get busy() {
    return this.element.classList.contains('af-busy');
  }

  take(scene, value) {
    [this.scene, this.value, this.shown] = [scene, value, this.lens && value.run];
    for (const name of LENS) this.state[name] = value[name];
    Object.assign(this.state, { zoom: 1, pan: [0, 0] });
    this.reticle = null;
    [this.canvas.width, this.canvas.height] = [scene.width, scene.height];
    this.element.classList.remove('af-busy');
    this.placeDots(value.dots ?? []);
    this.upload();
    this.tell('loaded', { run: value.run });
  }

  upload() {
    if (!this.lens || !this.scene || this.lens.gl.isContextLost()) return;
    this.lens.unload();
    this.lens.load(this.scene);
    this.changed(); // as if a hand moved: a coarse picture at once rather than a fine one later
  }

  clear() {
    this.run = this.scene = this.shown = undefined;
    this.element.classList.remove('af-ready', 'af-busy');
    this.lens?.unload();
  }

  // Another viewer has taken this one's place on the page; browsers keep few contexts.
  retire() {
    this.retired = true;
    this.lens?.gl.getExtension('WEBGL_lose_context')?.loseContext();
  }

  lose() {
    this.lost = true;
    if (this.retired) return;
    this.fail('The graphics card was taken away; until it comes back, the server draws the picture.');
  }

  restore() {
    this.lost = false;
    this.begin();
    if (!this.lens) return;
    delete this.element.dataset.webgl;
    this.upload();
    this.tell('supported', {});
  }

  set(name, value, low, high) {
    const number = Math.min(Math.max(Number(value), low), high);
    if (!Number.isFinite(number) || this.state[name] === number) return;
    this.state[name] = number;
    this.changed();
  }

  setFocus(value) { this.set('focus', value, 0, 1); }
  setAperture(value) { this.set('aperture', value, 0, 0.25); }
  setFStop(value) { this.setAperture(0.05 / value); }
  setBlades(value) { this.set('blades', value < 3 ? 0 : value, 0, 16); }
  setRotation(value) { this.set('rotation', value, -360, 360); }
  setHighlights(value) { this.set('highlights', value, 0, 1); }
  setPeaking(on) { this.state.peaking = Boolean(on); this.redraw(); }
  setPalette(name) { if (name in PALETTES) this.state.palette = name; this.redraw(); }

  setView(view) {
    this.state.view = typeof view === 'number' ? view : Math.max(VIEWS.indexOf(view), 0);
    if (this.state.other === this.state.view) this.setOther(this.state.view === 1 ? 0 : 1);
    this.element.querySelectorAll('[data-view]').forEach((button) => {
      button.setAttribute('aria-pressed', String(Number(button.dataset.view) === this.state.view));
    });
    this.redraw();
  }

  // The view to the left of the handle.
  setOther(view) {
    this.state.other = view;
    this.find('other').value = String(view);
    this.redraw();
  }

  setCompare(on) {
    this.state.compare = on;
    this.find('compare').setAttribute('aria-pressed', String(on));
    this.find('divide').hidden = this.find('other').hidden = !on;
    this.redraw();
  }

  fit() {
    zoomAt(this.state, [0, 0], 0);
    this.redraw();
  }

  pick(x, y) {
    if (!this.scene) return;
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

  // To Python, and to the page.
  tell(what, data) {
    this.trigger(what, data);
    this.announce(what, data);
  }

  // For what stands around it on the page, such as other viewers that are to look the same.
  announce(what, detail = {}) {
    this.element.dispatchEvent(new CustomEvent(`af-${what}`, { bubbles: true, detail: { viewer: this, ...detail } }));
  }

  placeDots(dots) {
    this.dots = dots.length > 1 ? dots : [];
    this.find('dots').replaceChildren(...this.dots.map(([x, y], index) => {
      const dot = document.createElement('button');
      dot.type = 'button';
      dot.textContent = String(index + 1);
      dot.setAttribute('aria-label', `Focus on subject ${index + 1}`);
      dot.addEventListener('click', () => this.pick(x, y));
      return dot;
    }));
  }

  // The lens changed, and may change again at once: what was accumulated is void.
  changed() {
    this.stale = this.dragging = true;
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.rest(), RESTING);
    this.redraw();
  }

  rest() {
    this.dragging = false;
    if (this.lens?.level) this.stale = true;
    this.redraw();
  }

  redraw() {
    this.announce('changed');
    this.asked = true;
    this.request();
  }

  request() {
    if (this.requested || !this.lens?.textures || this.lost || this.busy) return;
    this.requested = requestAnimationFrame(() => {
      this.requested = undefined;
      this.draw();
    });
  }

  draw() {
    if (!this.lens?.textures || this.lost) return;
    if (this.stale) this.lens.restart(this.state, this.dragging);
    this.lens.frame(this.state, this.dragging, this.asked);
    this.stale = this.asked = false;
    this.frames += 1;
    this.placeMarks();
    const seen = this.state.compare || (this.state.view === 0 && !this.dragging);
    if (seen && !this.lens.finished && !this.paused) this.request();
  }

  // Refines the picture later: the page has other work for the browser.
  pause(milliseconds) {
    this.paused = true;
    clearTimeout(this.pausing);
    this.pausing = setTimeout(() => {
      this.paused = false;
      this.request();
    }, milliseconds);
  }

  placeMarks() {
    const place = (mark, [x, y]) => {
      const at = [x, y].map((value, k) => (value - this.state.pan[k]) * this.state.zoom);
      mark.style.left = `${100 * at[0]}%`;
      mark.style.top = `${100 * at[1]}%`;
      mark.hidden = at.some((value) => value < 0 || value > 1);
    };
    [...this.find('dots').children].forEach((dot, index) => place(dot, this.dots[index]));
    const reticle = this.find('reticle');
    reticle.hidden = !this.reticle;
    if (this.reticle) place(reticle, this.reticle);
  }

  get finished() {
    return Boolean(this.lens?.finished) && !this.stale && !this.dragging;
  }
}

const viewer = new AutofocusViewer(element, SOURCES, trigger);
window.autofocusViewers ??= {};
window.autofocusViewer ??= (id) => window.autofocusViewers[id];
window.autofocusViewers[NAME]?.retire();
window.autofocusViewers[NAME] = viewer;
watch('value', () => viewer.load(props.value));
viewer.load(props.value);
