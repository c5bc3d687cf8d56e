"""Auto Focus: any photo, as if taken with a fast lens.

file → photo → predict (depth, saliency) → focus → render → photo: one module for each hop.

    from autofocus import focus, photo, predict, render
    from autofocus.versions import catalog, weights
    image = photo.read_photo("photo.jpg").pixels
    prediction = predict.predict(weights.load_network(catalog.find_version()), image)
    near = focus.choose_focus(prediction.depth, prediction.saliency).depth
    soft = render.render(image, prediction.depth, render.Lens(focus=near, f_stop=1.4))
    photo.write_photo(soft, "out.jpg")
"""

__version__ = "0.2.0"
