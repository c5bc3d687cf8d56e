// Finds the page's parts; everything that is not this script's own is asked for here.
const af = (window.autofocus ??= {});
const find = (selector) => document.querySelector(selector);
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const viewerNamed = (name) => af.viewers?.[name];

// The viewer of the photo that is open, if it renders; otherwise the server does.
const mainViewer = () => {
  const viewer = viewerNamed('main');
  return viewer?.lens && viewer.scene && !viewer.lost ? viewer : undefined;
};

const prefersNoMotion = () => matchMedia('(prefers-reduced-motion: reduce)').matches;
const sliderOf = (field) => find(`#${PAGE.controls[field].id} input[type=range]`);

// What the photo that is open begins with, field by field; the lens's own defaults otherwise.
const defaultsOf = (field) => {
  const own = JSON.parse(find('.histogram')?.dataset.defaults ?? 'null');
  return own?.[field] ?? PAGE.controls[field].default;
};

const isTyping = (target) => Boolean(target.closest?.('input:not([type=range]), textarea, select'));
