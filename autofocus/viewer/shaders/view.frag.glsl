// Draws one view, or two beside each other, with zoom and pan.

uniform sampler2D photo, light, palette;
uniform vec2 size, pan, span;      // of the canvas in pixels; fractions of the image
uniform float divide, peaking;
uniform int view, other;           // 0 refocused, 1 photo, 2 depth, 3 subject
uniform int on_photo;              // what the subject is drawn on: 0 the depth, 1 the photo
out vec4 colour;

const float PEAK = 1.0;            // pixels of blur that focus peaking calls sharp

vec3 encode(vec3 linear) {
  vec3 c = clamp(linear, 0.0, 1.0);
  return mix(c * 12.92, 1.055 * pow(c, vec3(1.0 / 2.4)) - 0.055, step(0.0031308, c));
}

vec3 colours(ivec2 spot) {
  float depth = float(texelFetch(maps, spot, 0).x) / 65535.0;
  return texelFetch(palette, ivec2(int(depth * 255.0 + 0.5), 0), 0).rgb;
}

// As in `view.overlay_saliency`, by the mask that Python has made.
vec3 subject(vec3 image, ivec2 spot) {
  uint mask = texelFetch(maps, spot, 0).w;
  if (mask == SUBJECT_INSIDE) return mix(image, RED, RED_OPACITY);
  return mask == SUBJECT_OUTLINE ? mix(image, OUTLINE, OUTLINE_OPACITY) : image;
}

// In focus, and nothing nearer spreads over it: as in `render.keep_sharp`.
bool untouched(ivec2 spot, float depth) {
  float nearest = texelFetch(bounds, spot / int(cell), 0).r;
  return scale * abs(defocus(depth)) <= SHARP && scale * defocus(nearest) <= SHARP;
}

vec3 refocused(vec2 place) {
  vec4 sum = texture(light, place);
  return sum.rgb / max(sum.a, 1e-4);
}

vec3 refocused_view(vec2 place, ivec2 spot) {
  float depth = corrected(float(texelFetch(maps, spot, 0).x) / 65535.0, spot);
  bool is_original = untouched(spot, depth);
  vec3 image = encode(is_original ? texture(photo, place).rgb : refocused(place));
  bool sharp = scale * abs(defocus(depth)) < PEAK;
  return sharp ? mix(image, vec3(0.2, 1.0, 0.5), 0.4 * peaking) : image;
}

vec3 draw(int which, vec2 place) {
  ivec2 spot = ivec2(place * vec2(textureSize(maps, 0)));
#ifndef REFOCUSED
  if (which == 1) return encode(texture(photo, place).rgb);
  if (which == 2) return colours(spot);
  if (which == 3) {
    return subject(on_photo == 1 ? encode(texture(photo, place).rgb) : colours(spot), spot);
  }
#endif
  return refocused_view(place, spot);
}

void main() {
  vec2 screen = vec2(gl_FragCoord.x, size.y - gl_FragCoord.y) / size;
  vec2 place = pan + screen * span;
  if (place != clamp(place, 0.0, 1.0)) {
    colour = vec4(0.0);
    return;
  }
  vec2 inside = clamp((place - frame.xy) / (frame.zw - frame.xy), vec2(0.0), vec2(0.999999));
  colour = vec4(draw(screen.x < divide ? other : view, inside), 1.0);
  if (divide > 0.0 && abs(screen.x - divide) * size.x < 1.0) colour = vec4(1.0);
}
