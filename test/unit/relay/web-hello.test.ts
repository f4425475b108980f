// The name in a TLS hello: real clients' hellos at every cut, split into records, without a name; and garbage.
import fc from "fast-check";
import * as assert from "uvu/assert";
import { maxHelloBytes, readHelloName } from "../../../broker/relay/client-hello.ts";
import { group } from "../../support/group.ts";
import { dialNode, dialOpenssl, helloOf, inRecords, panelHost as name } from "./hellos.ts";

const hello = await helloOf(dialNode(name));

await group("name in a TLS hello", { timeoutMs: 20_000 }, (test) => {
  test("real clients' names are read, whatever they speak", async () => {
    const rows: readonly [string, Buffer, string | undefined][] = [
      ["Node", hello, name],
      ["Node in upper case", await helloOf(dialNode(name.toUpperCase())), name],
      ["Node, TLS 1.2", await helloOf(dialNode(name, { maxVersion: "TLSv1.2" })), name],
      ["Node by address", await helloOf(dialNode("")), undefined],
      ["openssl", await helloOf(dialOpenssl("-servername", name)), name],
      ["openssl without a name", await helloOf(dialOpenssl("-noservername")), undefined],
      [
        "openssl with many protocols",
        await helloOf(dialOpenssl("-servername", name, "-alpn", "h2,http/1.1")),
        name,
      ],
    ];
    for (const [note, bytes, expected] of rows) {
      assert.equal(readHelloName(bytes), { isWhole: true, name: expected }, note);
    }
  });

  test("every cut of a hello is not whole, and nothing after it changes it", () => {
    for (let end = 0; end < hello.length; end += 1) {
      assert.equal(readHelloName(hello.subarray(0, end)), { isWhole: false }, `cut at ${end}`);
    }
    const more = Buffer.concat([hello, Buffer.from("more")]);
    assert.equal(readHelloName(more), { isWhole: true, name });
  });

  test("a hello in several records is read at every size that clients may choose, and not in endless ones", () => {
    for (const size of [32, 50, 100, 511, hello.length]) {
      const split = inRecords(hello, size);
      assert.equal(readHelloName(split), { isWhole: true, name }, `records of ${size}`);
      assert.equal(readHelloName(split.subarray(0, -1)), { isWhole: false });
    }
    assert.equal(readHelloName(inRecords(hello, 1)), { isWhole: true, name: undefined });
  });

  test("what is no hello, or lies about its lengths, has no name", () => {
    const header = (type: number, length: number): Buffer =>
      Buffer.from([22, 3, 1, length >> 8, length & 0xff, type, 0, 0, 0]);
    const rows: readonly [string, Buffer][] = [
      ["plain HTTP", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
      ["an SSH banner", Buffer.from("SSH-2.0-x\r\n")],
      ["an alert", Buffer.from([21, 3, 1, 0, 2, 2, 40])],
      ["another handshake message", header(2, 100)],
      ["an empty record", Buffer.from([22, 3, 1, 0, 0])],
      ["a record longer than any", Buffer.from([22, 3, 1, 0xff, 0xff])],
      ["a message longer than any", Buffer.from([22, 3, 1, 0, 9, 1, 0xff, 0xff, 0xff])],
      ["an empty message", Buffer.from([22, 3, 1, 0, 4, 1, 0, 0, 0])],
    ];
    for (const [note, bytes] of rows) {
      assert.equal(readHelloName(bytes), { isWhole: true, name: undefined }, note);
    }
    const endless = Buffer.alloc(maxHelloBytes, 1);
    Buffer.from([22, 3, 1, 0x3f, 0xff, 1, 0, 0x3f, 0xf0]).copy(endless);
    assert.equal(readHelloName(endless), { isWhole: true, name: undefined });
  });

  test("no byte that is changed, and no garbage, makes it throw or read on for ever", () => {
    for (let at = 0; at < hello.length; at += 1) {
      for (const value of [0, 1, 0x7f, 0x80, 0xff]) {
        const changed = Buffer.from(hello);
        changed[at] = value;
        const read = readHelloName(changed);
        assert.type(read.isWhole, "boolean");
      }
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const record = Buffer.from([22, 3, 1, bytes.length >> 8, bytes.length & 0xff, ...bytes]);
        readHelloName(bytes);
        readHelloName(record);
      }),
    );
  });
});
