// Login forms as they stand in pages, read as a browser would send them; and a panel that takes its token once.
import { text } from "node:stream/consumers";
import * as assert from "uvu/assert";
import { hiddenFieldsBeside, holdsField } from "../../../edge/targets/http/login-form.ts";
import { group } from "../../support/group.ts";
import { panelDevice, startDevice, startPanel } from "./panel-under-test.ts";

const pages: readonly [note: string, html: string, hidden: readonly (readonly string[])[]][] = [
  [
    "one hidden field",
    `<form><input type="hidden" name="t" value="1"><input name="pass"></form>`,
    [["t", "1"]],
  ],
  [
    "behind the password",
    `<form><input name=pass><input type=hidden name=t value=1></form>`,
    [["t", "1"]],
  ],
  [
    "quotes, entities and capitals",
    `<FORM><INPUT VALUE='a&amp;b&#39;&#x21;&quot;' NAME='t' TYPE='Hidden'><input name='pass'></FORM>`,
    [["t", `a&b'!"`]],
  ],
  ["without a value", `<form><input type=hidden name=t><input name=pass></form>`, [["t", ""]]],
  [
    "of the same form alone",
    `<form><input type=hidden name=a value=1></form><form><input type=hidden name=b value=2><input name=pass></form><form><input type=hidden name=c value=3></form>`,
    [["b", "2"]],
  ],
  ["without a form around it", `<input type=hidden name=t value=1><input name=pass>`, [["t", "1"]]],
  [
    "no field of that name",
    `<form><input type=hidden name=t value=1><input name=passphrase></form>`,
    [],
  ],
  [
    "a visible field is not sent for anybody",
    `<form><input name=t value=1><input name=pass></form>`,
    [],
  ],
];

await group("targets/http: login form", { timeoutMs: 30_000 }, (test) => {
  for (const [note, html, hidden] of pages) {
    test(`hidden fields: ${note}`, () => {
      assert.equal(hiddenFieldsBeside(html, "pass"), hidden);
      assert.is(holdsField(html, "pass"), note !== "no field of that name");
    });
  }

  test("hidden fields without end are bounded, and a page of nothing but beginnings is read in time", () => {
    const many = "<input type=hidden name=x value=1>".repeat(5_000);
    assert.is(hiddenFieldsBeside(`<form>${many}<input name=pass></form>`, "pass").length, 32);
    // What looks through the rest for each beginning would take longer than this test may.
    for (const beginning of ["<form ", "<input ", "<input name ", "<input type=hidden "]) {
      const html = `${beginning.repeat(300_000)}<input name=pass>`;
      assert.equal(hiddenFieldsBeside(html, "pass"), []);
    }
  });

  test("a token that the page gives for one login is sent with it, the owner's fields over the page's", async () => {
    const tokens = new Set<string>();
    let sent = new URLSearchParams();
    await using device = await startDevice((request, response) => {
      const isIn = /\bsid=in\b/.test(request.headers.cookie ?? "");
      if (request.method === "POST") {
        void text(request).then((body) => {
          sent = new URLSearchParams(body);
          if (!tokens.delete(sent.get("token") ?? "")) return void response.writeHead(403).end();
          response.writeHead(302, { location: "/", "set-cookie": "sid=in; Path=/" }).end();
        });
      } else if (isIn) response.writeHead(200, { "content-type": "text/html" }).end("in");
      else if (request.url === "/") response.writeHead(302, { location: "/login" }).end();
      else {
        const token = `t-${tokens.size}&1`;
        tokens.add(token);
        const html = `<form method=post><input type=hidden name=token value="${token.replace("&", "&amp;")}"><input type=hidden name=lang value=de><input name=user><input type=password name=pass></form>`;
        response.writeHead(200, { "content-type": "text/html" }).end(html);
      }
    });
    const signIn = {
      how: "form",
      path: "/login",
      login: "operator",
      loginField: "user",
      passwordField: "pass",
      fields: [{ name: "lang", value: "en" }],
    } as const;
    const under = panelDevice(device, { signIn });
    await using panel = await startPanel(under, { password: "Presse-7" });
    assert.is((await panel.ask("/")).text, "in");
    assert.equal(
      [...sent],
      [
        ["token", "t-0&1"],
        ["lang", "en"],
        ["user", "operator"],
        ["pass", "Presse-7"],
      ],
    );
  });
});
