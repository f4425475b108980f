// A table of machines as people paste it: what is read, and every fault by its line.
import * as assert from "uvu/assert";
import { parseTargetTable } from "../../../broker/portal/site/target-table.ts";
import type { Manifest } from "../../../shared/document/manifest.ts";
import { keyboards } from "../../../shared/document/keyboard.ts";
import { group } from "../../support/group.ts";
import { edgeEntry, paperPolicy } from "../document/paper-site.ts";

const one = { edges: [await edgeEntry("Hall 3")], policies: [paperPolicy] };
const two: Pick<Manifest, "edges" | "policies"> = {
  edges: [await edgeEntry("Hall 3"), await edgeEntry("Hall 4")],
  policies: [paperPolicy, { ...paperPolicy, id: "strict" as never }],
};

const head = "id,name,kind,address,ports,login,password";
const faultRows: readonly [note: string, text: string, faults: readonly string[]][] = [
  ["nothing", "", ["1: the table is empty"]],
  ["a head alone", head, ["1: the table is empty"]],
  [
    "a head without what is needed",
    "name,addres\nx,y",
    [
      '1: there is no column "id"',
      '1: there is no column "kind"',
      '1: there is no column "address"',
      '1: the column "addres" is unknown',
    ],
  ],
  ["a column twice", `${head},id\nx`, ['1: the column "id" stands twice']],
  ["too few cells", `${head}\na,b`, ["2: 2 cells, expected 7"]],
  [
    "an open quotation mark",
    `${head}\n"a,b`,
    ["2: a quotation mark is not closed", "1: the table is empty"],
  ],
  [
    "what is needed left out",
    `${head}\n,,,,,,`.replace(",,,,,,", ",x,,,,,"),
    ["2: id is empty", "2: kind is empty", "2: address is empty", '2: "" is not a port'],
  ],
  [
    "an id that is none",
    `${head}\nPress 4,,tcp,h,1,,`,
    ['2: "Press 4" is not a short name of a-z, 0-9 and -'],
  ],
  ["an id twice", `${head}\na,,tcp,h,1,,\na,,tcp,h,1,,`, ['3: "a" stands twice']],
  [
    "a kind that is none",
    `${head}\na,,holo,h,1,,`,
    ['2: "holo" is none of ssh, tcp, vnc, rdp, http'],
  ],
  ["rdp without login", `${head}\na,,rdp,h,,,`, ["2: rdp needs a login"]],
  ["two ports where there is one", `${head}\na,,vnc,h,"1 2",,`, ['2: "1 2" is not a port']],
  [
    "a password that a panel without sign-in cannot use",
    `${head}\na,,http,h,,,secret`,
    ["2: http without sign_in has no password"],
  ],
  [
    "columns of another kind",
    "id,kind,address,domain,sign_in\na,vnc,h,PLANT,basic",
    ["2: vnc has no domain", "2: vnc has no sign_in"],
  ],
  [
    "values that are none",
    "id,kind,address,login,certificate,security,keyboard\na,rdp,h,op,AA:BB,any,dvorak",
    [
      '2: "any" is neither nla nor tls',
      `2: "dvorak" is none of ${keyboards.join(", ")}`,
      '2: "AA:BB" is no SHA-256 fingerprint',
    ],
  ],
  [
    "a panel's values that are none",
    "id,kind,address,secure,start,sign_in\na,http,h,maybe,hmi,form\nb,http,h,,,header:",
    [
      '2: "maybe" is neither yes nor no',
      '2: "form" is none of none, basic, digest, header:NAME',
      '2: "hmi" is not a path like /',
      '3: "header:" is none of none, basic, digest, header:NAME',
    ],
  ],
  ["basic without login", "id,kind,address,sign_in\na,http,h,basic", ["2: http needs a login"]],
  ["an address that is none", `${head}\na,,tcp,http://h,1,,`, ['2: "http://h" is not an address']],
  ["a port beyond", `${head}\na,,tcp,h,65536,,`, ['2: "65536" is not a port']],
  ["ssh without login", `${head}\na,,ssh,h,22,,`, ["2: ssh needs a login"]],
  ["tcp with a password", `${head}\na,,tcp,h,1,,secret`, ["2: tcp has no login, so no password"]],
  [
    "a box that is none",
    "id,kind,address,ports,box\na,tcp,h,1,Hall 9",
    ['2: there is no box "Hall 9"'],
  ],
  [
    "rules that are none",
    "id,kind,address,ports,rules\na,tcp,h,1,lax",
    ['2: there are no rules "lax"'],
  ],
  [
    "a right that is none",
    "id,kind,address,ports,rights\na,tcp,h,1,terminal",
    ['2: "terminal" is not possible with tcp'],
  ],
  [
    "a screen that nobody may see, and one that may be seen",
    "id,kind,address,ports,rights\na,vnc,h,1,clipboard-out\nb,vnc,h,1,view clipboard-out",
    ['2: "clipboard-out" opens no screen without control or view'],
  ],
];

await group("a table of machines", {}, (test) => {
  for (const [note, text, faults] of faultRows) {
    test(`fault: ${note}`, () => {
      const table = parseTargetTable(text, one);
      assert.equal(
        table.faults.map((fault) => `${fault.line}: ${fault.text}`),
        faults,
      );
    });
  }
  test("the same machines in any separator, line end and quotation", () => {
    const plain = `${head}\npanel,Panel,ssh,10.0.0.1,22,root,pw\nplc,,tcp,10.0.0.2,502 102,,\n`;
    const expected = parseTargetTable(plain, one);
    assert.equal(expected.faults, []);
    assert.is(expected.rows.length, 2);
    for (const text of [
      plain.replaceAll(",", ";"),
      plain.replaceAll(",", "\t"),
      plain.replaceAll("\n", "\r\n"),
      `\uFEFF${plain}`,
      plain.replace("Panel", '"Panel"').replace("502 102", '"502, 102"'),
      plain.replace("id,name", "ID , Name"),
    ])
      assert.equal(parseTargetTable(text, one), expected, JSON.stringify(text));
  });
  test("what a spreadsheet quotes comes back as it was typed", () => {
    const { rows, faults } = parseTargetTable(
      `${head}\na,"A; ""b""\nc",ssh,h,22,root,"p,w"""\n\nb,,ssh,h,,root,`,
      one,
    );
    assert.equal(faults, []);
    assert.is(rows[0]?.target.name, 'A; "b"\nc');
    assert.equal(rows[0]?.secret, { kind: "password", password: 'p,w"' });
    assert.is(rows[1]?.line, 5);
    assert.is(rows[1]?.device.kind === "ssh" && rows[1].device.port, 22);
  });
  test("screens, desktops and web panels, with their usual ports and rights", () => {
    const pin = Array.from({ length: 32 }, () => "AB").join(":");
    const { rows, faults } = parseTargetTable(
      `id;kind;address;login;password;domain;security;keyboard;certificate;secure;start;sign_in;rights
a;vnc;h;;pw;;;;;;;;
b;rdp;h;op;pw;PLANT;tls;Ch-DE;${pin.toLowerCase()};;;;view files
c;http;h;op;pw;;;;;yes;/hmi;basic;
d;HTTP;h;;token;;;;;;;header:X-Key;connect browser
e;http;h;op;pw;;;;;;;digest;`,
      one,
    );
    assert.equal(faults, []);
    assert.equal(
      rows.map(({ device }) => device),
      [
        { kind: "vnc", host: "h", port: 5900, login: null, certificate: null },
        {
          kind: "rdp",
          host: "h",
          port: 3389,
          login: "op",
          domain: "PLANT",
          certificate: pin,
          security: "tls",
          keyboard: "ch-de",
        },
        {
          kind: "http",
          host: "h",
          port: 443,
          secure: true,
          certificate: null,
          signIn: { how: "basic", login: "op" },
          start: "/hmi",
          paths: [],
        },
        {
          kind: "http",
          host: "h",
          port: 80,
          secure: false,
          certificate: null,
          signIn: { how: "header", name: "X-Key" },
          start: "/",
          paths: [],
        },
        {
          kind: "http",
          host: "h",
          port: 80,
          secure: false,
          certificate: null,
          signIn: { how: "digest", login: "op" },
          start: "/",
          paths: [],
        },
      ],
    );
    assert.equal(
      rows.map(({ target }) => target.rights),
      [
        ["control", "view", "resize"],
        ["view", "files"],
        ["connect"],
        ["connect", "browser"],
        ["connect"],
      ],
    );
    assert.ok(rows.every(({ secret }) => secret?.kind === "password"));
  });
  test("a box is named where there are several, and found by its name", () => {
    const without = parseTargetTable("id,kind,address,ports\na,tcp,h,1", two);
    assert.equal(without.faults[0]?.text, "the site has several boxes: name one in the column box");
    const named = parseTargetTable("id,kind,address,ports,box,rules\na,tcp,h,1,Hall 4,strict", two);
    assert.equal(named.faults, []);
    assert.is(named.rows[0]?.target.edge, two.edges[1]?.id);
    assert.is(named.rows[0]?.target.policy, "strict");
  });
});
