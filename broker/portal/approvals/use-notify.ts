// What the relay knows of one's ways to be told, loaded for a page.
import { useMemo } from "react";
import { useSide } from "../shell/person-context.tsx";
import { useLoaded, type Loaded } from "../shell/use-loaded.ts";
import { NotifyApi, type OwnNotify } from "./notify-api.ts";

export function useNotifyApi(): NotifyApi {
  const side = useSide();
  return useMemo(() => new NotifyApi(side), [side]);
}

export function useOwnNotify(): Loaded<OwnNotify> & { readonly api: NotifyApi } {
  const api = useNotifyApi();
  return { ...useLoaded(() => api.own(), []), api };
}
