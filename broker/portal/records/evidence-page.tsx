// Not there yet.
export default function EvidencePage() {
  return null;
}
