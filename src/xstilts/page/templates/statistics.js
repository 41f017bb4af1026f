// The statistics of the report for differences that it did not compute: src/xstilts/report/intervals.py in JavaScript.
// tests/page/test_explorer.py holds both to the same numbers.
const LEVEL = 0.95, TINY = 1e-6, SIGNIFICANT = 0.05;

function bytesOf(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

// What metrics/items.json has of a target, opened: of each language where its examples begin, their clusters and types.
function opened(packed) {
  const layouts = packed.layouts.map((one) => {
    const pairs = bytesOf(one.clusters);
    const clusters = Array.from({ length: pairs.length / 2 }, (_, n) => pairs[2 * n] + 256 * pairs[2 * n + 1]);
    return { clusters, types: bytesOf(one.types) };
  });
  const languages = {};
  let start = 0;
  for (const [code, number] of Object.entries(packed.languages)) {
    languages[code] = { start, ...layouts[number] };
    start += layouts[number].clusters.length;
  }
  const right = Object.fromEntries(Object.entries(packed.right).map(([route, seeds]) => [route, seeds.map(bytesOf)]));
  const clusters = 1 + layouts.reduce((most, one) => one.clusters.reduce((a, b) => Math.max(a, b), most), 0);
  return { languages, right, clusters, types: packed.types };
}

// The examples of some types in a language, and how many of each cluster; all of them where no type is named.
function examplesOf(data, code, types) {
  const own = data.languages[code], rows = [], of = new Float64Array(data.clusters);
  own.clusters.forEach((cluster, n) => {
    if (types.length && !types.includes(data.types[own.types[n]])) return;
    rows.push(n);
    of[cluster] += 1;
  });
  return { rows, of, clusters: own.clusters, start: own.start };
}

function pointsOf(bits, examples, clusters) {
  const points = new Float64Array(clusters);
  for (const n of examples.rows) {
    const bit = examples.start + n;
    points[examples.clusters[n]] += (bits[bit >> 3] >> (7 - (bit & 7))) & 1;
  }
  return points;
}

const sum = (values) => values.reduce((total, one) => total + one, 0);
const mean = (values) => sum(values) / values.length;

function variance(values) {
  const middle = mean(values);
  return sum(values.map((one) => (one - middle) ** 2)) / (values.length - 1);
}

// A route minus another in the mean over languages, with some seeds (their numbers in the data).
// Returns value, low, high and p (null of one run) as the report has them, the score of the route, and the
// difference with each seed.
function compare(data, route, other, languages, types, seeds) {
  const asked = languages.map((code) => examplesOf(data, code, types)).filter((one) => one.rows.length);
  const added = seeds.map(() => new Float64Array(data.clusters)), present = new Uint8Array(data.clusters);
  const scores = [route, other].map(() => seeds.map(() => 0));
  for (const examples of asked) {
    examples.of.forEach((of, cluster) => { if (of) present[cluster] = 1; });
    [route, other].forEach((name, which) => seeds.forEach((seed, run) => {
      const points = pointsOf(data.right[name][seed], examples, data.clusters);
      const score = sum(points) / examples.rows.length, sign = (which ? -1 : 1) / asked.length;
      scores[which][run] += score / asked.length;
      points.forEach((own, cluster) => {
        added[run][cluster] += sign * (own - score * examples.of[cluster]) / examples.rows.length;
      });
    }));
  }
  const bySeed = seeds.map((_, run) => scores[0][run] - scores[1][run]);
  return { ...interval(mean(bySeed), scores, added, sum(present)), score: mean(scores[0]), bySeed };
}

// `contrast` and `_error` of the report: clusters and training runs crossed, both at random.
function interval(value, scores, added, clusters) {
  const runs = added.length, small = clusters / (clusters - 1);
  if (!(clusters > 1)) return { value, low: null, high: null, p: null };
  const means = added[0].map((_, cluster) => mean(added.map((own) => own[cluster])));
  let items = small * sum(means.map((one) => one ** 2)), own = 0, between = 0, runFreedom = 0;
  if (runs > 1) {
    own = Math.max(0, small * mean(added.map((one) => sum(one.map((each) => each ** 2)))) - items) / (runs - 1);
    const varied = scores.map(variance), total = sum(varied);
    between = total / runs;
    runFreedom = Math.max(runs - 1, (runs - 1) * total ** 2 / Math.max(sum(varied.map((one) => one ** 2)), TINY ** 4));
  }
  items = Math.max(0, items - own);
  if (items + between < TINY ** 2) return { value, low: value, high: value, p: runs > 1 ? Number(Math.abs(value) < TINY) : null };
  const most = Math.max(between, own), error = Math.sqrt(items + between);
  const freedom = (items + most) ** 2 / (items ** 2 / (clusters - 1) + (runs > 1 ? most ** 2 / runFreedom : 0));
  const half = studentQuantile((1 - LEVEL) / 2, freedom) * error;
  return { value, low: value - half, high: value + half, p: runs > 1 ? 2 * studentTail(Math.abs(value) / error, freedom) : null };
}

function verdictOf(one) {
  if (one.p === null) return one.low === null ? "inconclusive" : "one run";
  if ((one.low <= 0 && one.high >= 0) || one.p > SIGNIFICANT) return "inconclusive";
  return one.value > 0 ? "better" : "worse";
}

// The chance of more than x by Student's t: half the regularised incomplete beta function.
function studentTail(x, freedom) {
  return incompleteBeta(freedom / (freedom + x * x), freedom / 2, 0.5) / 2;
}

// The x above which lies a share of Student's t, by halving.
function studentQuantile(share, freedom) {
  let low = 0, high = 1;
  while (studentTail(high, freedom) > share) high *= 2;
  for (let step = 0; step < 80; step += 1) {
    const middle = (low + high) / 2;
    if (studentTail(middle, freedom) > share) low = middle; else high = middle;
  }
  return (low + high) / 2;
}

function incompleteBeta(x, a, b) {
  if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(1 - x));
  return x < (a + 1) / (a + b + 2) ? front * betaFraction(x, a, b) / a : 1 - front * betaFraction(1 - x, b, a) / b;
}

// Lentz's continued fraction.
function betaFraction(x, a, b) {
  const kept = (value) => (Math.abs(value) < 1e-300 ? 1e-300 : value);
  let c = 1, d = 1 / kept(1 - (a + b) * x / (a + 1)), result = d;
  for (let m = 1; m <= 500; m += 1) {
    const even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / kept(1 + even * d); c = kept(1 + even / c); result *= d * c;
    const odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / kept(1 + odd * d); c = kept(1 + odd / c); result *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return result;
}

// Lanczos (g = 7, nine terms).
const LANCZOS = [0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7];
function logGamma(x) {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const t = x + 6.5, terms = LANCZOS.reduce((total, one, n) => total + (n ? one / (x - 1 + n) : one), 0);
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(terms);
}
