// Lets the desktop follow its display: xfreerdp's window takes the display's size, and xfreerdp tells the device (no window manager does it here).
// Remote desktops crash or scramble when sizes follow each other quickly, so only one that has stood for a while is passed on, one at a time.
import type { Clock } from "../../../shared/clock.ts";
import { startChild } from "./child.ts";
import type { Display } from "./display.ts";

const restMs = 500;
const toolLimitMs = 5_000;
const toolLimits = { dataBytes: 32 * 1024 * 1024, fileBytes: 0 };
/** Of xfreerdp's window (`/wm-class`). */
export const windowClass = "sallyport";

export class WindowSize implements AsyncDisposable {
  readonly #display: Display;
  readonly #clock: Clock;
  readonly #ended = new AbortController();
  #timer: Disposable | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(display: Display, clock: Clock) {
    this.#display = display;
    this.#clock = clock;
  }

  /** The display has this size now. */
  follow(width: number, height: number): void {
    this.#timer?.[Symbol.dispose]();
    if (this.#ended.signal.aborted) return;
    this.#timer = this.#clock.setTimer(restMs, () => {
      this.#running = this.#running.then(() => this.#resize(width, height));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    this.#ended.abort();
    await this.#running;
  }

  // A window that is not there leaves the picture as it is; the vendor's page scales it meanwhile.
  async #resize(width: number, height: number): Promise<void> {
    if (this.#ended.signal.aborted) return;
    const { env } = this.#display;
    const search = ["search", "--onlyvisible", "--class", windowClass];
    const args = [...search, "windowsize", String(width), String(height)];
    await using tool = startChild("xdotool", args, { cwd: env.HOME, env, limits: toolLimits });
    const ended = Promise.withResolvers<void>();
    using _limit = this.#clock.setTimer(toolLimitMs, () => ended.resolve());
    this.#ended.signal.addEventListener("abort", () => ended.resolve());
    await Promise.race([tool.exited, ended.promise]);
  }
}
