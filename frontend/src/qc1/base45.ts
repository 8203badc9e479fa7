// Base45 (RFC 9285): the letters QR's alphanumeric mode packs tightest. Strict: what decodes has one spelling.
import type { Bytes } from "./bytes";

const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

export function encode(data: Uint8Array): string {
  let text = "";
  for (let at = 0; at < data.length; at += 2) {
    const pair = at + 1 < data.length;
    let value = pair ? (data[at]! << 8) | data[at + 1]! : data[at]!;
    for (let digit = 0; digit < (pair ? 3 : 2); digit += 1) {
      text += LETTERS[value % 45];
      value = Math.floor(value / 45);
    }
  }
  return text;
}

/** Raises SyntaxError. */
export function decode(text: string): Bytes {
  if (text.length % 3 === 1) throw new SyntaxError("base45: one letter too many");
  const data: number[] = [];
  for (let at = 0; at < text.length; at += 3) {
    const digits = Array.from(text.slice(at, at + 3), (letter) => LETTERS.indexOf(letter));
    if (digits.includes(-1)) throw new SyntaxError("base45: not a letter of it");
    const value = digits.reduceRight((sum, digit) => sum * 45 + digit, 0);
    if (value > (digits.length === 3 ? 0xffff : 0xff)) throw new SyntaxError("base45: number too large");
    if (digits.length === 3) data.push(value >> 8);
    data.push(value & 0xff);
  }
  return Uint8Array.from(data);
}
