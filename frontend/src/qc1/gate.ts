// A gate in JavaScript: one file, no dependency (tools/gate/qc1-gate.mjs is built from here). Works cut off: lists are
// kept, scans wait. What it cannot do, and nobody can offline: notice a code that another cut-off gate took a moment ago.
import { Bundle, type PackedBundle, type Scene } from "./bundle";
import { CodeFault, REASONS, type Reason, type Text } from "./reasons";
import { MemoryStore, type Packet, type Store } from "./store";
import { PREFIX, digest, read, stepOf } from "./token";
import { Gate, ReplaySet, type Verdict } from "./verify";
import { concat, hex } from "./bytes";

export { Bundle, CodeFault, Gate, REASONS, ReplaySet };
export { FileStore, MemoryStore } from "./store";
export { read } from "./token";

export interface Options {
  /** Where the city is, such as ``https://city.example``. */
  city: string;
  /** Code of the scene, such as ``metro``. */
  scene: string;
  /** The token the operator was shown once. */
  token: string;
  store?: Store;
  /** The gate's clock, Unix seconds. */
  clock?: () => number;
  fetch?: typeof fetch;
}

/** What the gate does and says. ``rights`` are codes of entitlements, only those this scene needs. */
export type Answer =
  | { open: true; level: number; rights: string[]; printed: boolean; verdict: Verdict }
  | { open: false; why: Reason | Blocked; said: Text };

/** Why a gate takes nothing at all. */
export type Blocked = "no-list" | "old-list" | "no-scene";
const BLOCKED: Record<Blocked, Text> = {
  "no-list": { zh: "还没有名单，请联网。", en: "There are no lists yet; connect to the network." },
  "old-list": { zh: "名单太旧，请联网。", en: "The lists are too old; connect to the network." },
  "no-scene": { zh: "名单里没有本场景，请联系管理员。", en: "This scene is not in the lists; ask the operator." },
};
const MOST_TEXT = 1200;
const PACKET = 5000;
const PATIENCE = 20_000;

export class QcGate {
  private options: Options;
  private store: Store;
  private clock: () => number;
  private bundle: Bundle | null = null;
  private gate: Gate | null = null;
  private clockOff = false;
  private tag = "";
  private uploading = false;

  private constructor(options: Options) {
    this.options = options;
    this.store = options.store ?? new MemoryStore();
    this.clock = options.clock ?? (() => Date.now() / 1000);
  }

  /** A gate with what it kept from before; call ``refresh`` then. */
  static async open(options: Options): Promise<QcGate> {
    const made = new QcGate(options);
    const kept = made.store.kept<PackedBundle>("bundle");
    if (kept) await made.use(kept).catch(() => undefined);
    return made;
  }

  /** Scans that wait for upload. */
  get waiting(): number { return this.store.waiting().length; }

  private async use(packed: PackedBundle): Promise<void> {
    this.bundle = await Bundle.open(packed);
    if (this.gate) this.gate.knows = this.bundle;
    else this.gate = new Gate(this.bundle, await this.remembered());
  }

  /** What was taken a moment ago, read from the scans: a restart forgets nothing. */
  private async remembered(): Promise<ReplaySet> {
    const memory = new ReplaySet();
    const now = stepOf(this.clock());
    for (const scan of this.store.recent()) {
      if (scan.verdict !== "ok" || scan.at < this.clock() - 300) continue;
      const shown = read(scan.token);
      const mark = hex(concat((await digest(shown.credential)).slice(0, 16), shown.nonce));
      if (shown.presentation) memory.take(shown.step, mark, now);
    }
    return memory;
  }

  get blocked(): Blocked | null {
    if (!this.bundle) return "no-list";
    if (this.bundle.tooOld(this.clock())) return "old-list";
    return this.bundle.scene(this.options.scene) ? null : "no-scene";
  }

  /** Check a code as read. When this answers ``open``, the scan is kept; when it raises, do not open. */
  async check(text: string): Promise<Answer> {
    const { blocked } = this;
    if (blocked || !this.bundle || !this.gate) return { open: false, why: blocked ?? "no-list", said: BLOCKED[blocked ?? "no-list"] };
    const scene = this.bundle.scene(this.options.scene) as Scene;
    const at = Math.floor(this.clock());
    const answer = await this.judge(text, this.gate, scene, at);
    if (text.startsWith(PREFIX) && text.length <= MOST_TEXT) {
      this.store.append({ token: text, at, scene: scene.code, verdict: answer.open ? "ok" : answer.why });
    }
    return answer;
  }

  private async judge(text: string, gate: Gate, scene: Scene, now: number): Promise<Answer> {
    try {
      if (this.clockOff) throw new CodeFault("clock");
      const verdict = await gate.verify(text, { now, scene: scene.bit, printedAllowed: scene.printed });
      const rights = this.bundle!.told(verdict.facts.entitlements, scene).map((one) => one.code);
      return { open: true, level: verdict.facts.level, rights, printed: verdict.printed, verdict };
    } catch (failure) {
      if (!(failure instanceof CodeFault)) throw failure;
      return { open: false, why: failure.reason, said: REASONS[failure.reason] };
    }
  }

  /** Fetch the lists; true when the city answered. A bundle that is none is not used: the one that is there goes on. */
  async refresh(): Promise<boolean> {
    try {
      const answer = await this.ask("/api/v1/code/bundle", { headers: this.tag ? { "If-None-Match": this.tag } : {} });
      if (answer.status === 304 && this.bundle) {
        this.current(Date.parse(answer.headers.get("Date") ?? "") / 1000, this.bundle.packed);
        return true;
      }
      if (!answer.ok) return false;
      const packed = await answer.json() as PackedBundle;
      await this.use(packed);
      this.tag = answer.headers.get("ETag") ?? "";
      this.current(packed.time, packed);
      return true;
    } catch {
      return false;
    }
  }

  /** The lists are as of ``time``, says the city; is this gate's clock the same? */
  private current(time: number, packed: PackedBundle): void {
    if (!Number.isFinite(time)) return;
    packed.time = Math.floor(time);
    this.clockOff = Math.abs(this.clock() - time) > packed.limits.skew_seconds;
    this.store.keep("bundle", packed);
  }

  /** Send what waits. A packet keeps its key until it was answered, also over a restart. Returns how many were taken. */
  async upload(): Promise<number> {
    if (this.uploading) return 0;
    this.uploading = true;
    let taken = 0;
    try {
      for (let packet = this.packet(); packet; packet = this.packet()) {
        if (!(await this.deliver(packet))) break;
        taken += packet.scans.length;
      }
    } finally {
      this.uploading = false;
    }
    return taken;
  }

  private packet(): Packet | null {
    const begun = this.store.kept<Packet>("packet");
    const waiting = this.store.waiting();
    if (begun) {
      const still = JSON.stringify(waiting.slice(0, begun.scans.length)) === JSON.stringify(begun.scans);
      if (still) return begun;
      this.store.keep("packet", undefined); // it was answered just before a restart
    }
    if (!waiting.length) return null;
    const made = { key: crypto.randomUUID(), scans: waiting.slice(0, PACKET) };
    this.store.keep("packet", made);
    return made;
  }

  /** True when the city answered for the packet. One it will never take is kept beside, so that it does not hold up the rest. */
  private async deliver(packet: Packet): Promise<boolean> {
    const body = JSON.stringify({ sent_at: Math.floor(this.clock()), scans: packet.scans });
    const headers = { "Content-Type": "application/json", Authorization: `Bearer ${this.options.token}`, "Idempotency-Key": packet.key };
    const answer = await this.ask("/api/v1/code/scans", { method: "POST", body, headers }).catch(() => null);
    if (!answer || [401, 403, 408, 429].includes(answer.status) || answer.status >= 500) return false;
    if (!answer.ok) this.store.keep(`refused-${packet.key}`, { status: answer.status, said: await answer.text(), scans: packet.scans });
    this.store.sent(packet.scans.length);
    this.store.keep("packet", undefined);
    return true;
  }

  private ask(path: string, init: RequestInit): Promise<Response> {
    const send = this.options.fetch ?? fetch;
    const headers = { Accept: "application/json", ...(init.headers as Record<string, string> | undefined) };
    return send(new URL(path, this.options.city), { ...init, headers, redirect: "error", signal: AbortSignal.timeout(PATIENCE) });
  }
}
