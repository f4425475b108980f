// Settings, claim and home of an edge: what is taken, and every fault told at once with its place.
import { readFile } from "node:fs/promises";
import * as assert from "uvu/assert";
import { parseClaim } from "../../../edge/claim.ts";
import {
  parseEdgeConfig,
  settingsOfEnvironment,
  settingsOfFile,
  type Setting,
} from "../../../edge/config.ts";
import { openHome } from "../../../edge/home.ts";
import { toBase64Url, utf8 } from "../../../shared/bytes.ts";
import { embed } from "../../../shared/document/fields.ts";
import { group } from "../../support/group.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { paperAt, publicOf, PaperSite, refused, seedOf, signed } from "../document/paper-site.ts";

const argument = (key: string, value: string): Setting => ({ key, value, where: `--${key}` });

async function claimOf(
  site: PaperSite,
  change: object = {},
  subject: object = { kind: "edge", name: "Hall 3" },
) {
  const invitation = await signed(
    "invitation",
    {
      site: site.id,
      invitation: toBase64Url(new Uint8Array(16)),
      publicKey: await publicOf("one-time"),
      subject,
      issuedAt: paperAt,
      untilAt: paperAt + 3600,
    },
    "anna",
  );
  return {
    site: site.id,
    relays: [
      {
        name: "relay.example.org",
        url: "https://relay.example.org",
        attestationKey: await publicOf("relay"),
        authority: null,
      },
    ],
    invitation: embed(invitation),
    privateKey: toBase64Url(seedOf("one-time")),
    ...change,
  };
}

await group("edge config", {}, (test) => {
  test("nothing given is a box as it is flashed", () => {
    assert.equal(parseEdgeConfig([]), {
      state: "/var/lib/sallyport-edge",
      claim: undefined,
      proxy: undefined,
      authority: undefined,
      clock: "auto",
      idleLimitMs: 3_600_000,
      recordingQuotaBytes: 2_048_000_000,
    });
  });

  test("arguments win over the environment, the environment over the file", () => {
    const file = settingsOfFile(
      "edge.conf",
      "# a box\nstate = /a\nclock = proven\n\nidle-minutes=5\n",
    );
    const environment = settingsOfEnvironment({
      SALLYPORT_EDGE_STATE: "/b",
      SALLYPORT_EDGE_CLOCK: "unproven",
      SALLYPORT_EDGE_CONFIG: "edge.conf",
      SALLYPORT_EDGE_PROXY: "",
      PATH: "/bin",
    });
    const config = parseEdgeConfig([...file, ...environment, argument("state", "/c")]);
    assert.equal(
      [config.state, config.clock, config.idleLimitMs, config.proxy],
      ["/c", "unproven", 300_000, undefined],
    );
  });

  test("all faults come together, each with its place, and a proxy's password in none", async () => {
    const settings = [
      ...settingsOfFile("edge.conf", "state = /a\nspeed = 9\nclock = maybe\nnonsense\n"),
      ...settingsOfEnvironment({ SALLYPORT_EDGE_PROXY: "ftp://user:hunter2@proxy" }),
      argument("idle-minutes", "0"),
    ];
    let message = "";
    try {
      parseEdgeConfig(settings);
    } catch (thrown) {
      message = (thrown as Error).message;
    }
    assert.is(message.split("\n").length, 5, message);
    assert.match(message, /edge\.conf line 2: unknown key "speed"/);
    assert.match(message, /edge\.conf line 4: unknown key "nonsense"/);
    assert.match(message, /edge\.conf line 3: clock: "maybe" is not auto, proven or unproven/);
    assert.match(message, /SALLYPORT_EDGE_PROXY: proxy: its value is not/);
    assert.match(message, /--idle-minutes: idle-minutes: "0" is not 1 to 1440 minutes/);
    assert.not.match(message, /hunter2/);
  });

  test("a claim is read whole, and refused with path and field, its key never quoted", async () => {
    const site = await PaperSite.make();
    const read = (claim: object) => parseClaim("hall.claim", utf8(`${JSON.stringify(claim)}\n`));
    const claim = read(await claimOf(site));
    assert.is(claim.site, site.id);
    assert.is(claim.relays[0]?.url, "https://relay.example.org");
    const bad: readonly [object, RegExp][] = [
      [await claimOf(site, { relays: [] }), /claim file "hall\.claim".*relays/],
      [await claimOf(site, { extra: 1 }), /extra/],
      [await claimOf(site, { site: await publicOf("x") }), /of another site/],
      [await claimOf(site, { privateKey: "short" }), /privateKey/],
      [
        await claimOf(site, {}, { kind: "person", id: "zoe", name: "Zoe", roles: ["vendor"] }),
        /invitation is for a person/,
      ],
    ];
    for (const [value, expected] of bad) {
      await refused(() => read(value), "file_invalid", expected);
      await refused(() => read(value), "file_invalid", /^(?!.*AAAAAAAAAAAAAAA).*$/s);
    }
  });

  test("a home is taken from the first claim, kept without its key, and never exchanged", async () => {
    using folder = temporaryFolder();
    const site = await PaperSite.make();
    const path = folder.file("home.json");
    const claim = parseClaim("c", utf8(JSON.stringify(await claimOf(site))));
    await refused(() => openHome(path, undefined), "config_invalid", /belongs to no site yet/);
    assert.is((await openHome(path, claim)).site, site.id);
    assert.is((await openHome(path, undefined)).site, site.id);
    assert.not.match(await readFile(path, "utf8"), new RegExp(claim.privateKey));
    const other = { ...claim, site: (await publicOf("other")) as typeof claim.site };
    await refused(() => openHome(path, other), "conflict", /belongs to site/);
  });
});
