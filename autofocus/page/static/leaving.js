// Leaving the page asks first while a photo of the visitor's own is open.
let ownPhoto = false;
document.addEventListener('change', ({ target }) => {
  if (target.closest('#upload') && target.files?.length) ownPhoto = true;
}, true);
document.addEventListener('click', ({ target }) => {
  if (target.closest('#new, #examples [data-index]')) ownPhoto = false;
}, true);
addEventListener('beforeunload', (event) => {
  if (ownPhoto) event.preventDefault();
});
