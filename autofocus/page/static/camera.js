// A photo from the camera: a phone's own app takes it; elsewhere it is a frame of the webcam.
const onPhone = () => matchMedia('(pointer: coarse)').matches;

const byPhone = () => {
  const input = document.createElement('input');
  Object.assign(input, { type: 'file', accept: 'image/*', capture: 'environment' });
  input.addEventListener('change', () => openFiles(input.files));
  input.click();
};

const REFUSED = {
  NotAllowedError: 'The browser does not allow the camera here. Allow it, or drop a photo.',
  NotFoundError: 'No camera was found. Drop a photo instead.',
};

const PANEL = `<video autoplay playsinline muted aria-label="What the camera sees"></video>
<p role="alert"></p>
<div><button type="button" value="take">Take photo</button><button type="button" value="cancel">Cancel</button></div>`;

const byWebcam = async () => {
  const panel = document.createElement('dialog');
  panel.id = 'webcam';
  panel.setAttribute('aria-label', 'Camera');
  panel.innerHTML = PANEL;
  document.querySelector('.gradio-container').append(panel);
  const [video, take] = ['video', '[value=take]'].map((name) => panel.querySelector(name));
  panel.addEventListener('close', () => {
    video.srcObject?.getTracks().forEach((track) => track.stop());
    panel.remove();
  });
  panel.querySelector('[value=cancel]').addEventListener('click', () => panel.close());
  take.addEventListener('click', async () => {
    const photo = await frameOf(video);
    panel.close();
    openFiles([photo]);
  });
  take.disabled = true;
  panel.showModal();
  try {
    const wanted = { video: { width: { ideal: 4096 }, height: { ideal: 2160 } } };
    video.srcObject = await navigator.mediaDevices.getUserMedia(wanted);
    video.addEventListener('playing', () => {
      take.disabled = false;
    }, { once: true });
  } catch (error) {
    panel.querySelector('p').textContent = REFUSED[error.name] ?? 'The camera cannot be used.';
  }
};

const frameOf = async (video) => {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  canvas.getContext('2d').drawImage(video, 0, 0);
  const blob = await new Promise((done) => canvas.toBlob(done, 'image/png'));
  return new File([blob], 'camera.png', { type: 'image/png' });
};

document.addEventListener('click', ({ target }) => {
  if (target.closest('#camera')) (onPhone() ? byPhone : byWebcam)();
});
