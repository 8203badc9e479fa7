// Which credentials are stopped: bit lists as a Token Status List has them, one bit each, least significant first.
import { fromBase64url } from "./bytes";

export interface PackedStatus { size: number; lists: Record<string, string> }

/** Largest list taken: a list of a million is 128 KiB; sixteen times that is no honest list. */
const MOST = 2 ** 24;

export class StatusLists {
  private size: number;
  private lists: Map<number, Uint8Array>;
  private constructor(size: number, lists: Map<number, Uint8Array>) { this.size = size; this.lists = lists; }

  /** Raises SyntaxError: a list is not what it should be. Nothing of a bad set is used. */
  static async open(packed: PackedStatus): Promise<StatusLists> {
    if (!Number.isInteger(packed.size) || packed.size < 8 || packed.size % 8 || packed.size > MOST) throw new SyntaxError("status: size");
    const lists = new Map<number, Uint8Array>();
    for (const [number, text] of Object.entries(packed.lists)) {
      const list = await inflate(fromBase64url(text), packed.size / 8);
      if (!/^(0|[1-9]\d*)$/.test(number) || list.length !== packed.size / 8) throw new SyntaxError(`status: list ${number}`);
      lists.set(Number(number), list);
    }
    return new StatusLists(packed.size, lists);
  }

  /** A list that is not there has nobody stopped. */
  stopped(index: number): boolean {
    const place = index % this.size;
    const list = this.lists.get((index - place) / this.size);
    return list !== undefined && ((list[place >> 3]! >> (place & 7)) & 1) === 1;
  }
}

/** zlib (RFC 1950), at most ``most`` bytes. Raises SyntaxError. */
async function inflate(packed: Uint8Array<ArrayBuffer>, most: number): Promise<Uint8Array> {
  const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
  const whole = new Uint8Array(most);
  let at = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return whole.subarray(0, at);
      if (at + value.length > most) throw new SyntaxError("status: list too long");
      whole.set(value, at);
      at += value.length;
    }
  } catch {
    await reader.cancel().catch(() => undefined);
    throw new SyntaxError("status: not zlib, or too long");
  }
}
