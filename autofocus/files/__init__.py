"""Files in, files out: what `autofocus.photo` is built of, one job a module.

    source       where bytes come from, and what they are if they are not a photo
    decode       bytes → pixels, whatever the format       tiff  raw  jpeg  heif  png
    colour       any colour space → sRGB                   hdr   PQ and HLG → sRGB
    metadata     what may be kept of a file's facts        exif  xmp  iptc
    alpha        transparent pixels, over white and back
    encode       pixels and facts → JPEG, PNG, WebP, TIFF
    atomic       every write: a temporary file beside the target, then a rename
    phone_depth  the depth map and the matte in a phone's portrait
    depth_map    a custom depth map of any program         colour_maps

Nothing here imports anything of ours but `autofocus.errors`.
"""
