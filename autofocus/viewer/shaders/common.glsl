// What both shaders know of the lens; the constants before it are Python's.
//
// Software that stands in for a graphics card computes both sides of every `if`, and leaves nothing out
// but what a loop ends before. What is rarely needed is therefore another program, by `#ifdef`.
precision highp float;
precision highp int;
precision highp usampler2D;

uniform usampler2D maps;      // depth, hidden depth, coverage of the front layer (0-65535); subject
uniform sampler2D bounds;     // nearest and farthest depth that can reach a cell; nearest in it
uniform sampler2D correction; // what is painted: see `corrected`
uniform float focus, half_range, scale, cell;
uniform vec4 frame;           // what the maps show of the image, in fractions
uniform bool is_as_fine;      // the correction has a pixel for each of the maps'

// The signed circle of confusion at a depth, for a `scale` of 1: 0 in the focus range.
float defocus(float depth) {
  float away = depth - focus;
  return sign(away) * max(abs(away) - half_range, 0.0);
}

#ifdef CORRECTED
// What is painted at a pixel, 0-255.
float painted_byte(ivec2 spot) {
  if (is_as_fine) return texelFetch(correction, spot, 0).r * 255.0;
  vec2 inside = (vec2(spot) + 0.5) / vec2(textureSize(maps, 0));
  return texture(correction, mix(frame.xy, frame.zw, inside)).r * 255.0;
}

// A depth with what is painted at its pixel, as in `render.correct`.
float corrected(float depth, ivec2 spot) {
  float painted = clamp((painted_byte(spot) - UNTOUCHED) / (255.0 - UNTOUCHED), -1.0, 1.0);
  float beyond = defocus(depth);
  if (painted >= 0.0) return depth - painted * beyond;
  if (beyond > 0.0) return depth - PUSH * painted;
  return min(depth, focus - half_range) + PUSH * painted;
}
#else
float corrected(float depth, ivec2 spot) { return depth; }
#endif
