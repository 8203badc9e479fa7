// Reads codes from a camera: the browser's own detector where there is one, else jsQR on a part of the picture.
import jsQR from "jsqr";

interface Detector { detect(source: CanvasImageSource): Promise<{ rawValue: string }[]> }
interface DetectorClass { new (options: { formats: string[] }): Detector; getSupportedFormats(): Promise<string[]> }

const PAUSE = 120; // milliseconds between looks
const WIDEST = 720; // pixels given to jsQR: a code of 65 modules that fills half of it has five pixels a module

export class Camera {
  readonly video: HTMLVideoElement;
  private stream: MediaStream | null = null;
  private canvas = document.createElement("canvas");
  private found: (text: string) => Promise<void>;

  constructor(video: HTMLVideoElement, found: (text: string) => Promise<void>) {
    this.video = video;
    this.found = found;
  }

  get on(): boolean { return this.stream !== null; }

  /** Raises when there is no camera, or it is not permitted. */
  async start(): Promise<void> {
    const wanted = { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } };
    this.stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
    this.video.srcObject = this.stream;
    await this.video.play();
    void this.look(await detector());
  }

  stop(): void {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    this.video.srcObject = null;
  }

  private async look(detector: Detector | null): Promise<void> {
    while (this.stream) {
      const text = this.video.readyState >= 2 ? await this.read(detector) : "";
      if (text) await this.found(text);
      await new Promise((done) => setTimeout(done, PAUSE));
    }
  }

  private async read(detector: Detector | null): Promise<string> {
    if (detector) return (await detector.detect(this.video).catch(() => []))[0]?.rawValue ?? "";
    const picture = this.middle();
    return picture ? jsQR(picture.data, picture.width, picture.height, { inversionAttempts: "dontInvert" })?.data ?? "" : "";
  }

  /** The largest square in the middle, where people hold a code. */
  private middle(): ImageData | null {
    const { videoWidth: width, videoHeight: height } = this.video;
    const side = Math.min(width, height);
    const drawn = Math.min(side, WIDEST);
    const context = this.canvas.getContext("2d", { willReadFrequently: true });
    if (!side || !context) return null;
    this.canvas.width = this.canvas.height = drawn;
    context.drawImage(this.video, (width - side) / 2, (height - side) / 2, side, side, 0, 0, drawn, drawn);
    return context.getImageData(0, 0, drawn, drawn);
  }
}

async function detector(): Promise<Detector | null> {
  const made = (window as { BarcodeDetector?: DetectorClass }).BarcodeDetector;
  const formats = await made?.getSupportedFormats().catch(() => [] as string[]);
  return made && formats?.includes("qr_code") ? new made({ formats: ["qr_code"] }) : null;
}
