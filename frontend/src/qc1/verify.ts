// Checking of a code at a gate, without a network. docs/formats/qc1.md numbers the same steps: 1 read, 2 the city's
// signature, 3 times, 4 stopped?, 5 scene and form, 6 the phone's signature, 7 the moment, 8 the challenge, 9 replay.
import { concat, equal, hex } from "./bytes";
import { kidOf, verify1 } from "./cose";
import type { PublicKey } from "./keys";
import { CodeFault } from "./reasons";
import { type Facts, type Shown, digest, hasBit, read, stepOf } from "./token";

/** Longest life of a phone's credential in seconds: the format's own limit. */
const WEEK = 7 * 86_400;
const DAY = 86_400;

/** What a gate needs to know, renewed from the city when there is a network. */
export interface Knows {
  /** The city's keys by kid in hexadecimal. */
  keys: ReadonlyMap<string, PublicKey>;
  stopped(index: number): boolean;
  /** Seconds the clocks of phone, city and gate may differ. */
  skew: number;
  /** Steps before the present one that are taken. */
  window: number;
  /** Longest life of a printed credential in seconds. */
  longestPrinted?: number;
}

/** A code that holds, and what it says. */
export interface Verdict { facts: Facts; credential: string; step: number; nonce: string; printed: boolean }

export interface Asked { now: number; scene: number; printedAllowed?: boolean; challenge?: Uint8Array }

/** The short memory of what was taken: older steps are refused anyway, so it is bounded by who passes in some steps. */
export class ReplaySet {
  private taken: Map<number, Set<string>>;
  private keep: number;
  constructor(keep = 4, kept: readonly (readonly [number, readonly string[]])[] = []) {
    this.keep = keep;
    this.taken = new Map(kept.map(([step, marks]) => [step, new Set(marks)]));
  }
  seen(step: number, mark: string): boolean { return this.taken.get(step)?.has(mark) ?? false; }
  /** Forgets what is older than it keeps, and never what ``earliest`` says is still taken. */
  take(step: number, mark: string, nowStep: number, earliest = Infinity): void {
    const marks = this.taken.get(step) ?? new Set();
    this.taken.set(step, marks.add(mark));
    for (const old of [...this.taken.keys()]) if (old < Math.min(nowStep - this.keep - 1, earliest)) this.taken.delete(old);
  }
  /** As plain data, so that a reader that restarts still knows. */
  get kept(): [number, string[]][] { return [...this.taken].map(([step, marks]) => [step, [...marks]]); }
}

/** Notices from genuine codes that the gate's own clock is wrong: so many different ones in a row, all off to one side. */
export class Drift {
  private needed: number;
  private last: [string, number][] = [];
  constructor(needed = 5) { this.needed = needed; }
  note(credential: string, steps: number): void {
    if (steps === 0) this.last = [];
    else if (this.last.every(([one]) => one !== credential)) this.last.push([credential, steps]);
    if (this.last.length > this.needed) this.last.shift();
  }
  get wrong(): boolean {
    const offsets = this.last.map(([, steps]) => steps);
    if (offsets.length < this.needed) return false;
    const least = Math.min(...offsets), most = Math.max(...offsets);
    return (least > 0 || most < 0) && most - least <= 4;
  }
}

export class Gate {
  knows: Knows;
  readonly replay: ReplaySet;
  readonly drift = new Drift();
  constructor(knows: Knows, replay = new ReplaySet()) { this.knows = knows; this.replay = replay; }

  /** Take a code now (Unix seconds) at a scene (bit number). Raises CodeFault; never answers a doubt. */
  async verify(text: string, asked: Asked): Promise<Verdict> {
    const shown = read(text);
    const { facts } = shown;
    await this.city(shown);
    this.times(facts, asked.now);
    if (this.knows.stopped(facts.statusIndex)) throw new CodeFault("stopped");
    if (!hasBit(facts.scenes, asked.scene)) throw new CodeFault("scene-off");
    const name = await digest(shown.credential);
    if (!facts.device) return this.paper(shown, hex(name), asked);
    await this.phone(shown, facts.device, name);
    this.moment(shown, hex(name), asked.now);
    if (!equal(asked.challenge ?? new Uint8Array(), shown.challenge)) throw new CodeFault("wrong-challenge");
    const mark = hex(concat(name.slice(0, 16), shown.nonce));
    if (this.replay.seen(shown.step, mark)) throw new CodeFault("replayed");
    this.replay.take(shown.step, mark, stepOf(asked.now), this.earliest(asked.now));
    return { facts, credential: hex(name), step: shown.step, nonce: hex(shown.nonce), printed: false };
  }

  private async city(shown: Shown): Promise<void> {
    const key = this.knows.keys.get(kidOf(shown.message));
    if (!key) throw new CodeFault("unknown-issuer", kidOf(shown.message));
    if (!(await verify1(shown.message, key))) throw new CodeFault("bad-signature", "layer 1");
  }

  private times(facts: Facts, now: number): void {
    const longest = facts.device ? WEEK : this.knows.longestPrinted ?? 400 * DAY;
    if (facts.expires - facts.issued > longest) throw new CodeFault("too-long");
    if (now + this.knows.skew < facts.issued) throw new CodeFault("not-yet");
    if (now >= facts.expires) throw new CodeFault("expired");
  }

  private paper(shown: Shown, name: string, asked: Asked): Verdict {
    if (shown.presentation) throw new CodeFault("malformed", "a printed code has one layer");
    if (asked.printedAllowed === false || asked.challenge?.length) throw new CodeFault("printed-refused");
    return { facts: shown.facts, credential: name, step: 0, nonce: "", printed: true };
  }

  private async phone(shown: Shown, device: PublicKey, name: Uint8Array): Promise<void> {
    if (!shown.presentation) throw new CodeFault("malformed", "a phone's code has two layers");
    if (!(await verify1(shown.presentation, device, name))) throw new CodeFault("bad-signature", "layer 2");
  }

  private earliest(now: number): number { return stepOf(now - this.knows.skew) - this.knows.window; }

  private moment(shown: Shown, name: string, now: number): void {
    const earliest = this.earliest(now);
    const latest = stepOf(now + this.knows.skew);
    const off = shown.step >= earliest && shown.step <= latest ? 0 : shown.step - stepOf(now);
    this.drift.note(name, off);
    if (this.drift.wrong) throw new CodeFault("clock", `about ${off * 30} s`);
    if (off) throw new CodeFault(off < 0 ? "stale" : "not-yet", `${off} steps`);
  }
}
