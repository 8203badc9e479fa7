// The phone's side of the citizen code: a key that cannot leave this browser, and credentials for some days.
import { fromBase64url } from "../qc1/bytes";
import { StatusLists, type PackedStatus } from "../qc1/status";
import { present, readCredential } from "../qc1/token";
import { CityClock, Refused, Server, SignedOut } from "./server";
import { Shelf } from "./store";

export interface Held { scene: string; token: string; expires: number }
interface Batch { device: number; credentials: Held[]; time?: number }
interface Device { number: number; pair: CryptoKeyPair }
interface Sync { at: number; offset: number }

/** new: not bound; bound; stopped: the city says this phone is no longer bound; other: somebody else is signed in. */
export type Standing = "new" | "bound" | "stopped" | "other";
export type Net = "online" | "offline" | "out";

const AGAIN = 6 * 3600; // seconds after which credentials are fetched anew though they live on: switched scenes, new rights
const LISTS_AGAIN = 600;

export class Wallet {
  standing: Standing = "new";
  net: Net = "offline";
  said = "";
  /** Whether the city was asked since the page opened. */
  tried = false;
  readonly clock: CityClock;
  private shelf: Shelf;
  private server: Server;
  private paths: { enrol: string; batch: string; bundle: string };
  private device: Device | undefined;
  private held: Held[] = [];
  private sync: Sync | undefined;
  private listsAt = 0;

  private constructor(shelf: Shelf, clock: CityClock, paths: { enrol: string; batch: string; bundle: string }) {
    this.shelf = shelf;
    this.clock = clock;
    this.paths = paths;
    this.server = new Server(clock);
  }

  /** Raises when this browser keeps nothing. */
  static async open(paths: { enrol: string; batch: string; bundle: string }): Promise<Wallet> {
    const shelf = await Shelf.open("quancheng-code");
    const sync = await shelf.get<Sync>("sync");
    const wallet = new Wallet(shelf, new CityClock(sync?.offset ?? 0), paths);
    wallet.sync = sync;
    wallet.device = await shelf.get<Device>("device");
    wallet.held = (await shelf.get<Held[]>("credentials")) ?? [];
    wallet.standing = (await shelf.get<Standing>("standing")) ?? (wallet.device ? "bound" : "new");
    return wallet;
  }

  get syncedAt(): number { return this.sync?.at ?? 0; }

  /** Scenes of which something is held, live or not. */
  get scenes(): ReadonlySet<string> { return new Set(this.held.map((one) => one.scene)); }

  /** The credential to show now. Of several live ones the day decides, so that days cannot be linked. */
  choose(scene: string): Held | "expired" | "none" {
    const mine = this.held.filter((one) => one.scene === scene);
    const now = this.clock.now();
    const live = mine.filter((one) => one.expires > now);
    return live[Math.floor(now / 86_400) % live.length] ?? (mine.length ? "expired" : "none");
  }

  /** The text of a code that holds for this moment only. */
  async show(held: Held): Promise<string> {
    if (!this.device) throw new Error("not bound");
    return present(fromBase64url(held.token), this.device.pair.privateKey, this.clock.now());
  }

  /** First use: make the key, tell the city its public half. What goes wrong is in ``net`` and ``said``. */
  async bind(label: string): Promise<void> {
    const pair = await this.freshPair();
    const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
    await this.meet(async () => {
      const batch = await this.enrol({ public: { kty, crv, x, y }, label });
      this.device = { number: batch.device, pair };
      await this.shelf.put("device", this.device);
      await this.shelf.drop("pending");
      await this.stand("bound");
      await this.keep(batch);
    });
  }

  private async enrol(body: unknown): Promise<Batch> {
    try {
      return await this.server.post<Batch>(this.paths.enrol, body);
    } catch (failure) {
      if (failure instanceof Refused && failure.status === 409) await this.shelf.drop("pending"); // this key is no good: another next time
      throw failure;
    }
  }

  /** The key waits until the city has answered: a lost answer does not make a second phone. */
  private async freshPair(): Promise<CryptoKeyPair> {
    const pending = await this.shelf.get<CryptoKeyPair>("pending");
    if (pending) return pending;
    const made = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]) as CryptoKeyPair;
    await this.shelf.put("pending", made);
    await navigator.storage?.persist?.().catch(() => false); // a browser short of space should clear something else
    return made;
  }

  /** Whether a new batch is wanted: half of a life gone, or long since the last. */
  get due(): boolean {
    const now = this.clock.now(), since = this.syncedAt;
    const least = Math.min(...this.held.map((one) => one.expires));
    return now - since > AGAIN || now - since > least - now;
  }

  async renew(): Promise<void> {
    const device = this.device;
    if (!device) return;
    await this.meet(async () => {
      try {
        await this.keep(await this.server.post<Batch>(this.paths.batch, { device: device.number }));
        await this.stand("bound");
      } catch (failure) {
        if (failure instanceof Refused && failure.status === 404) await this.stand("other");
        else if (failure instanceof Refused && failure.status === 409) await this.stop();
        else throw failure;
      }
    });
    if (this.net === "out") await this.askLists();
  }

  /** Signed out the city says nothing about this phone, but its lists are everybody's: is one of mine on them? */
  private async askLists(): Promise<void> {
    if (this.clock.now() - this.listsAt < LISTS_AGAIN) return;
    try {
      const { status } = await this.server.get<{ status: PackedStatus }>(this.paths.bundle);
      const lists = await StatusLists.open(status);
      const now = this.listsAt = this.clock.now();
      const live = this.held.filter((one) => one.expires > now);
      const left = live.filter((one) => !lists.stopped(readCredential(fromBase64url(one.token)).facts.statusIndex));
      if (left.length === live.length) return;
      await this.shelf.put("credentials", this.held = this.held.filter((one) => !live.includes(one) || left.includes(one)));
      if (live.length && !left.length) await this.stop();
    } catch {
      // no lists: gates will say
    }
  }

  private async keep(batch: Batch): Promise<void> {
    this.held = batch.credentials;
    this.sync = { at: this.clock.now(), offset: this.clock.offset };
    await this.shelf.put("credentials", this.held);
    await this.shelf.put("sync", this.sync);
  }

  private async meet(act: () => Promise<void>): Promise<void> {
    this.said = "";
    this.tried = true;
    try {
      await act();
      this.net = "online";
    } catch (failure) {
      this.net = failure instanceof SignedOut ? "out" : failure instanceof Refused ? "online" : "offline";
      if (failure instanceof Refused) this.said = failure.message;
    }
  }

  private async stand(standing: Standing): Promise<void> {
    this.standing = standing;
    await this.shelf.put("standing", standing);
  }

  private async stop(): Promise<void> {
    await this.forget();
    await this.stand("stopped");
  }

  /** The key and the credentials leave the device. */
  private async forget(): Promise<void> {
    this.device = undefined;
    this.held = [];
    for (const name of ["device", "credentials", "sync"]) await this.shelf.drop(name);
    await this.stand("new");
  }
}

/** A name for this device among a person's phones; nothing that tells it from others of its kind. */
export function deviceLabel(agent: string): string {
  const system = ["Android", "iPhone", "iPad", "HarmonyOS", "Windows", "Macintosh", "Linux"].find((one) => agent.includes(one)) ?? "";
  const browser = [["MicroMessenger", "微信"], ["Edg", "Edge"], ["Firefox", "Firefox"], ["Chrome", "Chrome"], ["Safari", "Safari"]].find(([mark]) => agent.includes(mark!))?.[1] ?? "";
  return [system, browser].filter(Boolean).join(" · ");
}

