// Lets the page's scripts ask the server: 'drag', 'rest', 'recolour'.
(window.autofocus ??= {}).ask = (what) => trigger(what, {});
