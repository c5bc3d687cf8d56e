"""The parts of the lens: light, aperture, planes; `autofocus.render` puts them together."""
