import { readFile } from "node:fs/promises";
import * as assert from "uvu/assert";
import { createEdgeSignIn, nonceLifeMs } from "../../../broker/relay/edge-sign-in.ts";
import { utf8 } from "../../../shared/bytes.ts";
import type { DownName, UpName } from "../../../shared/control.ts";
import {
  decodeDown,
  decodeUp,
  downNameOf,
  downTopic,
  edgeSignInMessage,
  encodeControl,
  encodeEdgeCredential,
  maxControlBytes,
  parseEdgeCredential,
  upNameOf,
  upTopic,
} from "../../../shared/control.ts";
import { signEnvelope } from "../../../shared/document/envelope.ts";
import { encodeFrame, opcodes } from "../../../shared/frame.ts";
import { pairedWord, readyWord } from "../../../shared/upgrade.ts";
import { group } from "../../support/group.ts";
import { TurnedClock } from "../../support/turned-clock.ts";
import type { EdgeKey } from "./fixture.ts";
import { makeEdgeKey, verifyEd25519 } from "./fixture.ts";

const nonce = "AAAAAAAAAAAAAAAAAAAAAA";
const envelope = await signEnvelope("receipt", { hello: "plant" }, []);

const taken: { note: string; direction: "up" | "down"; name: UpName | DownName; text: string }[] = [
  {
    note: "online",
    direction: "up",
    name: "presence",
    text: `{"online":true,"session":"${nonce}","version":"0.1.0","bootId":"b1","timeProven":false}`,
  },
  {
    note: "offline (the will)",
    direction: "up",
    name: "presence",
    text: `{"online":false,"session":"${nonce}"}`,
  },
  {
    note: "two headers",
    direction: "up",
    name: "journal",
    text: `{"from":7,"headers":["{}","{}"]}`,
  },
  { note: "nothing read yet", direction: "up", name: "need", text: `{"log":null,"after":0}` },
  {
    note: "dial by label",
    direction: "down",
    name: "dial",
    text: `{"label":"relay-one","nonces":["${nonce}"]}`,
  },
  {
    note: "stop of a target",
    direction: "down",
    name: "stop",
    text: `{"stop":"${nonce}","scope":"target","id":"press-4","by":"anna"}`,
  },
  { note: "ack", direction: "down", name: "ack", text: `{"journal":0}` },
  { note: "leaving", direction: "down", name: "leaving", text: `{"graceMs":5000}` },
];

const refused: typeof taken = [
  { note: "will without session", direction: "up", name: "presence", text: `{"online":false}` },
  {
    note: "unknown key",
    direction: "up",
    name: "presence",
    text: `{"online":false,"session":"${nonce}","x":1}`,
  },
  { note: "no header", direction: "up", name: "journal", text: `{"from":7,"headers":[]}` },
  {
    note: "65 headers",
    direction: "up",
    name: "journal",
    text: JSON.stringify({ from: 0, headers: Array.from({ length: 65 }, () => "{}") }),
  },
  {
    note: "a header of 2049 bytes",
    direction: "up",
    name: "journal",
    text: JSON.stringify({ from: 0, headers: ["x".repeat(2049)] }),
  },
  { note: "negative", direction: "up", name: "need", text: `{"log":null,"after":-1}` },
  {
    note: "a host name for a label",
    direction: "down",
    name: "dial",
    text: `{"label":"evil.example","nonces":["${nonce}"]}`,
  },
  {
    note: "an address for a label",
    direction: "down",
    name: "dial",
    text: `{"label":"10.0.0.1:443","nonces":["${nonce}"]}`,
  },
  {
    note: "a path for a label",
    direction: "down",
    name: "dial",
    text: `{"label":"a/../b","nonces":["${nonce}"]}`,
  },
  {
    note: "a line break in a nonce",
    direction: "down",
    name: "dial",
    text: `{"label":"one","nonces":["AAAAAAAAAAAAAAAAAAAA\\r\\nX"]}`,
  },
  {
    note: "nine tunnels",
    direction: "down",
    name: "dial",
    text: JSON.stringify({ label: "one", nonces: Array.from({ length: 9 }, () => nonce) }),
  },
  {
    note: "another scope",
    direction: "down",
    name: "stop",
    text: `{"stop":"${nonce}","scope":"site","id":null,"by":null}`,
  },
  {
    note: "an envelope that is none",
    direction: "down",
    name: "document",
    text: `{"log":"${nonce}","seq":1,"envelope":{}}`,
  },
  { note: "not strict JSON", direction: "down", name: "ack", text: `{"journal": 0}` },
  { note: "duplicate key", direction: "down", name: "ack", text: `{"journal":0,"journal":1}` },
];

function decode(direction: "up" | "down", name: UpName | DownName, text: string): unknown {
  return direction === "up"
    ? decodeUp(name as UpName, utf8(text)).message
    : decodeDown(name as DownName, utf8(text)).message;
}

function signInOf(relay: string, clock: TurnedClock): ReturnType<typeof createEdgeSignIn> {
  return createEdgeSignIn({ relay, clock, verify: verifyEd25519 });
}

async function credentialOf(
  key: EdgeKey,
  relay: string,
  purpose: "control" | "tunnel",
  asked: string,
): Promise<string> {
  const signature = await key.sign(edgeSignInMessage(relay, purpose, asked));
  return encodeEdgeCredential({ publicKey: key.publicKey, nonce: asked, signature });
}

await group("control", {}, (test) => {
  test("the worked examples of shared/protocol.md are what the code makes", async () => {
    const page = await readFile(new URL("../../../shared/protocol.md", import.meta.url), "utf8");
    const hex = page.replaceAll(/\s+/g, "");
    const examples = [
      edgeSignInMessage("relay-one", "tunnel", nonce),
      encodeFrame(opcodes.binary, utf8(pairedWord), "server"),
      encodeFrame(opcodes.binary, utf8(readyWord), "client"),
    ];
    for (const bytes of examples) assert.ok(hex.includes(Buffer.from(bytes).toString("hex")));
  });

  for (const { note, direction, name, text } of taken) {
    test(`${direction}/${name} is taken and comes back the same: ${note}`, () => {
      const message = decode(direction, name, text);
      assert.is(JSON.stringify(message), text);
    });
  }
  for (const { note, direction, name, text } of refused) {
    test(`${direction}/${name} is refused: ${note}`, () =>
      assert.throws(() => decode(direction, name, text)));
  }

  test("a document travels inside a message byte for byte", () => {
    const bytes = encodeControl({ log: nonce, seq: 3, envelope });
    assert.equal(decodeDown("document", bytes).message, { log: nonce, seq: 3, envelope });
  });

  test("a message beyond the bound is refused before it is parsed", () => {
    assert.throws(() => decodeUp("need", new Uint8Array(maxControlBytes + 1)), "exceeds");
  });

  test("a topic names one edge: no other's, no wildcard, no other direction", async () => {
    const { id } = await makeEdgeKey();
    const { id: other } = await makeEdgeKey();
    assert.is(upNameOf(id, upTopic(id, "journal")), "journal");
    assert.is(downNameOf(id, downTopic(id, "dial")), "dial");
    for (const topic of [
      upTopic(other, "journal"),
      downTopic(id, "dial"),
      `edge/${id}/up/other`,
      `edge/${id}/up/#`,
      `edge/${id}/up/toString`,
    ]) {
      assert.is(upNameOf(id, topic), undefined, topic);
    }
    assert.is(downNameOf(id, downTopic(other, "dial")), undefined);
  });

  test("an edge signs in with its own nonce, once", async () => {
    const clock = new TurnedClock();
    const signIn = signInOf("one", clock);
    const key = await makeEdgeKey();
    const credential = await credentialOf(key, "one", "control", signIn.issue(key.id));
    assert.is(await signIn.check(credential, "control"), key.id);
    assert.is(await signIn.check(credential, "control"), undefined, "a replay");
  });

  const faults: {
    note: string;
    make: (key: EdgeKey, other: EdgeKey, issue: (edge: EdgeKey) => string) => Promise<string>;
  }[] = [
    {
      note: "for another purpose",
      make: (key, _other, issue) => credentialOf(key, "one", "tunnel", issue(key)),
    },
    {
      note: "for another relay",
      make: (key, _other, issue) => credentialOf(key, "two", "control", issue(key)),
    },
    {
      note: "with another edge's nonce",
      make: (key, other, issue) => credentialOf(key, "one", "control", issue(other)),
    },
    {
      note: "with a nonce of its own making",
      make: (key) => credentialOf(key, "one", "control", nonce.repeat(3).slice(0, 48)),
    },
    {
      note: "with a foreign signature",
      make: async (key, other, issue) =>
        await credentialOf({ ...key, sign: other.sign }, "one", "control", issue(key)),
    },
    {
      note: "of four fields",
      make: async (key, _other, issue) =>
        `${await credentialOf(key, "one", "control", issue(key))}.x`,
    },
    { note: "that is empty", make: async () => "" },
  ];
  for (const { note, make } of faults) {
    test(`a credential ${note} is refused`, async () => {
      const signIn = signInOf("one", new TurnedClock());
      const [key, other] = [await makeEdgeKey(), await makeEdgeKey()];
      const credential = await make(key, other, ({ id }) => signIn.issue(id));
      assert.is(await signIn.check(credential, "control"), undefined);
    });
  }

  test("a nonce is good for a minute, and not longer", async () => {
    const clock = new TurnedClock();
    const signIn = signInOf("one", clock);
    const key = await makeEdgeKey();
    const inTime = await credentialOf(key, "one", "control", signIn.issue(key.id));
    const late = await credentialOf(key, "one", "control", signIn.issue(key.id));
    clock.advanceMs(nonceLifeMs);
    assert.is(await signIn.check(inTime, "control"), key.id);
    clock.advanceMs(1);
    assert.is(await signIn.check(late, "control"), undefined);
  });

  test("a nonce of a relay's former life is refused after its restart", async () => {
    const clock = new TurnedClock();
    const key = await makeEdgeKey();
    const credential = await credentialOf(
      key,
      "one",
      "control",
      signInOf("one", clock).issue(key.id),
    );
    assert.is(await signInOf("one", clock).check(credential, "control"), undefined);
  });

  test("every changed character of a credential is refused", async () => {
    const signIn = signInOf("one", new TurnedClock());
    const key = await makeEdgeKey();
    const credential = await credentialOf(key, "one", "control", signIn.issue(key.id));
    for (let at = 0; at < credential.length; at += 1) {
      const changed =
        credential.slice(0, at) + (credential[at] === "A" ? "B" : "A") + credential.slice(at + 1);
      assert.is(await signIn.check(changed, "control"), undefined, `character ${at}`);
    }
    assert.equal(parseEdgeCredential(credential).publicKey, key.publicKey);
    assert.is(await signIn.check(credential, "control"), key.id);
  });
});
