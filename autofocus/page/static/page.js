// A photo may be dropped anywhere on the page or pasted: it goes the way of the tab's drop zone.
const zones = ['#upload', '#compare-upload', '#review-upload'];
const input = () => {
  const open = [...document.querySelectorAll('[role=tabpanel]')].find((tab) => tab.offsetParent);
  return open?.querySelector(zones.map((zone) => `${zone} input[type=file]`).join());
};

const hand = (files) => {
  const target = input();
  if (!target || !files.length) return;
  const transfer = new DataTransfer();
  for (const file of target.multiple ? files : [files[0]]) transfer.items.add(file);
  target.files = transfer.files;
  target.dispatchEvent(new Event('change', { bubbles: true }));
};

window.autofocusOpen = hand;

const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes('Files');

document.addEventListener('paste', (event) => {
  const files = event.clipboardData?.files ?? [];
  if (files.length) event.preventDefault();
  hand(files);
});
document.addEventListener('dragover', (event) => {
  if (carriesFiles(event)) event.preventDefault();
});
document.addEventListener('drop', (event) => {
  if (!carriesFiles(event) || event.target.closest(zones.join())) return;
  event.preventDefault();
  hand(event.dataTransfer.files);
});

// Sliders announce that the hand rests when a pointer goes up; a key that goes up is the same.
document.addEventListener('keyup', (event) => {
  if (event.target.matches?.('input[type=range]')) {
    event.target.dispatchEvent(new PointerEvent('pointerup', { bubbles: true }));
  }
});

// A picture that can be clicked is a button; Gradio gives it no name.
const nameless = '#pictures .image-container > button:not([aria-label])';
const name = () => document.querySelectorAll(nameless).forEach((button) => {
  const label = button.closest('.block').querySelector('[data-testid=block-label]');
  button.setAttribute('aria-label', `${label.textContent.trim()}: click to focus there`);
});
new MutationObserver(name).observe(document.body, { childList: true, subtree: true });
