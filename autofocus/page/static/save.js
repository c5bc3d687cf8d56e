// Hands over what the server has just made: a file, or several.
(made) => {
  for (const file of [made ?? []].flat()) {
    const link = document.createElement('a');
    link.href = file.url;
    link.download = file.orig_name;
    link.click();
  }
}
