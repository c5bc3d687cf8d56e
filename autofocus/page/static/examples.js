// A click on an example opens it.
element.addEventListener('click', ({ target }) => {
  const button = target.closest('[data-index]');
  if (button) trigger('choose', { index: Number(button.dataset.index) });
});
