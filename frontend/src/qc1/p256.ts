// Compressed points of P-256 (SEC 1 section 2.3.4): what tokens carry, and what WebCrypto does not read everywhere.
import { type Bytes, concat, fromHex, hex } from "./bytes";

const P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;

/** The uncompressed point, 65 bytes. Raises SyntaxError: no point of the curve. */
export function decompress(point: Uint8Array): Bytes {
  const sign = point[0];
  if (point.length !== 33 || (sign !== 2 && sign !== 3)) throw new SyntaxError("not a compressed point");
  const x = BigInt(`0x${hex(point.slice(1))}`);
  const square = (((x * x - 3n) * x + B) % P + P) % P;
  const root = power(square, (P + 1n) >> 2n); // P = 3 mod 4
  if (x >= P || (root * root) % P !== square) throw new SyntaxError("not a point of the curve");
  const y = (root & 1n) === BigInt(sign & 1) ? root : P - root;
  return concat(Uint8Array.of(4), point.slice(1), fromHex(y.toString(16).padStart(64, "0")));
}

function power(base: bigint, exponent: bigint): bigint {
  let found = 1n;
  for (let square = base, left = exponent; left > 0n; left >>= 1n, square = (square * square) % P) {
    if (left & 1n) found = (found * square) % P;
  }
  return found;
}
