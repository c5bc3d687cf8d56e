// The lens's controls: the browser renders what they say; where it cannot, the server is asked.

// The value of the lens for a control's value.
const lensValue = (field, value) => PAGE.controls[field].stops[value] ?? value;

// The control's value for a value of the lens.
const controlValue = (field, value) => {
  const { stops } = PAGE.controls[field];
  if (!stops.length) return value;
  const distances = stops.map((stop) => Math.abs(stop - value));
  return distances.indexOf(Math.min(...distances));
};

// What the page itself has set a control to; anything else is the visitor's doing.
const setByPage = {};
// The last two focus values at which the pointer came to rest: a focus pull goes from one to the other.
const rests = { before: 0, now: 0 };
const restAt = (focus) => {
  if (focus !== rests.now) [rests.before, rests.now] = [rests.now, focus];
};

const explain = (text, figures = '') => {
  const line = find('#why');
  if (line) [line.textContent, line.title] = [text, figures];
};

// Moves a slider as if somebody had dragged it, so that Gradio knows its value.
const moveSlider = (field, value) => {
  const slider = sliderOf(field);
  const rounded = Number(clamp(value, Number(slider.min), Number(slider.max)).toFixed(3));
  setByPage[field] = rounded;
  slider.value = rounded;
  slider.dispatchEvent(new Event('input', { bubbles: true }));
  return rounded;
};

const applyToViewer = (viewer, field, value) => {
  viewer.setLens({ [field]: lensValue(field, value) });
};

// Sets the focus, with its range and the reason for it.
const focusOn = (focus, range, text, figures) => {
  const viewer = mainViewer();
  for (const [field, value] of [['focus', focus], ['focus_range', range]]) {
    const rounded = moveSlider(field, value);
    if (viewer) applyToViewer(viewer, field, rounded);
  }
  explain(text, figures);
  restAt(setByPage.focus);
  if (!viewer) af.ask?.('rest');
};

const focusByDefault = () => {
  const { default: text, defaultFigures: figures } = find('#why').dataset;
  const viewer = mainViewer();
  viewer?.clearReticle();
  focusOn(defaultsOf('focus'), defaultsOf('focus_range'), text, figures);
};

const labelAperture = (stop) => {
  const label = `f/${lensValue('f_stop', stop)}`;
  find('#f-number').textContent = label;
  sliderOf('f_stop')?.setAttribute('aria-valuetext', label);
};

const isFocus = (field) => field === 'focus' || field === 'focus_range';

af.page = {
  // A control was set, by anybody.
  change(field, value) {
    if (field === 'f_stop') labelAperture(value);
    if (isFocus(field)) showBand();
  },
  // A control is being moved, by the visitor or by `moveSlider`.
  input(field, value) {
    af.page.change(field, value);
    if (setByPage[field] === value) return;
    delete setByPage[field];
    const viewer = mainViewer();
    if (isFocus(field)) explain(PAGE.says.byHand);
    if (!viewer) {
      if (isFocus(field)) af.ask?.('drag');
      else if (PAGE.controls[field].listed) af.ask?.('rest');
      return;
    }
    if (field === 'focus') viewer.clearReticle();
    applyToViewer(viewer, field, value);
  },
  // A slider was let go.
  release(field, value) {
    if (!mainViewer()) af.ask?.('rest');
    else if (field === 'focus') restAt(Number(value));
  },
  setPalette(name) {
    if (mainViewer()) mainViewer().setPalette(name);
    else af.ask?.('recolour');
  },
  setSubjectOn(what) {
    mainViewer()?.setSubjectOn(what);
  },
  // Takes the brush in hand, or puts it away.
  brush() {
    const viewer = mainViewer();
    viewer?.setBrush(viewer.state.brush ? null : 'sharp');
  },
  setPeaking(on) {
    mainViewer()?.setPeaking(on);
  },
  auto: focusByDefault,
  pull: () => pullFocus(mainViewer(), rests.before, rests.now),
  pullStart: () => rests.before,
};

const isMain = ({ target }) => Boolean(target.closest('#viewer'));

document.addEventListener('af-loaded', (event) => {
  if (!isMain(event)) return;
  const { focus } = mainViewer()?.value ?? {};
  if (focus === undefined) return;
  const placed = moveSlider('focus', focus);
  // The first pull comes from the end that is farther away.
  Object.assign(rests, { before: focus > 0.5 ? 0 : 1, now: placed });
  sliderOf('focus').setAttribute('aria-describedby', 'why');
  labelAperture(Number(sliderOf('f_stop').value));
});

document.addEventListener('af-focuspick', (event) => {
  if (!isMain(event)) return;
  const { focus, x, y } = event.detail;
  const [width, height] = mainViewer().value.size;
  if (x === null) focusOn(focus, Number(sliderOf('focus_range').value), PAGE.says.byHand);
  else focusOn(focus, 0, `Picked at ${Math.floor(x * width)}, ${Math.floor(y * height)}.`);
});
