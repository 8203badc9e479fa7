// A counter's side: lists kept for when there is no network, a memory of what was taken, scans that wait for upload.
import { Bundle, type PackedBundle, type Scene } from "../qc1/bundle";
import { CodeFault, type Reason } from "../qc1/reasons";
import { PREFIX } from "../qc1/token";
import { Gate, ReplaySet, type Verdict } from "../qc1/verify";
import { newKey } from "../ledger/store";
import { CityClock, Refused, Server, SignedOut } from "./server";
import type { Shelf } from "./store";

export interface Place { code: string; name: string; scene: string }
interface Scan { token: string; at: number; scene: string; verdict: string }
interface Queued extends Scan { verifier: string }
interface Packet { key: string; through: number; verifier: string; scans: Scan[] }
export interface Kept { bundle: PackedBundle; at: number; offset: number }

/** What the counter is told. */
export type Finding = { good: true; verdict: Verdict; scene: Scene } | { good: false; reason: Reason };
/** Why nothing can be checked at all. */
export type Blocked = "no list" | "old list" | "no place";
export type Net = "online" | "offline" | "out";

const PACKET = 500;
const MOST_TEXT = 1200;

export class Desk {
  net: Net = "offline";
  waiting = 0;
  aside: { count: number; said: string } = { count: 0, said: "" };
  bundle: Bundle | null = null;
  place: Place | null = null;
  readonly clock: CityClock;
  private shelf: Shelf;
  private server: Server;
  private paths: { bundle: string; upload: string };
  private gate: Gate | null = null;
  private sending = false;

  private constructor(shelf: Shelf, clock: CityClock, paths: { bundle: string; upload: string }) {
    this.shelf = shelf;
    this.clock = clock;
    this.paths = paths;
    this.server = new Server(clock);
  }

  static async open(shelf: Shelf, paths: { bundle: string; upload: string }): Promise<Desk> {
    const kept = await shelf.get<Kept>("bundle");
    const desk = new Desk(shelf, new CityClock(kept?.offset ?? 0), paths);
    const replay = new ReplaySet(4, (await shelf.get<[number, string[]][]>("replay")) ?? []);
    if (kept) await desk.use(kept.bundle, replay).catch(() => undefined);
    desk.waiting = await shelf.waiting();
    desk.aside = (await shelf.get<Desk["aside"]>("aside")) ?? desk.aside;
    return desk;
  }

  private async use(packed: PackedBundle, replay?: ReplaySet): Promise<void> {
    this.bundle = await Bundle.open(packed);
    if (this.gate) this.gate.knows = this.bundle;
    else this.gate = new Gate(this.bundle, replay);
  }

  get scene(): Scene | null { return (this.place && this.bundle?.scene(this.place.scene)) || null; }

  get blocked(): Blocked | null {
    if (!this.place) return "no place";
    if (!this.bundle || !this.scene) return "no list";
    return this.bundle.tooOld(this.clock.now()) ? "old list" : null;
  }

  /** Check a code here and now, remember it, put it among what waits. Only while ``blocked`` is null. */
  async check(text: string): Promise<Finding> {
    const { place, scene, gate } = this;
    if (!place || !scene || !gate) throw new Error("nothing to check with");
    const now = Math.floor(this.clock.now());
    let finding: Finding;
    try {
      const verdict = await gate.verify(text, { now, scene: scene.bit, printedAllowed: scene.printed });
      await this.shelf.put("replay", gate.replay.kept);
      finding = { good: true, verdict, scene };
    } catch (failure) {
      if (!(failure instanceof CodeFault)) throw failure;
      finding = { good: false, reason: failure.reason };
    }
    if (text.startsWith(PREFIX) && text.length <= MOST_TEXT) {
      const scan: Queued = { token: text, at: now, scene: scene.code, verdict: finding.good ? "ok" : finding.reason, verifier: place.code };
      await this.shelf.push(scan);
      this.waiting += 1;
    }
    return finding;
  }

  /** Fetch the lists anew. A bundle that is none is not used: the one that is there goes on. */
  async refresh(): Promise<void> {
    try {
      const packed = await this.server.get<PackedBundle>(this.paths.bundle);
      await this.use(packed);
      await this.shelf.put("bundle", { bundle: packed, at: this.clock.now(), offset: this.clock.offset } satisfies Kept);
      if (this.net === "offline") this.net = "online";
    } catch {
      this.net = "offline";
    }
  }

  /** Send what waits, oldest first; a packet keeps its key until it was answered, so a lost answer does no harm. */
  async send(): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    try {
      for (let packet = await this.packet(); packet; packet = await this.packet()) await this.deliver(packet);
      this.net = "online";
    } catch (failure) {
      this.net = failure instanceof SignedOut ? "out" : "offline";
    } finally {
      this.sending = false;
      this.waiting = await this.shelf.waiting();
    }
  }

  private async deliver(packet: Packet): Promise<void> {
    const body = { verifier: packet.verifier, sent_at: Math.floor(this.clock.now()), scans: packet.scans };
    try {
      await this.server.post(this.paths.upload, body, packet.key);
    } catch (failure) {
      if (!(failure instanceof Refused)) throw failure;
      await this.setAside(packet, failure.message);
    }
    await this.shelf.dropThrough(packet.through);
    await this.shelf.drop("packet");
  }

  private async packet(): Promise<Packet | null> {
    const begun = await this.shelf.get<Packet>("packet");
    if (begun) return begun;
    const rows = await this.shelf.first<Queued>(PACKET);
    const [first] = rows;
    if (!first) return null;
    const end = rows.findIndex((row) => row.value.verifier !== first.value.verifier); // one place in a packet
    const mine = end < 0 ? rows : rows.slice(0, end);
    const scans = mine.map(({ value: { token, at, scene, verdict } }) => ({ token, at, scene, verdict }));
    const made = { key: newKey(), through: mine[mine.length - 1]!.seq, verifier: first.value.verifier, scans };
    await this.shelf.put("packet", made);
    return made;
  }

  private async setAside(packet: Packet, said: string): Promise<void> {
    await this.shelf.put(`aside ${packet.key}`, { ...packet, said });
    this.aside = { count: this.aside.count + packet.scans.length, said };
    await this.shelf.put("aside", this.aside);
  }

  async forgetAside(): Promise<void> {
    this.aside = { count: 0, said: "" };
    await this.shelf.dropAll("aside");
  }
}
