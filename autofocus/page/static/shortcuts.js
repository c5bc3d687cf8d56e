// Keys, and what a double click on a slider does.
const keyed = {
  1: (viewer) => viewer.setView(0),
  2: (viewer) => viewer.setView(1),
  3: (viewer) => viewer.setView(2),
  4: (viewer) => viewer.setView(3),
  c: (viewer) => viewer.setCompare(!viewer.state.compare),
  a: () => af.page.auto(),
  p: () => af.page.pull(),
};

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const viewer = mainViewer();
  if (viewer?.canvas.checkVisibility()) keyed[event.key]?.(viewer);
});

// Sliders announce that a pointer lets go of them; a key that goes up is the same.
document.addEventListener('keyup', (event) => {
  if (event.target.matches?.('input[type=range]')) {
    event.target.dispatchEvent(new PointerEvent('pointerup', { bubbles: true }));
  }
});

document.addEventListener('dblclick', ({ target }) => {
  if (target.closest?.('.histogram')) return focusByDefault();
  const field = Object.keys(PAGE.controls).find((name) => target === sliderOf(name));
  if (!field) return undefined;
  if (isFocus(field)) return focusByDefault();
  delete setByPage[field];
  const slider = sliderOf(field);
  slider.value = controlValue(field, defaultsOf(field));
  slider.dispatchEvent(new Event('input', { bubbles: true }));
  return slider.dispatchEvent(new PointerEvent('pointerup', { bubbles: true }));
});
