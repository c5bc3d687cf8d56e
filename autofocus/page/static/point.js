// Reports where an image was clicked, as fractions of its width and height; `object-fit: contain`
// leaves margins beside it. Gradio's own event does not know images that are shown enlarged.
element.closest('#images').addEventListener('click', (event) => {
  const image = event.target.closest('.image-frame')?.querySelector('img');
  if (!image) return;
  const box = image.getBoundingClientRect();
  const scale = Math.min(box.width / image.naturalWidth, box.height / image.naturalHeight);
  const width = scale * image.naturalWidth, height = scale * image.naturalHeight;
  const x = (event.clientX - box.left - (box.width - width) / 2) / width;
  const y = (event.clientY - box.top - (box.height - height) / 2) / height;
  if (x >= 0 && x < 1 && y >= 0 && y < 1) trigger('click', { x, y });
});
