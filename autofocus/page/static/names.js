// A served image that can be clicked is a button; Gradio gives it no name.
const nameless = '#images .image-container > button:not([aria-label])';
const nameButtons = () =>
  document.querySelectorAll(nameless).forEach((button) => {
    const label = button.closest('.block').querySelector('[data-testid=block-label]');
    button.setAttribute('aria-label', `${label.textContent.trim()}: click to focus there`);
  });
new MutationObserver(nameButtons).observe(document.body, { childList: true, subtree: true });
