// Sums `count` samples of the aperture: for each, the ray is followed from near to far through the
// photo's layer and the hidden one; what it meets first is what it sees. Linear light times the
// sample's weight; alpha sums the weights.

uniform sampler2D front, hidden;  // sRGB (the GPU makes it linear); alpha: see `bright`
uniform float highlights, cats_eye, spherical, shrink;
uniform vec2 middle;              // of the whole image, in pixels
uniform float corner;             // distance of its corners from there
uniform vec2 corners[ROUND + 1];  // of the aperture on the unit circle, y up; the first again
uniform int sides, first, count;
out vec4 sum;

const float THICKNESS = 0.03;  // of depth: a surface that a ray passes this closely behind is met
const float MOST_STEPS = 64.0;
const float OPAQUE = 0.004;    // what is left of a ray that sees nothing more
const float RARELY = 0.1;      // weight of a sample taken where all others were cut off

float noise(vec2 pixel, float seed) {
  return fract(52.9829189 * fract(dot(pixel + seed * 5.588238, vec2(0.06711056, 0.00583715))));
}

// A point of the aperture, y up.
vec2 aperture(vec2 random) {
  float side = random.y * float(sides);
  int k = min(int(side), sides - 1);
  return sqrt(random.x) * mix(corners[k], corners[k + 1], side - float(k));
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
  vec3 light = texel.rgb * exp2(STOPS * (1.0 - texel.a));
  return min(light, 1.0) + highlights * max(light - 1.0, 0.0);
}

bool met(float depth, float above, float below) {
  return depth >= below && depth <= above + THICKNESS;
}

vec3 follow(vec2 origin, vec2 direction, vec2 range, ivec2 last) {
  float pixels = length(direction) * (range.x - range.y);  // that the ray crosses
  float steps = clamp(ceil(pixels / shrink), 1.0, MOST_STEPS);
  float thickness = (range.x - range.y) / steps;
  vec2 pace = max(abs(direction) * thickness, 1e-6);  // pixels of a step at most
  vec2 ahead = step(0.0, -direction);                 // the sides of a cell that the ray leaves by
  float open = 1.0;
  ivec2 spot = ivec2(origin), in_front = spot;
  for (float k = 0.0; k < steps; k++) {
    float above = range.x - k * thickness;
    float below = above - thickness - 1e-4;
    vec2 at = origin + direction * defocus(0.5 * (above + below));
    spot = clamp(ivec2(floor(at)), ivec2(0), last);
    vec3 here = vec3(texelFetch(maps, spot, 0).xyz) / 65535.0;
    here.x = corrected(here.x, spot);
    here.y = min(here.y, here.x);  // what is behind stays there
    if (open > 0.999 && met(here.x, above, below)) {
      in_front = spot;
      open = 1.0 - here.z;
      if (open < OPAQUE) break;
    }
    if (met(here.y, above, below)) break;
    ivec2 in_cell = spot / int(cell);
    float nearest = texelFetch(bounds, in_cell, 0).b;
    if (nearest < below) {
      // Until the ray leaves this cell, or comes down to what is in it, it meets nothing.
      vec2 left = abs((vec2(in_cell) + ahead) * cell - at) / pace;
      float leaves = k + floor(min(left.x, left.y)) + 1.0;
      float comes_down = ceil((range.x - nearest) / thickness) - 1.0;
      float next = min(min(leaves, comes_down), steps - 1.0);
      k = max(k, next - 1.0);
    }
  }
  vec3 seen = (1.0 - open) * bright(texelFetch(front, in_front, 0));
  if (open >= OPAQUE) seen += open * bright(texelFetch(hidden, spot, 0));
  return seen;
}

void main() {
  ivec2 last = textureSize(maps, 0) - 1;
  vec2 origin = gl_FragCoord.xy * shrink;
  vec2 range = texelFetch(bounds, ivec2(origin / cell), 0).rg;
  vec2 offset = vec2(noise(gl_FragCoord.xy, 0.0), noise(gl_FragCoord.yx, 17.0));
  const vec2 DOWN = vec2(1.0, -1.0);  // rows go down
  vec2 shift = cats_eye * (middle - origin) / corner * DOWN;
  // Where every ray stays inside this pixel, one is enough.
  bool is_sharp = scale * max(abs(defocus(range.x)), abs(defocus(range.y))) < SHARP;
  int rays = is_sharp ? 1 : count;
  sum = vec4(0.0);
  for (int i = 0; i <= rays; i++) {
    bool is_spare = i == rays;
    if (is_spare && sum.a > 0.0) break;
    vec2 random = fract(offset + vec2(0.7548776662, 0.5698402910) * float(first + i));
    vec2 point = is_spare ? 0.5 * shift : aperture(random);
    float weight = is_spare ? RARELY : weigh(point, shift);
    if (is_sharp) {
      point = vec2(0.0);
      weight = float(count);
    }
    if (weight > 0.0) sum += weight * vec4(follow(origin, point * DOWN * scale, range, last), 1.0);
  }
}
