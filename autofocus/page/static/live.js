// The controls move the live lens without a request; where the browser cannot draw, the server does.
const find = (selector) => document.querySelector(selector);
const slider = (id) => find(`#${id} input[type=range]`);
const ask = (what) => window.autofocusAsk?.(what);
const defaults = {};
const SENDING = 2000;       // milliseconds that a photo may take to reach the server
let placed;                 // what the focus slider was set to by us, not by a hand
let [before, now] = [0, 0]; // the last two places at which the focus came to rest

const lens = () => {
  const viewer = window.autofocus?.viewers?.main;
  return viewer?.lens && viewer.scene && !viewer.lost ? viewer : undefined;
};

const place = (id, value) => {
  const input = slider(id);
  input.value = value;
  input.dispatchEvent(new Event('input', { bubbles: true }));
};

const mark = (focus) => {
  const line = find('.histogram .now'), x = String(640 * focus);
  line?.setAttribute('x1', x);
  line?.setAttribute('x2', x);
};

const explain = (text) => { find('#why').textContent = text; };

const settle = (focus) => { if (focus !== now) [before, now] = [now, focus]; };

const moveTo = (focus, why) => {
  placed = Math.round(focus * 1000) / 1000;
  lens()?.setFocus(placed);
  place('focus', placed);
  mark(placed);
  explain(why);
  settle(placed);
};

const stops = () => find('#f-number').dataset.stops.split(',').map(Number);

const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

const page = {
  moved(focus) {
    mark(focus);
    if (focus === placed) return;
    placed = undefined;
    const viewer = lens();
    if (!viewer) return ask('drag');
    viewer.reticle = null;
    viewer.setFocus(focus);
    explain('Set by hand.');
  },
  rested(focus) {
    if (!lens()) return ask('rest');
    settle(Number(focus));
  },
  opened(stop) {
    const number = stops()[stop];
    find('#f-number').textContent = `f/${number}`;
    slider('aperture').setAttribute('aria-valuetext', `f/${number}`);
    if (lens()) lens().setFStop(number); else ask('rest');
  },
  bladed(blades) { if (lens()) lens().setBlades(blades); else ask('rest'); },
  lit(highlights) { lens()?.setHighlights(highlights); },
  litAtRest() { if (!lens()) ask('rest'); },
  coloured(palette) { if (lens()) lens().setPalette(palette); else ask('recolour'); },
  peaked(on) { window.autofocus?.viewers?.main?.setPeaking(on); },
  auto() {
    const value = lens()?.value;
    if (value) moveTo(value.focus, sentence(value.reason)); else ask('auto');
  },
  pull,
  pulledFrom: () => before,
};
window.autofocusPage = page;

// The focus moves from where it was last to where it is, as a camera assistant would pull it.
async function pull() {
  const viewer = lens(), [from, to, seconds] = [before, now, window.autofocus.constants.PULL];
  if (!viewer) return;
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) {
    viewer.setFocus(from);
    await new Promise((done) => setTimeout(done, 700));
    return viewer.setFocus(to);
  }
  const start = performance.now();
  const step = (time) => {
    const share = Math.min(Math.max((time - start) / seconds / 1000, 0), 1);
    viewer.setFocus(from + (to - from) * share * share * (3 - 2 * share));
    mark(viewer.state.focus);
    if (share < 1 && viewer === lens()) requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}

// Other viewers on the page tell of themselves too.
const isOurs = ({ target }) => Boolean(target.closest('#viewer'));

document.addEventListener('af-loaded', (event) => {
  if (!isOurs(event)) return;
  const { focus, reason } = lens()?.value ?? {};
  if (focus === undefined) return;
  moveTo(focus, sentence(reason));
  [before, now] = [focus > 0.5 ? 0 : 1, placed]; // the first pull comes from the far end
  for (const id of ['aperture', 'highlights']) if (slider(id)) defaults[id] ??= slider(id).value;
  slider('focus').setAttribute('aria-describedby', 'why');
  slider('aperture').setAttribute('aria-valuetext', find('#f-number').textContent);
});

document.addEventListener('af-focuspick', (event) => {
  if (!isOurs(event)) return;
  const { focus, x, y } = event.detail;
  const [width, height] = lens().value.size;
  const at = x === null ? '' : `Picked at ${Math.floor(x * width)}, ${Math.floor(y * height)}.`;
  moveTo(focus, at || 'Set by hand.');
});

// A photo that is handed in comes first: while it is sent, the one that is shown is not refined.
for (const what of ['change', 'drop']) {
  document.addEventListener(what, ({ target }) => {
    if (target.closest('#upload')) lens()?.pause(SENDING);
  }, true);
}

document.addEventListener('dblclick', ({ target }) => {
  const id = target.matches('input[type=range]') && target.closest('[id].block')?.id;
  if (id === 'focus') page.auto();
  else if (id in defaults) place(id, defaults[id]);
});

// Sliders step as a hand wants them: finely, and with Shift coarsely.
document.addEventListener('keydown', (event) => {
  const way = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
  if (event.target !== slider('focus') || !way) return;
  event.preventDefault();
  const value = Number(event.target.value) + way * (event.shiftKey ? 0.05 : 0.005);
  place('focus', Math.min(Math.max(value, 0), 1));
});

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches('input:not([type=range]), textarea, select')) return;
  const viewer = lens();
  if (!viewer || !viewer.canvas.checkVisibility()) return;
  if (event.key >= '1' && event.key <= '4') viewer.setView(Number(event.key) - 1);
  else if (event.key === 'c') viewer.setCompare(!viewer.state.compare);
  else if (event.key === 'a') page.auto();
  else if (event.key === 'p') page.pull();
});
