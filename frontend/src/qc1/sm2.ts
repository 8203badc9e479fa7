// SM2 signatures, verification only (GB/T 32918.2-2016, curve of GB/T 32918.5-2017): browsers have none.
// Nothing here is secret, so the time it takes may depend on the numbers.
import { concat, fromHex, hex, utf8 } from "./bytes";
import { sm3 } from "./sm3";

const P = 0xfffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffffn;
const A = P - 3n;
const B = 0x28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93n;
const N = 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123n;
const G: Point = [0x32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7n, 0xbc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0n, 1n];

/** Jacobian coordinates; z = 0 is the point at infinity. */
type Point = readonly [bigint, bigint, bigint];
const INFINITY: Point = [1n, 1n, 0n];

/** Identity of the signer when none is agreed (GM/T 0009-2012 section 10). */
const IDENTITY = utf8("1234567812345678");

const mod = (value: bigint, by: bigint = P): bigint => { const rest = value % by; return rest < 0n ? rest + by : rest; };
const number = (data: Uint8Array): bigint => BigInt(`0x${hex(data) || "0"}`);
const spelled = (value: bigint) => fromHex(value.toString(16).padStart(64, "0"));

function double([x, y, z]: Point): Point {
  if (z === 0n || y === 0n) return INFINITY;
  const yy = mod(y * y), s = mod(4n * x * yy), zz = mod(z * z);
  const m = mod(3n * (x - zz) * (x + zz)); // a = -3
  const nx = mod(m * m - 2n * s);
  return [nx, mod(m * (s - nx) - 8n * yy * yy), mod(2n * y * z)];
}

function add(one: Point, two: Point): Point {
  if (one[2] === 0n) return two;
  if (two[2] === 0n) return one;
  const z1 = mod(one[2] * one[2]), z2 = mod(two[2] * two[2]);
  const u1 = mod(one[0] * z2), u2 = mod(two[0] * z1);
  const s1 = mod(one[1] * two[2] * z2), s2 = mod(two[1] * one[2] * z1);
  if (u1 === u2) return s1 === s2 ? double(one) : INFINITY;
  const h = mod(u2 - u1), r = mod(s2 - s1), hh = mod(h * h), hhh = mod(h * hh), v = mod(u1 * hh);
  const x = mod(r * r - hhh - 2n * v);
  return [x, mod(r * (v - x) - s1 * hhh), mod(h * one[2] * two[2])];
}

/** s·G + t·Q, both at once (Shamir). */
function sum(s: bigint, t: bigint, q: Point): Point {
  const table = [INFINITY, G, q, add(G, q)];
  let found = INFINITY;
  for (let bit = 255n; bit >= 0n; bit -= 1n) {
    found = double(found);
    const which = Number(((s >> bit) & 1n) | (((t >> bit) & 1n) << 1n));
    if (which) found = add(found, table[which]!);
  }
  return found;
}

function inverse(value: bigint): bigint {
  let [a, b, x, y] = [mod(value), P, 1n, 0n];
  while (a > 1n) [a, b, x, y] = [b % a, a, y - (b / a) * x, x];
  return mod(x);
}

function point(key: Uint8Array): Point | null {
  if (key.length !== 65 || key[0] !== 4) return null;
  const x = number(key.slice(1, 33)), y = number(key.slice(33));
  return x < P && y < P && mod(y * y) === mod(x * x * x + A * x + B) ? [x, y, 1n] : null;
}

/** Whether ``r || s`` of ``message`` holds for the uncompressed point ``key``. */
export function sm2Verify(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const q = point(key);
  if (!q || signature.length !== 64) return false;
  const r = number(signature.slice(0, 32)), s = number(signature.slice(32));
  const t = (r + s) % N;
  if (r === 0n || r >= N || s === 0n || s >= N || t === 0n) return false;
  const z = sm3(concat(Uint8Array.of(0, 8 * IDENTITY.length), IDENTITY, spelled(A), spelled(B), spelled(G[0]), spelled(G[1]), key.slice(1)));
  const e = number(sm3(concat(z, message)));
  const found = sum(s, t, q);
  if (found[2] === 0n) return false;
  const inverted = inverse(found[2]);
  return mod(e + mod(found[0] * inverted * inverted), N) === r;
}
