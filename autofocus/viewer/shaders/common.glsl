// What both shaders know of the lens; the constants before it are Python's.
precision highp float;
precision highp int;
precision highp usampler2D;

uniform usampler2D maps;      // depth, hidden depth, coverage of the front layer (0-65535); subject
uniform sampler2D bounds;     // nearest and farthest depth that can reach a cell
uniform sampler2D correction; // what is painted: see `corrected`
uniform float focus, half_range, scale, cell;
uniform vec4 frame;           // what the maps show of the image, in fractions
uniform int is_corrected;     // 0 no, 1 yes, 2 by a correction that has a pixel for each of the maps'

// The signed circle of confusion at a depth, for a `scale` of 1: 0 in the focus range.
float defocus(float depth) {
  float away = depth - focus;
  return sign(away) * max(abs(away) - half_range, 0.0);
}

// What is painted at a pixel, 0-255.
float painted_byte(ivec2 spot) {
  if (is_corrected == 2) return texelFetch(correction, spot, 0).r * 255.0;
  vec2 inside = (vec2(spot) + 0.5) / vec2(textureSize(maps, 0));
  return texture(correction, mix(frame.xy, frame.zw, inside)).r * 255.0;
}

// A depth with what is painted at its pixel, as in `render.correct`.
float corrected(float depth, ivec2 spot) {
  if (is_corrected == 0) return depth;
  float painted = clamp((painted_byte(spot) - UNTOUCHED) / (255.0 - UNTOUCHED), -1.0, 1.0);
  float beyond = defocus(depth);
  if (painted >= 0.0) return depth - painted * beyond;
  if (beyond > 0.0) return depth - PUSH * painted;
  return min(depth, focus - half_range) + PUSH * painted;
}
