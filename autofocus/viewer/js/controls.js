// The component's own elements: buttons of the views, the handle between two, notes.

import { showsSubject } from './state.js';

// Width over height of the stage, at least and at most: a longer image has room to be zoomed into.
const ASPECTS = [0.5, 2.5];

export class Controls {
  constructor(element) {
    this.element = element;
    this.find = (name) => element.querySelector(`.af-${name}`);
    this.views = [...element.querySelectorAll('[data-view]')];
    this.brushes = [...element.querySelectorAll('[data-brush]')];
    [this.canvas, this.stage] = [this.find('canvas'), this.find('stage')];
  }

  // Calls methods of the viewer by what a visitor does.
  listen(viewer) {
    for (const button of this.views) {
      button.addEventListener('click', () => viewer.setView(Number(button.dataset.view)));
    }
    const on = (name, event, act) =>
      this.find(name).addEventListener(event, ({ target }) => act(target));
    on('compare', 'click', () => viewer.setCompare(!viewer.state.compare));
    on('other', 'change', (target) => viewer.setOther(Number(target.value)));
    on('divide', 'input', (target) => viewer.setDivide(Number(target.value) / 100));
    on('subject-on', 'click', () => {
      viewer.setSubjectOn(viewer.state.subjectOn === 'depth' ? 'photo' : 'depth');
    });
    for (const button of this.brushes) {
      button.addEventListener('click', () => viewer.setBrush(button.dataset.brush));
    }
    for (const button of this.element.querySelectorAll('[data-act]')) {
      button.addEventListener('click', () => viewer.brush.act(button.dataset.act));
    }
    on('brush-done', 'click', () => viewer.setBrush(null));
    on('brush-size', 'input', (target) => viewer.setBrushSize(Number(target.value)));
    this.canvas.addEventListener('keydown', (event) => viewer.key(event));
  }

  // What the state says.
  show(state) {
    const press = (button, on) => button.setAttribute('aria-pressed', String(on));
    for (const button of this.views) press(button, Number(button.dataset.view) === state.view);
    press(this.find('compare'), state.compare);
    this.find('divide').hidden = this.find('other').hidden = !state.compare;
    this.find('other').value = String(state.other);
    press(this.find('subject-on'), state.subjectOn === 'photo');
    this.find('subject-on').hidden = !showsSubject(state);
    for (const button of this.brushes) press(button, button.dataset.brush === state.brush);
    this.find('brushes').hidden = !state.brush;
    this.element.classList.toggle('af-zoomed', state.zoom > 1);
    this.element.classList.toggle('af-brushing', Boolean(state.brush));
  }

  say(text) {
    this.find('note').textContent = text;
  }

  // Makes room for an image of this size; returns the stage's width over its height.
  shape(width, height) {
    const aspect = Math.min(Math.max(width / height, ASPECTS[0]), ASPECTS[1]);
    if (this.stage.style.getPropertyValue('--aspect') !== String(aspect)) {
      // Another image takes the place of the one before, rather than that one moving.
      this.stage.hidden = true;
      const show = () => {
        this.stage.hidden = false;
      };
      requestAnimationFrame(() => requestAnimationFrame(show));
    }
    this.stage.style.setProperty('--aspect', String(aspect));
    this.element.classList.add('af-ready');
    return aspect;
  }

  // A photo that is still being analysed.
  wait(url) {
    this.find('waiting').src = url;
    this.element.classList.add('af-busy');
  }

  get isBusy() {
    return this.element.classList.contains('af-busy');
  }

  // Screen pixels across and down the stage; 0 while it is not shown.
  get screen() {
    const { clientWidth, clientHeight } = this.stage;
    return [clientWidth, clientHeight].map((side) => Math.round(side * devicePixelRatio));
  }
}
