// What every verb is given: made once by main.ts from the environment, so that no verb reads the outside by itself.
import type { Readable, Writable } from "node:stream";
import type { Clock } from "../../shared/clock.ts";
import type { CryptoSuite } from "../../shared/crypto/suite.ts";
import type { Home } from "./home.ts";
import type { KeyRing } from "./keys.ts";
import type { PassphraseSources } from "./passphrase.ts";
import type { Tui } from "./tui.ts";

export interface Context {
  readonly home: Home;
  readonly tui: Tui;
  readonly keys: KeyRing;
  readonly suite: CryptoSuite;
  readonly clock: Clock;
  readonly sources: PassphraseSources;
  /** Aborted by Ctrl-C and SIGTERM: long work ends in order. */
  readonly signal: AbortSignal;
  readonly streams: Streams;
  /** Where held sessions listen for joiners; mode 0700. */
  readonly runtimeFolder: string;
  /** HTTPS_PROXY: an HTTP proxy that lets CONNECT through. */
  readonly proxy: URL | undefined;
  /** TERM, as a remote terminal is told it. */
  readonly terminalType: string;
  /** Options before or after any verb; set before a verb runs. */
  readonly chosen: { site: string | undefined };
}

export interface Streams {
  readonly stdin: Readable & { readonly isTTY?: boolean; setRawMode?(raw: boolean): unknown };
  readonly stdout: Writable & {
    readonly isTTY?: boolean;
    readonly columns?: number;
    readonly rows?: number;
  };
  readonly stderr: Writable;
}

/** Unix seconds now, as documents carry time. */
export function nowSeconds(context: Pick<Context, "clock">): number {
  return Math.floor(context.clock.wallMs() / 1000);
}
