// The API's description as a page reads it: groups, operations, fields; and the search in it.
import * as assert from "uvu/assert";
import * as v from "valibot";
import { fitting, groupsOf, openApiSchema } from "../../../broker/portal/settings/openapi.ts";
import { group } from "../../support/group.ts";

const text = { type: "string" };
const document = v.parse(openApiSchema, {
  openapi: "3.1.0",
  info: { title: "relay", version: "1" },
  components: { schemas: { Problem: { type: "object", properties: { code: text } } } },
  paths: {
    "/api/relay": { get: { summary: "What it is called", responses: { 200: {} } } },
    "/api/sites/{site}/drafts/{name}": {
      put: {
        summary: "Keep a draft",
        security: [{ token: [] }],
        parameters: [{ name: "site", in: "path", required: true, schema: text }],
        requestBody: {
          content: {
            "application/json": {
              schema: {
                type: "object",
                required: ["content"],
                properties: {
                  content: { type: "object", description: "any JSON" },
                  replaces: { anyOf: [{ type: "integer" }, { type: "null" }] },
                  list: {
                    type: "array",
                    items: { type: "object", properties: { id: { enum: ["a", "b"] } } },
                  },
                },
              },
            },
          },
        },
        responses: {
          "4XX": { content: { "application/json": { schema: { $ref: "#/x/Problem" } } } },
        },
      },
    },
  },
});

await group("the API's description", {}, (test) => {
  test("operations stand in groups, a site's apart from the relay's", () => {
    const groups = groupsOf(document);
    assert.equal(
      groups.map(({ name, isOfSite }) => [name, isOfSite]),
      [
        ["", false],
        ["drafts", true],
      ],
    );
    assert.equal(
      groups.map(({ operations }) => operations[0]?.needsSignIn),
      [false, true],
    );
    assert.is(groups[1]?.operations[0]?.id, "put-api-sites-site-drafts-name-");
  });

  test("fields are named by their way, with kinds, needed or not", () => {
    const operation = groupsOf(document)[1]?.operations[0];
    assert.equal(
      operation?.body.map(
        ({ name, kind, isRequired }) => `${name}: ${kind}${isRequired ? "!" : ""}`,
      ),
      [
        "content: object!",
        "replaces: whole number or null",
        "list: list of object",
        'list[].id: "a" or "b"',
      ],
    );
    assert.is(operation?.body[0]?.about, "any JSON");
    assert.equal(
      operation?.answers.map(({ status, fields }) => [status, fields[0]?.name]),
      [["4XX", "code"]],
    );
    assert.is(operation?.parameters[0]?.where, "path");
  });

  test("a search finds by address and by what it does; what fits nothing leaves nothing", () => {
    const groups = groupsOf(document);
    assert.is(fitting(groups, "KEEP draft").length, 1);
    assert.is(fitting(groups, "get relay").length, 1);
    assert.is(fitting(groups, "").length, 2);
    assert.equal(fitting(groups, "valve"), []);
  });

  test("a description of another shape is refused", () => {
    assert.throws(() => v.parse(openApiSchema, { paths: [] }));
  });
});
