// The device's absolute addresses in what it sends become the panel's own: in text bodies as they stream, and in fields. With and without port,
// for http, https, ws and wss, relative to the scheme, and with the slashes of JSON escaped. Another port of the device is another service and stays.
import { Transform, type TransformCallback } from "node:stream";
import type { Origin } from "./origins.ts";

const schemes = ["https", "http", "wss", "ws"] as const;
const slashes = ["//", "\\/\\/"] as const;
/** In front of an address without scheme: it is no path of something else. */
const openers = `"'(=<`;
const maxPortDigits = 5;

/** Rewrites addresses of one device to one public origin. */
export class Addresses {
  readonly #device: Origin;
  readonly #public: Origin;
  readonly #pattern: RegExp;
  /** What an address may begin with, up to its port. */
  readonly #heads: readonly string[];
  /** An address longer than this is none. */
  readonly #maxLength: number;

  constructor(device: Origin, publicOrigin: Origin) {
    this.#device = device;
    this.#public = publicOrigin;
    const host = device.host.replace(/[.[\]]/g, "\\$&");
    this.#pattern = new RegExp(
      `(?:(https?|wss?):|(?<=[${openers}]))(//|\\\\/\\\\/)${host}(?::(\\d{1,${maxPortDigits}}))?(?![\\w:-]|\\.\\w)`,
      "gi",
    );
    this.#heads = ["", ...schemes.map((scheme) => `${scheme}:`)].flatMap((scheme) =>
      slashes.map((pair) => `${scheme}${pair}${device.host}`),
    );
    // A colon with its digits, and the two characters that tell where an address ends.
    this.#maxLength = Math.max(...this.#heads.map(({ length }) => length)) + maxPortDigits + 3;
  }

  /** A whole text. */
  rewrite(text: string): string {
    return text.replace(this.#pattern, (found, scheme: string = "", pair: string, port: string) => {
      if (port !== undefined && Number(port) !== this.#device.port) return found;
      return `${this.#schemeFor(scheme)}${pair}${this.#public.authority}`;
    });
  }

  /** A field's value that may begin with an address. */
  rewriteField(value: string): string {
    return this.rewrite(`=${value}`).slice(1);
  }

  /** A body's bytes as they stream: what cannot be the beginning of an address goes on at once. */
  stream(): Transform {
    let held = "";
    // The last character that went on: an address without scheme is known by it.
    let before = "";
    const pass = (text: string, end: number): Buffer => {
      const done = this.rewrite(before + text.slice(0, end)).slice(before.length);
      held = text.slice(end);
      before = end > 0 ? text.charAt(end - 1) : before;
      return Buffer.from(done, "latin1");
    };
    return new Transform({
      transform: (chunk: Buffer, _encoding, done: TransformCallback) => {
        // Byte for byte: whatever the text's encoding, an address is ASCII.
        const text = held + chunk.toString("latin1");
        done(null, pass(text, this.#undecidedFrom(text)));
      },
      flush: (done: TransformCallback) => done(null, pass(held, held.length)),
    });
  }

  /** The values of a Content-Security-Policy name hosts without scheme too. */
  rewritePolicy(policy: string): string {
    const { host, authority, port } = this.#device;
    const bare = new Set([host, authority, `${host}:${port}`]);
    return this.rewrite(policy).replace(/[^\s;,]+/g, (word) =>
      bare.has(word.toLowerCase()) ? this.#public.authority : word,
    );
  }

  #schemeFor(scheme: string): string {
    if (scheme === "") return "";
    const isSocket = scheme.toLowerCase().startsWith("ws");
    const isSecure = this.#public.scheme === "https";
    return `${isSocket ? "ws" : "http"}${isSecure ? "s" : ""}:`;
  }

  // The first place from which the rest may be an address whose end is still to come.
  #undecidedFrom(text: string): number {
    for (let at = Math.max(0, text.length - this.#maxLength); at < text.length; at += 1) {
      const first = text.charAt(at);
      if ("hHwW/\\".includes(first) && this.#mayBegin(text.slice(at).toLowerCase())) return at;
    }
    return text.length;
  }

  #mayBegin(rest: string): boolean {
    return this.#heads.some(
      (head) =>
        head.startsWith(rest) ||
        (rest.startsWith(head) && /^(?::\d{0,5})?\.?$/.test(rest.slice(head.length))),
    );
  }
}
