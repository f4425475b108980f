// What the operator has put into the folder "downloads": the command for Windows, for whoever cannot build it. Nothing of it is trusted by this relay.
import { createReadStream, type ReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import Type from "typebox";
import { SallyportError } from "../../../shared/errors.ts";
import { problems, record } from "./fields.ts";
import type { Api, ApiParts } from "./parts.ts";

const windowsZip = "sallyport-windows.zip";

export function downloadRoutes(api: Api, { downloadsFolder }: ApiParts): void {
  const path = join(downloadsFolder, windowsZip);

  api.get(
    "/downloads",
    {
      schema: {
        summary: "What this relay offers to download",
        response: {
          200: record({
            windows: Type.Union([
              record({ path: Type.String(), bytes: Type.Integer({ minimum: 0 }) }),
              Type.Null(),
            ]),
          }),
          ...problems,
        },
      },
    },
    async () => {
      const bytes = await sizeOf(path);
      return {
        windows: bytes === undefined ? null : { path: `/api/downloads/${windowsZip}`, bytes },
      };
    },
  );

  api.get(
    `/downloads/${windowsZip}`,
    {
      schema: {
        summary: "The sallyport command for Windows",
        response: {
          200: Type.Unsafe<ReadStream>({ type: "string", format: "binary" }),
          ...problems,
        },
      },
    },
    async (_request, reply) => {
      const bytes = await sizeOf(path);
      if (bytes === undefined) {
        throw new SallyportError("not_found", "this relay does not offer the Windows package");
      }
      return reply
        .headers({
          "content-type": "application/zip",
          "content-length": bytes,
          "content-disposition": `attachment; filename="${windowsZip}"`,
        })
        .send(createReadStream(path));
    },
  );
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.size : undefined;
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return undefined;
    throw thrown;
  }
}
