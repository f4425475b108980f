// A device's addresses in what it sends: a table with refused twins, every cut position, and random texts against a naive twin that has the whole text.
import { buffer } from "node:stream/consumers";
import { Readable } from "node:stream";
import * as fc from "fast-check";
import * as assert from "uvu/assert";
import { Addresses } from "../../../edge/targets/http/addresses.ts";
import { deviceOrigin, parseOrigin } from "../../../edge/targets/http/origins.ts";
import { group } from "../../support/group.ts";

const pub = "https://abc.def.web.localhost:8443";
const secure = new Addresses(
  deviceOrigin({ host: "192.168.0.5", port: 443, secure: true }),
  parseOrigin(pub),
);
const odd = new Addresses(
  deviceOrigin({ host: "192.168.0.5", port: 8080, secure: false }),
  parseOrigin("http://127.80.1.2:8080"),
);

/** Before, after, and why. */
const table: readonly (readonly [string, string, string])[] = [
  ['<a href="https://192.168.0.5/x">', `<a href="${pub}/x">`, "without port"],
  ["http://192.168.0.5/x", `${pub}/x`, "another scheme"],
  ["https://192.168.0.5:443/x", `${pub}/x`, "with its port"],
  ["HTTPS://192.168.0.5", pub, "capitals, and the end of the text"],
  ['"wss://192.168.0.5/live"', '"wss://abc.def.web.localhost:8443/live"', "a WebSocket"],
  ['"ws://192.168.0.5/live"', '"wss://abc.def.web.localhost:8443/live"', "a plain one"],
  ['"https:\\/\\/192.168.0.5\\/x"', '"https:\\/\\/abc.def.web.localhost:8443\\/x"', "JSON"],
  ['src="//192.168.0.5/x"', 'src="//abc.def.web.localhost:8443/x"', "without scheme"],
  ["url(//192.168.0.5/x)", "url(//abc.def.web.localhost:8443/x)", "in a style"],
  ["see https://192.168.0.5.", `see ${pub}.`, "the end of a sentence"],
  ["https://192.168.0.5.", `${pub}.`, "the end of a text after a stop"],
];
const untouched: readonly (readonly [string, string])[] = [
  ["https://192.168.0.50/x", "another host that begins alike"],
  ["https://192.168.0.5.example/x", "another host"],
  ["https://192.168.0.5:8443/x", "another port is another service"],
  ["https://192.168.0.5:4431/x", "a port that begins alike"],
  ["https://192.168.0.5-b/x", "another host with a dash"],
  ["https://x192.168.0.5/x", "a host that ends alike"],
  ["a//192.168.0.5/x", "no address: nothing opens it"],
  ["ftp://192.168.0.5/x", "another scheme"],
  ["https://192x168x0x5/", "a stop is a stop"],
];

async function streamed(addresses: Addresses, parts: readonly Buffer[]): Promise<string> {
  const out = await buffer(Readable.from(parts).pipe(addresses.stream()));
  return out.toString("latin1");
}

await group("targets/http: addresses", {}, (test) => {
  for (const [before, after, note] of table) {
    test(`rewritten, ${note}: ${before}`, () => assert.is(secure.rewrite(before), after));
  }
  for (const [text, note] of untouched) {
    test(`untouched, ${note}: ${text}`, () => assert.is(secure.rewrite(text), text));
  }
  test("a device on a port of its own, and a panel on this machine's loopback address", () => {
    assert.is(odd.rewrite("http://192.168.0.5:8080/a"), "http://127.80.1.2:8080/a");
    assert.is(odd.rewrite("https://192.168.0.5/a"), "http://127.80.1.2:8080/a");
    assert.is(odd.rewrite("wss://192.168.0.5:8080/a"), "ws://127.80.1.2:8080/a");
    assert.is(odd.rewrite("http://192.168.0.5:80/a"), "http://192.168.0.5:80/a");
  });
  test("an IPv6 device", () => {
    const six = new Addresses(
      deviceOrigin({ host: "fd00::5", port: 80, secure: false }),
      parseOrigin(pub),
    );
    assert.is(six.rewrite('"http://[fd00::5]/x"'), `"${pub}/x"`);
    assert.is(six.rewrite('"http://[fd00::51]/x"'), '"http://[fd00::51]/x"');
  });
  test("a policy's hosts without scheme, and a field that begins with an address", () => {
    assert.is(
      secure.rewritePolicy("frame-ancestors 192.168.0.5 https://192.168.0.5; img-src 192.168.0.51"),
      `frame-ancestors abc.def.web.localhost:8443 ${pub}; img-src 192.168.0.51`,
    );
    assert.is(secure.rewriteField("//192.168.0.5/x"), "//abc.def.web.localhost:8443/x");
    assert.is(secure.rewriteField("/a//192.168.0.5/x"), "/a//192.168.0.5/x");
  });
  test("every cut position gives the same as the whole text", async () => {
    const text = [...table.map(([before]) => before), ...untouched.map(([same]) => same)].join(" ");
    const bytes = Buffer.from(text, "latin1");
    const whole = secure.rewrite(text);
    for (let at = 0; at <= bytes.length; at += 1) {
      const parts = [bytes.subarray(0, at), bytes.subarray(at)].filter(({ length }) => length > 0);
      assert.is(await streamed(secure, parts), whole, `cut at ${at}`);
    }
    const single = Array.from(bytes, (byte) => Buffer.from([byte]));
    assert.is(await streamed(secure, single), whole, "byte by byte");
  });
  test("random texts in random parts give the same as the whole text", async () => {
    const words =
      `http https ws wss : // / \\/\\/ \\ 192.168.0.5 192. 168.0.5 :443 :4 43 . " ( = x - \u00ff`.split(
        " ",
      );
    const property = fc.asyncProperty(
      fc.array(fc.constantFrom(" ", ...words), { maxLength: 40 }),
      fc.array(fc.nat(200), { maxLength: 6 }),
      async (chosen, cuts) => {
        const text = chosen.join("");
        const bytes = Buffer.from(text, "latin1");
        const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort(
          (one, other) => one - other,
        );
        const parts = at
          .slice(1)
          .map((end, index) => bytes.subarray(at[index] ?? 0, end))
          .filter(({ length }) => length > 0);
        assert.is(await streamed(secure, parts), secure.rewrite(text));
      },
    );
    await fc.assert(property, { numRuns: 500 });
  });
  test("what cannot be an address goes on at once: a poll's or an event's bytes do not wait", async () => {
    const stream = secure.stream();
    const out: string[] = [];
    stream.on("data", (part: Buffer) => out.push(part.toString("latin1")));
    for (const part of ["data: 1\n\n", 'data: {"h":', "<p>https://192.168.0."]) {
      await new Promise<void>((resolve) => stream.write(part, () => resolve()));
    }
    assert.is(out.join(""), 'data: 1\n\ndata: {"h":<p>');
    stream.destroy();
  });
});
