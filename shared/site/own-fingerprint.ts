// How somebody at a machine makes it tell its own key or certificate, spelt as the edge shows what it saw. Windows' own dialogs show SHA-1, with
// which nothing here can be compared.
import type { TargetKindName } from "../document/rights.ts";

/** By kind, a line for the machine's own shell (of `rdp` PowerShell); a kind without one shows nothing of itself. */
export const ownFingerprintLines: Readonly<Partial<Record<TargetKindName, string>>> = {
  ssh: "ssh-keyscan localhost | ssh-keygen -lf -",
  // A certificate of the plant's own authority lies in `My`, one that Windows made in `Remote Desktop`.
  rdp: "gci 'Cert:\\LocalMachine\\Remote Desktop', Cert:\\LocalMachine\\My | % { [BitConverter]::ToString([Security.Cryptography.SHA256]::Create().ComputeHash($_.RawData)).Replace('-', ':') }",
  vnc: "openssl x509 -noout -fingerprint -sha256 -in CERTIFICATE-FILE",
  http: "openssl s_client -connect localhost:443 </dev/null | openssl x509 -noout -fingerprint -sha256",
};
