// SHA-256 (FIPS 180-4) of many texts that begin alike. By hand, because crypto.subtle is there over https only, and
// because what all of them begin with is worked through once.

const root = (n, power) => ((n ** power % 1) * 2 ** 32) | 0; // the first 32 bits behind the point
const primes = [];
for (let n = 2; primes.length < 64; n += 1) if (primes.every((prime) => n % prime)) primes.push(n);
const K = primes.map((prime) => root(prime, 1 / 3));
const START = primes.slice(0, 8).map((prime) => root(prime, 1 / 2));
const w = new Int32Array(64);

/** Work one block of 64 bytes into the state. */
function work(state, bytes, from) {
  for (let t = 0; t < 16; t += 1) {
    const at = from + 4 * t;
    w[t] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
  }
  for (let t = 16; t < 64; t += 1) {
    const x = w[t - 15];
    const y = w[t - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[t] = (w[t - 16] + s0 + w[t - 7] + s1) | 0;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let t = 0; t < 64; t += 1) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const one = (h + s1 + ((e & f) ^ (~e & g)) + K[t] + w[t]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((part, n) => { state[n] = (state[n] + part) | 0; });
}

/** A function that answers with how many zero bits (32 at most) the hash of `head` + `tail` begins. Both are ASCII. */
export function zeroBits(head) {
  const bytes = new TextEncoder().encode(head);
  const begun = Int32Array.from(START);
  const whole = bytes.length - (bytes.length % 64);
  for (let at = 0; at < whole; at += 64) work(begun, bytes, at);
  const last = new Uint8Array(192); // the rest of the head, a short tail, and the padding
  return (tail) => {
    let length = bytes.length - whole;
    last.fill(0).set(bytes.subarray(whole));
    for (const char of tail) last[length++] = char.charCodeAt(0);
    last[length] = 0x80;
    const size = length + 9 <= 64 ? 64 : 128;
    new DataView(last.buffer).setUint32(size - 4, 8 * (whole + length));
    const state = Int32Array.from(begun);
    for (let at = 0; at < size; at += 64) work(state, last, at);
    return Math.clz32(state[0]);
  };
}
