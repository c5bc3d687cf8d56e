// What both shaders know of the lens; the constants before it are Python's.
precision highp float;
precision highp int;
precision highp usampler2D;

uniform usampler2D maps;      // depth, hidden depth, coverage of the front layer (0-65535); subject
uniform sampler2D bounds;     // nearest and farthest depth that can reach a cell
uniform float focus, half_range, scale, cell;

// The signed circle of confusion at a depth, for a `scale` of 1: 0 in the focus range.
float defocus(float depth) {
  float away = depth - focus;
  return sign(away) * max(abs(away) - half_range, 0.0);
}
