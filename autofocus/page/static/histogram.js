// The band of depth that is sharp, on the histogram: drag its middle or its ends, or use the keys.
const FINE = 0.005, COARSE = 0.05; // steps of the arrow keys

// From the far end of the band to its near end, both in [0, 1].
const bandOf = (focus, range) => [clamp(focus - range / 2, 0, 1), clamp(focus + range / 2, 0, 1)];

// The range whose end, on this side of the focus, lies at a depth.
const rangeTo = (focus, side, depth) => 2 * Math.max(side * (depth - focus), 0);

const focusNow = () => Number(sliderOf('focus').value);
const rangeNow = () => Number(sliderOf('focus_range').value);

function showBand() {
  const band = find('.band');
  if (!band || !sliderOf('focus') || !sliderOf('focus_range')) return;
  const [far, near] = bandOf(focusNow(), rangeNow());
  band.style.setProperty('--far', far);
  band.style.setProperty('--near', near);
  band.style.setProperty('--focus', focusNow());
  for (const [name, depth] of [['far', far], ['near', near]]) {
    const end = band.querySelector(`.end.${name}`);
    end.setAttribute('aria-valuenow', String(Math.round(100 * depth)));
    end.setAttribute('aria-valuetext', `${Math.round(100 * depth)} % of the way from far to near`);
  }
}

// As if the slider itself were dragged by the visitor.
const drag = (field, value) => {
  const slider = sliderOf(field);
  slider.value = clamp(value, Number(slider.min), Number(slider.max)).toFixed(3);
  slider.dispatchEvent(new Event('input', { bubbles: true }));
};
const letGo = (field) =>
  sliderOf(field).dispatchEvent(new PointerEvent('pointerup', { bubbles: true }));

const sideOf = (end) => (end.classList.contains('near') ? 1 : -1);

const startDrag = (event) => {
  const box = event.target.closest?.('.histogram');
  if (!box?.querySelector('.band') || event.button) return;
  event.preventDefault();
  const end = event.target.closest('.end'), { left, width } = box.getBoundingClientRect();
  const depthAt = ({ clientX }) => clamp((clientX - left) / width, 0, 1);
  const onBand = event.target.closest('.middle');
  const offset = onBand ? focusNow() - depthAt(event) : 0;
  const field = end ? 'focus_range' : 'focus';
  const move = (at) =>
    drag(field, end ? rangeTo(focusNow(), sideOf(end), depthAt(at)) : depthAt(at) + offset);
  const stop = () => {
    document.removeEventListener('pointermove', move);
    for (const kind of ['pointerup', 'pointercancel']) document.removeEventListener(kind, stop);
    letGo(field);
  };
  end?.focus();
  if (!end && !onBand) move(event); // beside the band: it comes to the pointer
  document.addEventListener('pointermove', move);
  for (const kind of ['pointerup', 'pointercancel']) document.addEventListener(kind, stop);
};
document.addEventListener('pointerdown', startDrag);

const arrowStep = ({ key, shiftKey }) => {
  const way = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[key];
  return way && way * (shiftKey ? COARSE : FINE);
};

document.addEventListener('keydown', (event) => {
  const end = event.target.closest?.('.band .end'), step = arrowStep(event);
  if (!step || !(end || event.target === sliderOf('focus'))) return;
  event.preventDefault();
  if (end) drag('focus_range', rangeNow() + 2 * sideOf(end) * step);
  else drag('focus', focusNow() + step);
});
document.addEventListener('keyup', (event) => {
  if (event.target.closest?.('.band .end')) letGo('focus_range');
});

// The server draws the histogram anew for each photo; the band is placed by the browser alone.
new MutationObserver(() => {
  if (find('.band:not([style])')) showBand();
})
  .observe(document.body, { childList: true, subtree: true });
