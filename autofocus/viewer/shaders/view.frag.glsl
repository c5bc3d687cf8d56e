#version 300 es
// Draws one view, or two beside each other, with zoom and pan.
precision highp float;
precision highp usampler2D;

uniform sampler2D photo, light, palette;
uniform sampler2D bounds;          // nearest and farthest depth that can reach a cell
uniform usampler2D maps;
uniform vec2 size, pan;            // of the canvas in pixels; shares of the picture
uniform float zoom, divide, focus, scale, peaking, cell;
uniform int view, other;           // 0 refocused, 1 photo, 2 depth, 3 subject
out vec4 colour;

const uint SALIENT = 204u;         // 0.8 of 255
const float PEAK = 1.0;            // pixels of blur that focus peaking calls sharp
const float SHARP = 0.5;           // pixels of blur below which a pixel is as it was

vec3 encode(vec3 linear) {
  vec3 c = clamp(linear, 0.0, 1.0);
  return mix(c * 12.92, 1.055 * pow(c, vec3(1.0 / 2.4)) - 0.055, step(0.0031308, c));
}

bool salient(ivec2 spot) {
  return texelFetch(maps, clamp(spot, ivec2(0), textureSize(maps, 0) - 1), 0).w >= SALIENT;
}

vec3 subject(vec3 picture, ivec2 spot) {
  bool inside = salient(spot);
  bool edge = false;
  for (int k = 0; k < 4; k++) {
    ivec2 side = ivec2((k & 1) * 2 - 1, 0) * 2;
    edge = edge || salient(spot + (k < 2 ? side : side.yx)) != inside;
  }
  if (edge && inside) return vec3(1.0, 0.95, 0.9);
  return inside ? mix(picture, vec3(0.9, 0.05, 0.05), 0.55) : picture;
}

// Colour is left to the subject.
vec3 grey(vec3 picture) {
  return vec3(dot(picture, vec3(0.299, 0.587, 0.114)));
}

// In focus, and nothing nearer spreads over it: as in `render.keep_sharp`.
bool untouched(ivec2 spot, float depth) {
  float nearest = texelFetch(bounds, spot / int(cell), 0).r;
  return scale * abs(depth - focus) <= SHARP && scale * (nearest - focus) <= SHARP;
}

vec3 refocused(vec2 place) {
  vec4 sum = texture(light, place);
  return encode(sum.rgb / max(sum.a, 1.0));
}

vec3 draw(int which, vec2 place) {
  ivec2 spot = ivec2(place * vec2(textureSize(maps, 0)));
  float depth = float(texelFetch(maps, spot, 0).x) / 65535.0;
  if (which == 1) return encode(texture(photo, place).rgb);
  if (which == 2) return texture(palette, vec2((depth * 255.0 + 0.5) / 256.0, 0.5)).rgb;
  if (which == 3) return subject(grey(encode(texture(photo, place).rgb)), spot);
  vec3 picture = untouched(spot, depth) ? encode(texture(photo, place).rgb) : refocused(place);
  bool sharp = scale * abs(depth - focus) < PEAK;
  return sharp ? mix(picture, vec3(0.2, 1.0, 0.5), 0.4 * peaking) : picture;
}

void main() {
  vec2 screen = vec2(gl_FragCoord.x, size.y - gl_FragCoord.y) / size;
  vec2 place = clamp(pan + screen / zoom, vec2(0.0), vec2(0.999999));
  int which = screen.x < divide ? other : view;
  colour = vec4(draw(which, place), 1.0);
  if (divide > 0.0 && abs(screen.x - divide) * size.x < 1.0) colour = vec4(1.0);
}
