// What both shaders know of the lens; the constants before it are Python's.
precision highp float;
precision highp int;
precision highp usampler2D;

uniform usampler2D maps;      // depth, hidden depth, coverage of the front layer (0-65535); subject
uniform sampler2D bounds;     // nearest and farthest depth that can reach a cell
uniform sampler2D correction; // what is painted: see `corrected`
uniform float focus, half_range, scale, cell;
uniform vec4 frame;           // what the maps show of the image, in fractions
uniform int is_corrected;

// The signed circle of confusion at a depth, for a `scale` of 1: 0 in the focus range.
float defocus(float depth) {
  float away = depth - focus;
  return sign(away) * max(abs(away) - half_range, 0.0);
}

// A depth with what is painted at its pixel, as in `render.correct`.
float corrected(float depth, ivec2 spot) {
  if (is_corrected == 0) return depth;
  vec2 inside = (vec2(spot) + 0.5) / vec2(textureSize(maps, 0));
  float byte = texture(correction, mix(frame.xy, frame.zw, inside)).r * 255.0;
  float painted = clamp((byte - UNTOUCHED) / (255.0 - UNTOUCHED), -1.0, 1.0);
  float beyond = defocus(depth);
  if (painted >= 0.0) return depth - painted * beyond;
  if (beyond > 0.0) return depth - PUSH * painted;
  return min(depth, focus - half_range) + PUSH * painted;
}
