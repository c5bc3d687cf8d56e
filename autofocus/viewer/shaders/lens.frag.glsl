// Sums `count` samples of the aperture: for each, the ray is followed from near to far through the
// photo's layer and the hidden one; what it meets first is what it sees. Linear light times the
// sample's weight; alpha sums the weights.

uniform sampler2D front, hidden;  // sRGB (the GPU makes it linear); alpha: see `bright`
uniform float highlights, rotation, cats_eye, spherical, shrink;
uniform vec2 middle;              // of the whole image, in pixels
uniform float corner;             // distance of its corners from there
uniform int blades, first, count;
out vec4 sum;

const float TAU = 6.28318530718;
const float THICKNESS = 0.03;  // of depth: a surface that a ray passes this closely behind is met
const float MOST_STEPS = 64.0;
const float RARELY = 0.1;      // weight of a sample taken where all others were cut off

float noise(vec2 pixel, float seed) {
  return fract(52.9829189 * fract(dot(pixel + seed * 5.588238, vec2(0.06711056, 0.00583715))));
}

// A point of the aperture, y up, the unit disc or a polygon with corners on its circle.
vec2 aperture(vec2 random) {
  float r = sqrt(random.x);
  if (blades < 3) return r * vec2(cos(TAU * random.y), sin(TAU * random.y));
  float side = random.y * float(blades);
  float angle = rotation + TAU * floor(side) / float(blades);
  float next = angle + TAU / float(blades);
  return r * mix(vec2(cos(angle), sin(angle)), vec2(cos(next), sin(next)), fract(side));
}

// How much light comes through a point of the aperture: none outside a second disc that lies
// `shift` towards the image's middle, and more or less by the distance from the axis.
float weigh(vec2 point, vec2 shift) {
  vec2 away = point - shift;
  if (dot(away, away) > 1.0) return 0.0;
  return max(1.0 + spherical * (1.0 - 2.0 * dot(point, point)), 0.0);
}

// Clipped lights were brighter than white: `highlights` of what is estimated.
vec3 bright(vec4 texel) {
  if (texel.a == 1.0) return texel.rgb;
  vec3 light = texel.rgb * exp2(STOPS * (1.0 - texel.a));
  return mix(min(light, 1.0), light, highlights);
}

bool met(float depth, float above, float below) {
  return depth >= below && depth <= above + THICKNESS;
}

vec3 follow(vec2 origin, vec2 direction, vec2 range, ivec2 last) {
  float pixels = length(direction) * (range.x - range.y);  // that the ray crosses
  float steps = clamp(ceil(pixels / shrink), 1.0, MOST_STEPS);
  float thickness = (range.x - range.y) / steps;
  vec3 seen = vec3(0.0);
  float open = 1.0;
  ivec2 spot = ivec2(origin);
  for (float k = 0.0; k < steps; k++) {
    float above = range.x - k * thickness;
    float below = above - thickness - 1e-4;
    vec2 at = origin + direction * defocus(0.5 * (above + below));
    spot = clamp(ivec2(floor(at)), ivec2(0), last);
    vec3 here = vec3(texelFetch(maps, spot, 0).xyz) / 65535.0;
    here.x = corrected(here.x, spot);
    here.y = min(here.y, here.x);  // what is behind stays there
    if (open > 0.999 && met(here.x, above, below)) {
      seen += here.z * bright(texelFetch(front, spot, 0));
      open -= here.z;
      if (open < 0.004) return seen;
    }
    if (met(here.y, above, below)) {
      return seen + open * bright(texelFetch(hidden, spot, 0));
    }
  }
  return seen + open * bright(texelFetch(hidden, spot, 0));
}

void main() {
  ivec2 last = textureSize(maps, 0) - 1;
  vec2 origin = gl_FragCoord.xy * shrink;
  vec2 range = texelFetch(bounds, ivec2(origin / cell), 0).rg;
  vec2 offset = vec2(noise(gl_FragCoord.xy, 0.0), noise(gl_FragCoord.yx, 17.0));
  const vec2 DOWN = vec2(1.0, -1.0);  // rows go down
  vec2 shift = cats_eye * (middle - origin) / corner * DOWN;
  if (scale * max(abs(defocus(range.x)), abs(defocus(range.y))) < SHARP) {
    // Every ray stays inside this pixel.
    sum = float(count) * vec4(follow(origin, vec2(0.0), range, last), 1.0);
    return;
  }
  sum = vec4(0.0);
  for (int i = 0; i < count; i++) {
    vec2 random = fract(offset + vec2(0.7548776662, 0.5698402910) * float(first + i));
    vec2 point = aperture(random);
    float weight = weigh(point, shift);
    if (weight > 0.0) sum += weight * vec4(follow(origin, point * DOWN * scale, range, last), 1.0);
  }
  if (sum.a == 0.0) sum = RARELY * vec4(follow(origin, 0.5 * shift * DOWN * scale, range, last), 1.0);
}
