// HTTP Digest as the edge speaks it: the examples of RFC 7616 and RFC 2617, which of a device's challenges is taken, and what is no challenge.
import * as assert from "uvu/assert";
import { parseChallenges } from "../../../edge/targets/http/challenges.ts";
import {
  DigestCredential,
  digestChallengeOf,
  digestResponse,
  type DigestChallenge,
} from "../../../edge/targets/http/digest.ts";
import { group } from "../../support/group.ts";

const chosen = (...fields: readonly string[]) => digestChallengeOf(parseChallenges(fields));
const schemes = (...fields: readonly string[]) =>
  parseChallenges(fields).map((each) => each.scheme);

function challengeOf(...fields: readonly string[]): DigestChallenge {
  const found = chosen(...fields);
  if (found === undefined) throw new Error(`no challenge: ${fields.join("; ")}`);
  return found;
}

const rfc7616 = {
  who: { login: "Mufasa", password: "Circle of Life" },
  asked: {
    method: "GET",
    target: "/dir/index.html",
    cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    count: 1,
  },
  challenge: (algorithm: string) =>
    `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`,
} as const;
const longest = "x".repeat(1024);

await group("targets/http: digest", {}, (test) => {
  for (const [algorithm, response] of [
    ["MD5", "8ca523f5e9506fed4657c9700eebdbec"],
    ["SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"],
  ] as const) {
    test(`RFC 7616 §3.9.1: ${algorithm}`, () => {
      const challenge = challengeOf(rfc7616.challenge(algorithm));
      assert.is(digestResponse(challenge, rfc7616.who, rfc7616.asked), response);
      const other = { ...rfc7616.asked, count: 2 };
      assert.is.not(digestResponse(challenge, rfc7616.who, other), response);
    });
  }
  test("RFC 7616 §3.9.1: both offered, in any order and in one field or two, SHA-256 is taken", () => {
    const [md5, sha256] = [rfc7616.challenge("MD5"), rfc7616.challenge("SHA-256")];
    for (const fields of [
      [sha256, md5],
      [md5, sha256],
      [`${md5}, Basic realm="a, Digest b", ${sha256}`],
    ]) {
      assert.is(chosen(...fields)?.algorithmName, "SHA-256");
    }
    assert.is(chosen(md5)?.algorithmName, "MD5");
  });
  test("RFC 2617 §3.5, and the same without qop as RFC 2069's erratum has it", () => {
    const nonce = 'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"';
    const asked = { method: "GET", target: "/dir/index.html", cnonce: "0a4f113b", count: 1 };
    assert.is(
      digestResponse(
        challengeOf(`Digest realm="testrealm@host.com", qop="auth,auth-int", ${nonce}`),
        { login: "Mufasa", password: "Circle Of Life" },
        asked,
      ),
      "6629fae49393a05397450978507c4ef1",
    );
    assert.is(
      digestResponse(
        challengeOf(`Digest realm="testrealm@host.com", ${nonce}`),
        { login: "Mufasa", password: "CircleOfLife" },
        asked,
      ),
      "1949323746fe6a43ef61f9606e7febea",
    );
  });
  test("a request says all that was asked, counts further, and its own address cannot say more", () => {
    const credential = new DigestCredential(
      challengeOf(
        'Digest realm="say \\"press\\"", nonce="a\\\\b", opaque="", qop=auth, algorithm="md5"',
      ),
      { login: 'o"p', password: "secret" },
    );
    const said = credential.authorization("GET", '/x", response="0');
    assert.match(
      said,
      /^Digest username="o\\"p", realm="say \\"press\\"", nonce="a\\\\b", uri="\/x\\", response=\\"0", response="[0-9a-f]{32}", algorithm=md5, opaque="", qop=auth, nc=00000001, cnonce="[0-9a-f]{32}"$/,
    );
    assert.match(credential.authorization("GET", "/"), /nc=00000002/);
    assert.not.match(said, /secret/);
  });
  test("without qop nothing is said of counts, and a name beyond ASCII goes as the device can read it", () => {
    const who = { login: "Jäger", password: "pw" };
    const old = new DigestCredential(challengeOf('Digest realm="r", nonce="n"'), who);
    const said = old.authorization("GET", "/");
    assert.not.match(said, /qop|nc=|cnonce|algorithm|opaque/);
    assert.ok(Buffer.from(said, "latin1").toString().startsWith('Digest username="Jäger", '));
    const challenge = challengeOf('Digest realm="r", nonce="n", qop="auth", charset=UTF-8');
    const modern = new DigestCredential(challenge, who).authorization("GET", "/");
    assert.ok(modern.startsWith("Digest username*=UTF-8''J%C3%A4ger, "), modern);
    const odd = new DigestCredential(challengeOf('Digest realm="r", nonce="n"'), {
      login: "a\r\nX: y",
      password: "pw",
    });
    assert.ok(
      odd.authorization("GET", "/").startsWith("Digest username*=UTF-8''a%0D%0AX%3A%20y, "),
    );
  });
  for (const [what, field, expected] of [
    ["one that may be answered", 'Digest realm="r", nonce="n", qop="auth"', true],
    ["auth-int alone", 'Digest realm="r", nonce="n", qop="auth-int"', false],
    ["auth beside auth-int", 'Digest realm="r", nonce="n", qop="auth-int , auth"', true],
    ["an algorithm of which nobody heard", 'Digest realm="r", nonce="n", algorithm=ROT13', false],
    ["a session key", 'Digest realm="r", nonce="n", algorithm=MD5-sess, qop="auth"', true],
    ["a session key without qop", 'Digest realm="r", nonce="n", algorithm=MD5-sess', false],
    ["no nonce", 'Digest realm="r"', false],
    ["no realm", 'Digest nonce="n"', false],
    ["a nonce of 1,024 signs", `Digest realm="r", nonce="${longest}"`, true],
    ["a longer nonce", `Digest realm="r", nonce="${longest}x"`, false],
    ["a longer opaque", `Digest realm="r", nonce="n", opaque="${longest}x"`, false],
    ["quotes that do not end", 'Digest realm="r", nonce="n', false],
    ["quotes within quotes", 'Digest realm="r"x", nonce="n"', false],
    ["a name that comes twice", 'Digest realm="r", nonce="n", nonce="m"', false],
    ["a line's end in the realm", 'Digest realm="r\r\nX-Evil: 1", nonce="n"', false],
    ["a quoted line's end", 'Digest realm="r\\\n", nonce="n"', false],
    ["a line's end in the nonce", 'Digest realm="r", nonce="n\n"', false],
    ["a zero", 'Digest realm="r\0", nonce="n"', false],
    ["4,097 signs", `Digest realm="r", nonce="n"${" ".repeat(4097)}`, false],
    ["33 parameters", `Digest realm=r, nonce=n${numbered(31)}`, false],
    ["32 parameters", `Digest realm=r, nonce=n${numbered(30)}`, true],
    ["17 challenges", `${"Basic, ".repeat(16)}Digest realm=r, nonce=n`, false],
    ["16 challenges", `${"Basic, ".repeat(15)}Digest realm=r, nonce=n`, true],
  ] as const) {
    test(`a challenge with ${what} is ${expected ? "taken" : "none"}`, () => {
      assert.is(chosen(field) !== undefined, expected);
    });
  }
  test("challenges in one field or in several, with commas in quotes, tokens and empty places", () => {
    assert.equal(
      schemes('Newauth realm="apps", type=1, title="Login to \\"a, b\\"", Basic realm="x"'),
      ["newauth", "basic"],
    );
    assert.equal(schemes("Negotiate", "NTLM TlRM+/==, , Basic realm = x ,"), [
      "negotiate",
      "ntlm",
      "basic",
    ]);
    assert.equal(schemes("", ",", "Digest"), ["digest"]);
    // What cannot be read spoils its own field alone.
    assert.equal(schemes("Basic realm=My Device", "Digest realm=x"), ["digest"]);
  });
  test("a long hostile field is read in no time", () => {
    const before = process.hrtime.bigint();
    for (const unit of ['\\"', "a,", "a=", 'a="', "= ", "a ", ",", '"']) {
      chosen(`Digest realm="${unit.repeat(4096 / unit.length - 20)}`);
      chosen(`Digest ${unit.repeat(4096 / unit.length - 20)}`);
    }
    assert.ok(process.hrtime.bigint() - before < 200_000_000n);
  });
});

function numbered(count: number): string {
  return Array.from({ length: count }, (_each, at) => `, p${at}=1`).join("");
}
